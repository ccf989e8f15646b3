"""Faces: body landmarks of a person -> region of the face -> 478 landmarks -> blend shapes, head rotation and gaze.

Start reading at ``face_model.py``.
"""
