"""Appearance descriptors for re-identification: a frame and a person's landmarks in, vectors out.

``clothing_colors``: ``RgbImage`` and keypoints (33, 3) -> (8, 3) CIELAB colours of body parts. ``faces``: ``RgbImage``
and ``Observation``s -> the same ``Observation``s with (1024,) face embeddings. Read ``clothing_colors.py`` first.
"""
