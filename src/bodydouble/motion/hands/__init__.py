"""Motion of fingers and wrists: the hand observations of a person and the motion of the body -> ``Hands``.

Read ``capture_hands.py`` first.
"""
