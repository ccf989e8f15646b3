"""Pose estimation: frames in, the 2D and 3D landmarks of all visible people out.

In: one ``RgbImage`` (H, W, 3) at a time. Out: one ``Observation`` per person and frame.

A ``PeopleDetector`` (``movenet`` or ``onnx_detectors``) detects people, a ``LandmarkModel`` (``blazepose``) locates
their landmarks. ``tracked_person`` predicts the region of a person in the next frame, ``frame_history`` tracks
backward through the last frames, ``duplicate_suppression`` merges detections of one person, and ``occlusion`` inpaints
occluders. Read ``observe.py`` first: it calls all others.
"""
