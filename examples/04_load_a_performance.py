"""Read a performance.npz file, first with bodydouble, then with NumPy alone."""

from pathlib import Path

import numpy as np

import bodydouble as bd

CLIP = Path(__file__).with_name("street.mp4")

file = bd.animate(CLIP, "out/04", people="main", preview=False, quality="fast").files[0]

performance = bd.load_performance(file)
print(performance.people[0].motion.rotations.shape)

arrays = np.load(file)
name = arrays["people"][0]
print(arrays[f"{name}/joints_world"].shape, arrays[f"{name}/joint_names"][:3])
