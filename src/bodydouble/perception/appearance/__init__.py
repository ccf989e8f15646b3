"""Appearance of people: descriptors for re-identification, and hair, skin and clothes for look-alikes.

``clothing_colors``: ``RgbImage`` and keypoints (33, 3) -> (8, 3) CIELAB colours of body parts. ``faces``: ``RgbImage``
and ``Observation``s -> the same ``Observation``s with (1024,) face embeddings. ``sampler`` and ``estimate``: frames and
``Observation``s -> ``AppearanceSample``s -> ``Appearance``. Read ``clothing_colors.py`` first, then ``estimate.py``.
"""
