"""Fusion of two landmark networks over the clip: a ``Track`` and COCO keypoints -> a ``Track`` with better keypoints.

1. Left/right swap repair. The labels of arms, legs or the whole body are exchanged in the frames in which the second
   network and continuity say so: the most probable sequence of labels by the Viterbi algorithm.
2. Fusion. Where both networks agree, the keypoint moves towards that of the second one; the offset is interpolated over
   frames in which the second network did not run, since it changes slowly.
3. Disagreement lowers the confidence, which raises the lifter's standard deviation.

Source of the algorithm: Forney, The Viterbi algorithm (1973).
"""

from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Track
from bodydouble.skeletons import blazepose, coco


@dataclass(frozen=True, slots=True)
class FusionOptions:
    """Parameters of fusion. Lengths are in longer sides of the box around the landmarks."""

    weight: float = 0.8
    """Weight of the second network where both agree."""
    max_disagreement: float = 0.15
    """Maximum distance of keypoints that are taken to show the same point."""
    disagreement_onset: float = 0.03
    """Distance from which confidence is lowered."""
    disagreement_range: float = 0.05
    """Distance beyond the onset at which the confidence has its minimum."""
    confidence_loss: float = 0.5
    """Fraction of the confidence that is lost at full disagreement."""
    label_sigma: float = 0.03
    """Standard deviation of the distance between both networks' keypoints."""
    motion_sigma: float = 0.05
    """Standard deviation of a keypoint's movement from frame to frame."""
    max_deviation: float = 4.0
    """Maximum residual in standard deviations, so that single outliers do not decide."""
    swap_cost: float = 1.0
    """Cost of a frame with exchanged labels."""
    change_cost: float = 2.0
    """Cost of a change between exchanged and original labels."""


_COCO = np.array(coco.BLAZEPOSE_INDICES)
_BODY = np.arange(coco.INDEX["left_shoulder"], len(coco.KEYPOINTS))
"""COCO keypoints that are fused: all but those of the face, which BlazePose locates better."""


def _exchange(*parts: str) -> IntArray:
    """Returns the (33,) permutation that exchanges left and right of some parts of the body."""
    order = np.arange(len(blazepose.LANDMARKS))
    for index, name in enumerate(blazepose.LANDMARKS):
        if name.removeprefix("left_").removeprefix("right_") in parts:
            order[index] = blazepose.MIRROR[index]
    return order


LABELINGS = (
    np.arange(len(blazepose.LANDMARKS)),
    _exchange("shoulder", "elbow", "wrist", "pinky", "index", "thumb"),
    _exchange("hip", "knee", "ankle", "heel", "foot_index"),
    np.array(blazepose.MIRROR),
)
"""Permutations (33,) of landmarks: original labels, arms exchanged, legs exchanged, whole body exchanged."""
_TRACKED = _COCO[_BODY]
"""Landmarks whose continuity is compared."""


def fuse_keypoints(track: Track, second: FloatArray, options: FusionOptions | None = None) -> Track:
    """Repairs left/right swaps of a track, and fuses its keypoints with those of a second network.

    Args:
        track: T frames of one person.
        second: (T, 17, 3) x px, y px, confidence in COCO order; NaN in frames in which the second network did not run.
        options: parameters of fusion.

    Returns:
        The same track with other ``keypoints``; in repaired frames ``landmarks_3d`` have exchanged labels, too. The
        track itself if the second network never ran.
    """
    options = options or FusionOptions()
    is_known = np.isfinite(second).all(axis=(1, 2)) & track.observed
    if not is_known.any():
        return track
    sizes = _box_sizes(track)
    labels = estimate_labelings(track.keypoints, second, sizes, options)
    order = np.stack(LABELINGS)[labels]
    keypoints = np.take_along_axis(track.keypoints, order[..., None], axis=1)
    landmarks_3d = np.take_along_axis(track.landmarks_3d, order[..., None], axis=1)
    fused = _blend(keypoints, second, sizes, is_known, options)
    return replace(track, keypoints=fused, landmarks_3d=landmarks_3d)


