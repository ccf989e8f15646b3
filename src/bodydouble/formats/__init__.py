"""Readers and writers of files: one module per format, paths in, data types out, and the reverse.

- ``media``: video or images -> ``Clip`` and upright RGB frames at an exact rate; RGB frames -> MP4 video.
- ``performance``: ``Performance`` <-> performance.npz.
- ``gltf``: ``Character`` and node rotations -> GLB. ``bvh``: ``Motion`` <-> BVH.
- ``vrma``: ``Motion`` -> VRM animation. ``usd``: characters -> UsdSkel. ``vmd``: ``Motion`` -> MikuMikuDance.
- ``motion_json``: ``Motion`` -> JSON.
- ``trc``, ``c3d``: joint positions as markers. ``motion_table``: joint angles -> .mot and .csv.
- ``keypoint_files``: ``Performance`` -> ``KeypointRows`` <-> 2D keypoints of COCO, AlphaPose, MMPose (read only) and
  OpenPose.
- ``face_embeddings``: face embeddings -> embeddings.npz. ``pickled_arrays``: .npz files with pickles -> plain objects.

A format's axes and units are converted here and nowhere else (docs/conventions.md). Read ``performance.py`` first.
"""
