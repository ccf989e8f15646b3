"""Fusion of two landmark networks over the clip: a ``Track`` and COCO keypoints -> a ``Track`` with better keypoints.

1. Left/right swap repair. Either network may exchange the labels of arms, legs or the whole body. The most probable
   labels of both follow from their agreement and the continuity of each, by the Viterbi algorithm.
2. Fusion. Where both networks agree, the keypoint moves towards that of the second one; the offset is interpolated over
   frames in which the second network did not run, since it changes slowly.
3. The 3D landmarks follow the keypoints across the line of sight, so that the lifter's inputs are consistent.
4. Disagreement lowers the confidence, which raises the lifter's standard deviation.

Source of the algorithm: Forney, The Viterbi algorithm (1973).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import BoolArray, FloatArray, IntArray, Track
from bodydouble.skeletons import blazepose, coco

BLOCK_FRAMES = 1000
"""Number of frames whose costs are in memory at once."""


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
    """Cost of a frame with exchanged labels of the first network."""
    second_swap_cost: float = 2.0
    """Cost of a frame with exchanged labels of the second network, which keeps left and right apart better."""
    change_cost: float = 2.0
    """Cost of a change between exchanged and original labels of a network."""


_COCO = np.array(coco.BLAZEPOSE_INDICES)
FACE = _COCO[: coco.INDEX["left_shoulder"]]
"""Landmarks (5,) that are COCO's keypoints of the face: nose, eyes and ears."""
_HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
_BODY = np.arange(coco.INDEX["left_shoulder"], len(coco.KEYPOINTS))
"""COCO keypoints by which left and right are told: all but those of the face."""


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
"""Permutations (33,) of landmarks: original labels, arms exchanged, legs exchanged, whole body exchanged.

The bits of an index tell what is exchanged: arms and legs."""
SECOND_LABELINGS = tuple(
    np.array([coco.BLAZEPOSE_INDICES.index(int(order[landmark])) for landmark in coco.BLAZEPOSE_INDICES])
    for order in LABELINGS
)
"""The same permutations (17,) of COCO keypoints."""
_PAIRS = np.stack(np.meshgrid(np.arange(4), np.arange(4), indexing="ij"), axis=-1).reshape(-1, 2)
"""(16, 2) labelings of the first and the second network."""


def fuse_keypoints(track: Track, second: FloatArray, options: FusionOptions | None = None) -> tuple[Track, FloatArray]:
    """Repairs left/right swaps of a track, and fuses its keypoints with those of a second network.

    Args:
        track: T frames of one person.
        second: (T, 17, 3) x px, y px, confidence in COCO order; NaN in frames in which the second network did not run.
        options: parameters of fusion.

    Returns:
        The same track with other ``keypoints`` of the body, and with ``landmarks_3d`` that have the same labels and
        follow them; and the fused points (T, 5, 2) px of COCO's FACE. The track keeps the first network's face, which
        is what the lifter was trained with. The track itself, with its face, if the second network never ran.
    """
    options = options or FusionOptions()
    is_known = np.isfinite(second).all(axis=(1, 2)) & track.observed
    if not is_known.any():
        return track, track.keypoints[:, FACE, :2]
    sizes = _box_sizes(track)
    labels, second_labels = estimate_labelings(track.keypoints, second, sizes, options)
    known = _permute(track.keypoints[is_known], labels[is_known], LABELINGS)
    known_second = _permute(second[is_known], second_labels[is_known], SECOND_LABELINGS)
    steps = _measure_steps(known, known_second, sizes[is_known], options)
    keypoints, landmarks_3d = np.empty_like(track.keypoints), np.empty_like(track.landmarks_3d)
    face = np.empty((len(sizes), len(FACE), 2))
    for rows in _blocks(len(sizes)):
        repaired = _permute(track.keypoints[rows], labels[rows], LABELINGS)
        fused = _blend(repaired, _interpolate(steps, is_known, rows), sizes[rows], options)
        face[rows] = fused[:, FACE, :2]
        fused[:, FACE] = repaired[:, FACE]
        keypoints[rows] = fused
        landmarks = _permute(track.landmarks_3d[rows], labels[rows], LABELINGS)
        landmarks_3d[rows] = _follow_keypoints(landmarks, repaired[..., :2], fused[..., :2])
    return replace(track, keypoints=keypoints, landmarks_3d=landmarks_3d), face


def _permute(points: FloatArray, labels: IntArray, labelings: Sequence[IntArray]) -> FloatArray:
    """Returns points (T, N, C) in the order of the labeling of each frame, an index (T,) into permutations (N,)."""
    return np.take_along_axis(points, np.stack(labelings)[labels][..., None], axis=1)


