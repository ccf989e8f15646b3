"""Camera path: ``Background`` corners and intrinsics -> ``CameraPath`` (F rotations and positions, up to scale).

Read ``path.py`` first. ``rotation_only.py`` estimates a camera that only rotates (RANSAC). A camera that travels is
estimated by ``structure_from_motion.py``, with ``two_view.py`` (relative pose) and ``bundle_adjustment.py``.
"""
