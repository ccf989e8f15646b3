"""Body model: proportions of a skeleton, BlazePose landmarks on it, and its root position in the camera frame.

In: bone scales, joint rotations and 2D landmarks. Out: ``Skeleton``, landmark positions (T, 33, 3) and root positions
(T, 3). Read ``body_landmarks.py`` first.
"""