def _blocks(frames: int) -> Iterator[slice]:
    """Yields blocks of frames that follow one another, which bounds the memory."""
    for start in range(0, frames, BLOCK_FRAMES):
        yield slice(start, min(start + BLOCK_FRAMES, frames))


def estimate_labelings(
    keypoints: FloatArray, second: FloatArray, sizes: FloatArray, options: FusionOptions
) -> tuple[IntArray, IntArray]:
    """Returns two indices (T,) into LABELINGS: the most probable labels of either network in each frame.

    Args:
        keypoints: (T, 33, 3) x px, y px, confidence; NaN where not observed.
        second: (T, 17, 3) likewise of the second network; NaN where it did not run.
        sizes: (T,) px.
        options: parameters of fusion.
    """
    held, steps = _hold_last_known(second)
    costs = (
        _labeling_costs(keypoints[rows], second[rows], held[rows], sizes[rows], steps[rows], options)
        for rows in _overlapping_blocks(len(sizes))
    )
    states = viterbi_in_blocks(costs)
    own, other = _PAIRS.T
    return own[states], other[states]


def _overlapping_blocks(frames: int) -> Iterator[slice]:
    """Yields blocks of frames, each of which begins with the last frame of the block before."""
    for start in range(0, max(frames - 1, 1), BLOCK_FRAMES):
        yield slice(start, min(start + BLOCK_FRAMES + 1, frames))


def _labeling_costs(
    keypoints: FloatArray,
    second: FloatArray,
    held: FloatArray,
    sizes: FloatArray,
    steps: FloatArray,
    options: FusionOptions,
) -> tuple[FloatArray, FloatArray]:
    """Returns the costs of ``viterbi``: of the states (T, 16) of _PAIRS, and of their changes (T - 1, 16, 16).

    Args:
        keypoints: (T, 33, 3) as for ``estimate_labelings``.
        second: (T, 17, 3) likewise.
        held: (T, 17, 3) the last known ones of ``second``.
        sizes: (T,) px.
        steps: (T,) frames since ``held`` was another one.
        options: parameters of fusion.
    """
    first = [keypoints[:, order][:, _COCO] for order in LABELINGS]
    agreement = np.stack([_disagreement_cost(points, second, sizes, options) for points in first], axis=1)
    own, other = _PAIRS.T
    # Labels that are exchanged in both networks agree as much as original ones.
    unary = agreement[:, own ^ other] + options.swap_cost * (own > 0) + options.second_swap_cost * (other > 0)
    second_candidates = [held[:, order] for order in SECOND_LABELINGS]
    pairwise = _label_motion_cost(first, sizes, np.ones(len(sizes)), options)[:, own[:, None], own]
    pairwise += _label_motion_cost(second_candidates, sizes, steps, options)[:, other[:, None], other]
    return unary, pairwise


