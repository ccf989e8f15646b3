"""Perception: video frames in, per-frame people, shot boundaries and background features out.

In: the frames of a video in order, each an ``RgbImage`` (H, W, 3) uint8 RGB. No later stage reads pixels.

Out, for each frame:

- the people as ``Observation``s (box, 2D keypoints, 3D landmarks, appearance, face embedding): ``pose.observe``,
  ``appearance.faces``, or ``external_keypoints`` if the keypoints come from a file
- the starts of shots (hard cuts and gradual transitions): ``shots.detect``
- corners of the static background as a ``Background``: ``background``
- the frame itself with less noise and more light: ``image.enhance``

Read ``protocols.py`` (the interfaces of detectors and landmark networks) first, then ``pose/observe.py``.
"""
