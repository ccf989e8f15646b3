"""Rotations, rigid transforms, cameras and kinematics on arrays. Pure functions of NumPy arrays."""