def _hold_last_known(second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fills frames without the second network with the last known ones; also returns the frames since those (T,)."""
    is_known = np.isfinite(second).all(axis=(1, 2))
    times = np.arange(len(second))
    last = np.maximum.accumulate(np.where(is_known, times, 0))
    previous = np.concatenate([[0], last[:-1]])
    return second[last], np.maximum(times - previous, 1).astype(np.float64)


def _label_motion_cost(
    candidates: list[FloatArray], sizes: FloatArray, steps: FloatArray, options: FusionOptions
) -> FloatArray:
    """(T - 1, 4, 4) cost of the movement of keypoints from frames labelled one way to the next labelled another way."""
    cost = np.stack(
        [np.stack([_motion_cost(a, b, sizes * steps, options) for b in candidates], axis=-1) for a in candidates],
        axis=1,
    )
    return cost + options.change_cost * (1 - np.eye(len(candidates)))


def viterbi(unary: FloatArray, pairwise: FloatArray) -> IntArray:
    """Returns the (T,) sequence of states with the smallest sum of costs.

    Args:
        unary: (T, S) cost of each state.
        pairwise: (T - 1, S, S) cost of each pair of consecutive states.
    """
    return viterbi_in_blocks([(unary, pairwise)])


def viterbi_in_blocks(blocks: Iterable[tuple[FloatArray, FloatArray]]) -> IntArray:
    """Returns what ``viterbi`` returns for costs in blocks, each of which begins with the last frame of the one before.

    Args:
        blocks: the arguments of ``viterbi`` for each block; at most 256 states.
    """
    cost: FloatArray | None = None
    parts: list[NDArray[np.uint8]] = []
    for unary, pairwise in blocks:
        cost = unary[0] if cost is None else cost
        best_previous = np.zeros(pairwise.shape[:2], dtype=np.uint8)
        for t in range(1, len(unary)):
            total = cost[:, None] + pairwise[t - 1]
            best_previous[t - 1] = total.argmin(axis=0)
            cost = total.min(axis=0) + unary[t]
        parts.append(best_previous)
    states = np.zeros(1 + sum(map(len, parts)), dtype=np.int64)
    states[-1] = 0 if cost is None else cost.argmin()
    t = len(states) - 1
    for best_previous in reversed(parts):
        for previous in best_previous[::-1]:
            states[t - 1] = previous[states[t]]
            t -= 1
    return states


def _box_sizes(track: Track) -> FloatArray:
    """(T,) px, longer side of the box around all landmarks; 1 where not observed."""
    points = track.keypoints[track.observed, :, :2]
    sizes = np.ones(len(track.frames))
    sizes[track.observed] = np.maximum((points.max(axis=1) - points.min(axis=1)).max(axis=-1), 1.0)
    return sizes


def _disagreement_cost(points: FloatArray, second: FloatArray, sizes: FloatArray, options: FusionOptions) -> FloatArray:
    """(T,) distance of body keypoints from the second network's, weighted by its confidence; 0 where it did not run."""
    offsets = points[:, _BODY, :2] - second[:, _BODY, :2]
    residuals = np.linalg.norm(offsets, axis=-1) / sizes[:, None] / options.label_sigma
    return np.asarray(np.nansum(np.minimum(residuals, options.max_deviation) * second[:, _BODY, 2], axis=1))


def _motion_cost(before: FloatArray, after: FloatArray, sizes: FloatArray, options: FusionOptions) -> FloatArray:
    """(T - 1,) movement of body keypoints (T, 17, 3) from frames labelled one way to the next labelled another way."""
    moved = after[1:, _BODY, :2] - before[:-1, _BODY, :2]
    residuals = np.linalg.norm(moved, axis=-1) / sizes[1:, None] / options.motion_sigma
    return np.asarray(np.nansum(np.minimum(residuals, options.max_deviation), axis=1))


def _measure_steps(keypoints: FloatArray, second: FloatArray, sizes: FloatArray, options: FusionOptions) -> FloatArray:
    """Returns (N, 17, 3) offsets of the second network's keypoints where both agree, in sizes, and the disagreement.

    Args:
        keypoints: (N, 33, 3) of the frames in which the second network ran.
        second: (N, 17, 3) of that network.
        sizes: (N,) px.
        options: parameters of fusion.
    """
    offsets = (second[..., :2] - keypoints[:, _COCO, :2]) / sizes[:, None, None]
    distances = np.linalg.norm(offsets, axis=-1)
    offsets = np.where(distances[..., None] <= options.max_disagreement, offsets, 0.0)
    excess = np.clip((distances - options.disagreement_onset) / options.disagreement_range, 0.0, 1.0)
    return np.concatenate([offsets, excess[..., None]], axis=-1)


def _blend(keypoints: FloatArray, steps: FloatArray, sizes: FloatArray, options: FusionOptions) -> FloatArray:
    """Moves keypoints (T, 33, 3) by steps (T, 17, 3) of _measure_steps, and lowers confidences by the disagreement."""
    fused = keypoints.copy()
    fused[:, _COCO, :2] += options.weight * steps[..., :2] * sizes[:, None, None]
    fused[:, _COCO, 2] *= 1 - options.confidence_loss * steps[..., 2]
    return fused


def _follow_keypoints(landmarks: FloatArray, points: FloatArray, moved: FloatArray) -> FloatArray:
    """Moves 3D landmarks (T, 33, 3) across the line of sight as keypoints (T, 33, 2), px, move to others.

    The scale of each frame is that of the projection that maps the landmarks to the keypoints best.
    """
    before, across = _relative_to_hips(points), landmarks[..., :2]
    metres_per_px = (before * across).sum(axis=(1, 2)) / np.maximum((before**2).sum(axis=(1, 2)), 1.0)
    landmarks_3d = landmarks.copy()
    landmarks_3d[..., :2] += metres_per_px[:, None, None] * (_relative_to_hips(moved) - before)
    return landmarks_3d


def _relative_to_hips(points: FloatArray) -> FloatArray:
    return np.asarray(points - points[:, _HIPS].mean(axis=1, keepdims=True))


def _interpolate(values: FloatArray, is_known: BoolArray, rows: slice) -> FloatArray:
    """Interpolates values (N, ...) of the known ones of T frames linearly to some frames; constant beyond the ends."""
    times = np.arange(rows.start, rows.stop)
    known = np.flatnonzero(is_known)
    right = np.clip(np.searchsorted(known, times), 1, max(len(known) - 1, 1))
    if len(known) == 1:
        return np.repeat(values, len(times), axis=0)
    left = right - 1
    fraction = np.clip((times - known[left]) / (known[right] - known[left]), 0.0, 1.0)
    fraction = fraction.reshape(-1, *(1,) * (values.ndim - 1))
    return np.asarray(values[left] + fraction * (values[right] - values[left]))
