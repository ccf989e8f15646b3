"""Metrics of pose, motion, world, contacts, identity and 2D keypoints: pure functions of arrays, see docs/metrics.md.

In: arrays of predictions and ground truth with T frames and J joints. Out: one value per joint and frame, or counts.
NaN means "not observed" and is left out of means. Names end in their unit. Start reading at ``pose.py``.
"""
