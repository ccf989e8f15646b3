"""From 2D tracks to 3D motion in the world.

``reconstruct.reconstruct`` runs the stages in order:
lift (2D track -> joint rotations), solve (rotations and root path for the whole clip), ground (floor and world),
contacts (feet).
"""
