"""Rotations, rigid transforms, pinhole cameras, forward kinematics and 2D overlap: arrays in, arrays out.

All functions are pure, batched over leading axes and take NumPy arrays in the conventions of docs/conventions.md.
Read ``rotation.py`` first, then ``kinematics.py``.
"""