def estimate_labelings(
    keypoints: FloatArray, second: FloatArray, sizes: FloatArray, options: FusionOptions
) -> IntArray:
    """(T,) index into LABELINGS of the most probable labels of each frame.

    Args:
        keypoints: (T, 33, 3) x px, y px, confidence; NaN where not observed.
        second: (T, 17, 3) likewise of the second network; NaN where it did not run.
        sizes: (T,) px.
        options: parameters of fusion.
    """
    candidates = [keypoints[:, order] for order in LABELINGS]
    unary = np.stack([_disagreement_cost(points, second, sizes, options) for points in candidates], axis=1)
    unary[:, 1:] += options.swap_cost
    pairwise = np.stack(
        [np.stack([_motion_cost(a, b, sizes, options) for b in candidates], axis=-1) for a in candidates], axis=1
    )
    return viterbi(unary, pairwise + options.change_cost * (1 - np.eye(len(LABELINGS))))


def viterbi(unary: FloatArray, pairwise: FloatArray) -> IntArray:
    """Returns the (T,) sequence of states with the smallest sum of costs.

    Args:
        unary: (T, S) cost of each state.
        pairwise: (T - 1, S, S) cost of each pair of consecutive states.
    """
    cost, best_previous = unary[0], np.zeros(unary.shape, dtype=np.int64)
    for t in range(1, len(unary)):
        total = cost[:, None] + pairwise[t - 1]
        best_previous[t] = total.argmin(axis=0)
        cost = total.min(axis=0) + unary[t]
    states = np.zeros(len(unary), dtype=np.int64)
    states[-1] = cost.argmin()
    for t in range(len(unary) - 1, 0, -1):
        states[t - 1] = best_previous[t, states[t]]
    return states


def _box_sizes(track: Track) -> FloatArray:
    """(T,) px, longer side of the box around all landmarks; 1 where not observed."""
    points = track.keypoints[track.observed, :, :2]
    sizes = np.ones(len(track.frames))
    sizes[track.observed] = np.maximum((points.max(axis=1) - points.min(axis=1)).max(axis=-1), 1.0)
    return sizes


def _disagreement_cost(points: FloatArray, second: FloatArray, sizes: FloatArray, options: FusionOptions) -> FloatArray:
    """(T,) distance of body keypoints from the second network's, weighted by its confidence; 0 where it did not run."""
    offsets = points[:, _COCO[_BODY], :2] - second[:, _BODY, :2]
    residuals = np.linalg.norm(offsets, axis=-1) / sizes[:, None] / options.label_sigma
    return np.asarray(np.nansum(np.minimum(residuals, options.max_deviation) * second[:, _BODY, 2], axis=1))


def _motion_cost(before: FloatArray, after: FloatArray, sizes: FloatArray, options: FusionOptions) -> FloatArray:
    """(T - 1,) movement of body keypoints from frames labelled one way to the next ones labelled another way."""
    steps = after[1:, _TRACKED, :2] - before[:-1, _TRACKED, :2]
    residuals = np.linalg.norm(steps, axis=-1) / sizes[1:, None] / options.motion_sigma
    return np.asarray(np.nansum(np.minimum(residuals, options.max_deviation), axis=1))


def _blend(
    keypoints: FloatArray, second: FloatArray, sizes: FloatArray, is_known: BoolArray, options: FusionOptions
) -> FloatArray:
    """Moves body keypoints (T, 33, 3) towards the second network's, and lowers confidences where both disagree."""
    landmarks = _COCO[_BODY]
    offsets = (second[is_known][:, _BODY, :2] - keypoints[is_known][:, landmarks, :2]) / sizes[is_known, None, None]
    distances = np.linalg.norm(offsets, axis=-1)
    offsets = np.where(distances[..., None] <= options.max_disagreement, offsets, 0.0)
    excess = np.clip((distances - options.disagreement_onset) / options.disagreement_range, 0.0, 1.0)
    steps = _interpolate(np.concatenate([offsets, excess[..., None]], axis=-1), is_known)
    fused = keypoints.copy()
    fused[:, landmarks, :2] += options.weight * steps[..., :2] * sizes[:, None, None]
    fused[:, landmarks, 2] *= 1 - options.confidence_loss * steps[..., 2]
    return fused


def _interpolate(values: FloatArray, is_known: BoolArray) -> FloatArray:
    """Interpolates values (N, ...) of the known frames linearly over all T frames; constant beyond the ends."""
    times = np.arange(len(is_known))
    known = np.flatnonzero(is_known)
    right = np.clip(np.searchsorted(known, times), 1, max(len(known) - 1, 1))
    if len(known) == 1:
        return np.repeat(values, len(times), axis=0)
    left = right - 1
    fraction = np.clip((times - known[left]) / (known[right] - known[left]), 0.0, 1.0)
    fraction = fraction.reshape(-1, *(1,) * (values.ndim - 1))
    return np.asarray(values[left] + fraction * (values[right] - values[left]))
