"""Close-ups: rendered people whose fingers and faces move, with their ground truth.

Read `scene.py` first: `sample_hands_scene` and `sample_face_scene` draw a `ClipScene` from a seed.
"""
