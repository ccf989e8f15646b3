"""The face of a person over a clip: one ``FaceObservation`` or None per frame -> ``Face``."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import BLENDSHAPE_COUNT, FACE_OUTLINE_COUNT, BoolArray, Face, FaceObservation, FloatArray
from bodydouble.geometry.gaze import eye_directions, set_eye_directions
from bodydouble.motion.face.blinks import close_blinks, couple_eyes, measure_noise
from bodydouble.motion.face.calibration import subtract_gaze_offset, subtract_neutral
from bodydouble.motion.face.temporal import drop_short_runs, ease_gaps, smooth_bilateral
from bodydouble.skeletons.arkit import INDEX

WEIGHT_NOISE, GAZE_NOISE = 0.1, 0.07
"""Changes of a weight, and of the direction of the eyes in rad, that count as noise."""
CLOSED_EYES = 0.4
"""Weight of a blink from which on the irises are hidden."""
_BLINKS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


def build_face(observations: Sequence[FaceObservation | None], fps: float) -> Face | None:
    """Builds the face of a person over the clip.

    Args:
        observations: One entry per frame; None where the face was not observed.
        fps: Frames per second.

    Returns:
        Calibrated and smoothed weights and gaze. Where the face was not observed it eases to neutral. None if it was
        never observed.
    """
    observed = np.array([face is not None for face in observations], dtype=np.bool_)
    if not observed.any():
        return None
    observed = drop_short_runs(observed, fps)
    raw = np.full((len(observations), BLENDSHAPE_COUNT), np.nan)
    for frame, face in enumerate(observations):
        if face is not None and observed[frame]:
            raw[frame] = face.weights
    calibrated = subtract_neutral(raw, fps)
    calibrated[:, _BLINKS] = couple_eyes(calibrated[:, _BLINKS], fps)
    weights = smooth_bilateral(calibrated, fps, WEIGHT_NOISE)
    noise = measure_noise(calibrated[:, _BLINKS].mean(axis=1))
    weights[:, _BLINKS] = close_blinks(weights[:, _BLINKS], noise, fps)
    gaze = _smooth_gaze(eye_directions(raw).mean(axis=1), weights[:, _BLINKS].mean(axis=1), observed, fps)
    gaze = ease_gaps(gaze, observed, fps)
    weights = ease_gaps(weights, observed, fps)
    return Face(
        observed, set_eye_directions(weights, np.stack([gaze, gaze], axis=1)), gaze, _collect_outlines(observations)
    )


def _collect_outlines(observations: Sequence[FaceObservation | None]) -> FloatArray:
    """Returns the outlines (T, 86, 2) px; NaN where the face was not observed or has none."""
    unknown = np.full((FACE_OUTLINE_COUNT, 2), np.nan)
    return np.stack([unknown if face is None or face.outline is None else face.outline for face in observations])


def _smooth_gaze(gaze: FloatArray, blinks: FloatArray, observed: BoolArray, fps: float) -> FloatArray:
    """Calibrates and smooths the gaze (T, 2) rad; while the eyes are closed (T,), it goes straight on."""
    calibrated = subtract_gaze_offset(gaze, fps)
    is_open = observed & ~(blinks > CLOSED_EYES)
    if is_open.any():
        frames = np.arange(len(gaze))
        steady = np.stack([np.interp(frames, frames[is_open], axis[is_open]) for axis in calibrated.T], axis=1)
        calibrated = np.where(observed[:, None], steady, np.nan)
    return smooth_bilateral(calibrated, fps, GAZE_NOISE)
