"""Contact sheet: motions -> one picture of rendered frames on the mannequin, a row per view."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import pose_matrices
from bodydouble.data import FloatArray, Motion, RgbImage
from bodydouble.pipeline.animated_characters import retarget_to_character
from bodydouble.render.scene import SceneRenderer

FRAMES = 10
IMAGE_SIZE = 190, 250
FOCAL_LENGTH_PX = 330.0
DISTANCE, EYE_HEIGHT, TARGET_HEIGHT = 3.0, 1.15, 0.9
"""Distance of the camera, its height and that of the point that it looks at, m."""
AZIMUTHS_DEG = (35.0, 90.0)


def write_sheet(path: Path, motions: Mapping[str, Motion]) -> None:
    """Writes the picture."""
    rows = [render_rows(name, motion) for name, motion in motions.items()]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


def render_rows(name: str, motion: Motion) -> RgbImage:
    """Renders frames of a motion in a row per view; the camera follows the hips."""
    animated = retarget_to_character(motion, load_character("mannequin"))
    matrices = pose_matrices(animated.character, animated.rotations, animated.hips_translation)
    frames = np.linspace(0, len(matrices) - 1, FRAMES).round().astype(int)
    width, height = IMAGE_SIZE
    intrinsics = np.array([[FOCAL_LENGTH_PX, 0, width / 2], [0, FOCAL_LENGTH_PX, height / 2], [0, 0, 1]])
    rows = []
    with SceneRenderer(IMAGE_SIZE, [animated.character], [(90, 140, 200)]) as renderer:
        for azimuth in np.radians(AZIMUTHS_DEG):
            images = []
            for frame in frames:
                below = motion.root_position[frame] * [1.0, 0.0, 1.0]
                renderer.start([matrices[frame]], intrinsics, _look_at(below, azimuth))
                images.append(np.zeros((height, width, 3), np.uint8))
                renderer.read_into(images[-1])
            rows.append(np.hstack(images))
    sheet = np.vstack(rows)
    cv2.putText(sheet, name, (5, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    return sheet


def _look_at(below: FloatArray, azimuth: float) -> FloatArray:
    """Returns camera from world (4, 4) of a camera that looks at a person above a point (3,) of the floor."""
    offset = np.array([DISTANCE * np.sin(azimuth), EYE_HEIGHT, DISTANCE * np.cos(azimuth)])
    eye, forward = below + offset, np.array([0.0, TARGET_HEIGHT, 0.0]) - offset
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    camera_from_world[:3, 3] = -camera_from_world[:3, :3] @ eye
    return camera_from_world
