"""Synthetic data with ground truth: motion capture (`Motion`s) -> rendered frames and the exact `Performance`.

The frames are `RgbImage`s. Accuracy is measured on such clips (`bench`), and the lifter is trained on them
(`training`). Read `rendered_clip.py` first: `sample_scene` draws bodies, clothes, camera, environment and sensor from a
seed, `render` writes the video and its ground truth.
"""
