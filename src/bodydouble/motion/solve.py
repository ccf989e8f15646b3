"""One smooth motion relative to the camera for the whole clip."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import camera
from bodydouble.motion.lift import LiftedPose
from bodydouble.motion.place import fit_sideways, fit_translation
from bodydouble.motion.smooth import smooth_rotations, whittaker


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """Cutoff frequencies, Hz."""

    rotation_cutoff: float = 5.0
    depth_cutoff: float = 1.0
    path_cutoff: float = 5.0


@dataclass(frozen=True, slots=True)
class CameraMotion:
    """A motion relative to the camera."""

    rotations: FloatArray
    """(T, 22, 4) xyzw, local; the root's is camera_from_hips."""
    root_position: FloatArray
    """(T, 3) m, camera axes."""


def solve(lifted: LiftedPose, intrinsics: FloatArray, fps: float, options: SolveOptions | None = None) -> CameraMotion:
    """Lifted poses -> smooth rotations and a root path that keeps the landmarks on their rays.

    Args:
        lifted: poses relative to the camera.
        intrinsics: (3, 3) px.
        fps: frames per second.
        options: cutoff frequencies.
    """
    options = options or SolveOptions()
    image_points = camera.rays(intrinsics, lifted.landmarks)[..., :2]
    rotations = smooth_rotations(lifted.rotations, fps, options.rotation_cutoff)
    free = fit_translation(lifted.skeleton, rotations, image_points, lifted.confidence)
    trust = lifted.confidence.mean(axis=1, keepdims=True) + 1e-3
    log_depth = np.log(np.maximum(free[:, 2:], 0.1))
    depth = np.exp(whittaker(log_depth, trust, fps, options.depth_cutoff))[:, 0]
    path = fit_sideways(lifted.skeleton, rotations, depth, image_points, lifted.confidence)
    ones = np.ones((len(path), 1))
    return CameraMotion(rotations, whittaker(path, ones, fps, options.path_cutoff))
