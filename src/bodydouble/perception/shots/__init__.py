"""Shot boundary detection: frames in, the indices of the first frames of shots out.

In: the ``RgbImage``s (H, W, 3) of a video in order. Out: the same frames, each with the shot starts detected so far.

``frame_similarity`` compares heavily downsampled frames, ``gradual`` detects dissolves and fades. Read ``detect.py``
first: it detects hard cuts and calls both.
"""
