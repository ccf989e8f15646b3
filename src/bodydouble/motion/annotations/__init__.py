"""Annotations of 2D keypoints by hand: interpolation between keyed frames, and the fit around them.

In: ``Performance`` and ``Annotations`` (``data/annotations.py``). Out: the ``Performance`` fitted to them. Read
``apply.py`` first.
"""
