"""Compute knee flexion angles over time and write them to a CSV file."""

import csv
from pathlib import Path

import numpy as np

import bodydouble as bd

CLIP = Path(__file__).with_name("street.mp4")
OUTPUT = Path("out/knee_angles.csv")


def knee_flexion_deg(motion: bd.Motion, side: str) -> list[float]:
    """Return the angle (T,) between thigh and shank in degrees; 0 for a straight leg."""
    joints = bd.joint_positions(motion)
    hip, knee, ankle = (joints[:, motion.skeleton.index(side + part)] for part in ("UpperLeg", "LowerLeg", "Foot"))
    thigh, shank = knee - hip, ankle - knee
    lengths = np.linalg.norm(thigh, axis=-1) * np.linalg.norm(shank, axis=-1)
    angles: list[float] = np.degrees(np.arccos(np.sum(thigh * shank, axis=-1) / lengths)).tolist()
    return angles


motion = bd.capture(CLIP, people="main", quality="fast").people[0].motion
OUTPUT.parent.mkdir(exist_ok=True)
with OUTPUT.open("w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["seconds", "left_knee_deg", "right_knee_deg"])
    rows = zip(knee_flexion_deg(motion, "left"), knee_flexion_deg(motion, "right"), strict=True)
    writer.writerows((float(i / motion.fps), left, right) for i, (left, right) in enumerate(rows))
print(OUTPUT)
