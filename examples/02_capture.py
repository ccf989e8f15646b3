"""Get the motion as arrays: no files, no character, no preview."""

from pathlib import Path

import bodydouble as bd

CLIP = Path(__file__).with_name("street.mp4")

performance = bd.capture(CLIP, people="main", quality="fast")
person = performance.people[0]
joints = bd.joint_positions(person.motion)  # (T, 22, 3) m, y up, floor at y = 0
head = person.motion.skeleton.index("head")
print(f"{person.name}: {len(joints)} frames at {performance.fps} frames/s")
print(f"the head is between {joints[:, head, 1].min():.2f} and {joints[:, head, 1].max():.2f} m above the floor")
