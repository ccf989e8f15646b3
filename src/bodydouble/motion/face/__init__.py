"""Faces over a clip: the ``FaceObservation``s of a person -> one calibrated and smoothed ``Face``.

Start reading at ``face_track.py``.
"""
