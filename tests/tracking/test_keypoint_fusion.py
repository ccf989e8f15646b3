"""Laws of the fusion of two landmark networks over a clip."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Track
from bodydouble.skeletons import blazepose, coco
from bodydouble.tracking import keypoint_fusion
from bodydouble.tracking.keypoint_fusion import (
    FACE,
    LABELINGS,
    SECOND_LABELINGS,
    FusionOptions,
    fuse_keypoints,
    viterbi,
)

FRAMES = 40
COCO = list(coco.BLAZEPOSE_INDICES)
HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
WIDTH = 640.0


def walking_track() -> Track:
    """A person of 400 px who swings arms and legs; left and right are 60 px apart and cross twice."""
    rng = np.random.default_rng(0)
    rest = rng.uniform(0, 400, (33, 2))
    rest[:, 0] = 300 + 20 * rng.uniform(-1, 1, 33)
    rest[[i for i, name in enumerate(blazepose.LANDMARKS) if name.startswith("left")], 0] += 30
    rest[[i for i, name in enumerate(blazepose.LANDMARKS) if name.startswith("right")], 0] -= 30
    swing = 40 * np.sin(np.linspace(0, 2 * np.pi, FRAMES))
    points = np.repeat(rest[None], FRAMES, axis=0)
    points[:, :, 0] += swing[:, None] * np.where(np.arange(33) % 2, 1, -1)
    keypoints = np.concatenate([points, np.full((FRAMES, 33, 1), 0.9)], axis=-1)
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=-1)
    landmarks_3d = rng.normal(size=(FRAMES, 33, 3))
    return Track(np.arange(FRAMES), np.ones(FRAMES, dtype=bool), boxes, keypoints, landmarks_3d)


def second_opinion(track: Track, interval: int = 1) -> FloatArray:
    """The keypoints of a second network that agrees, and runs in every interval-th frame."""
    second = track.keypoints[:, COCO].copy()
    second[np.arange(FRAMES) % interval > 0] = np.nan
    return second


def exchange(track: Track, labeling: int, span: slice) -> Track:
    """The track with left and right exchanged as one of LABELINGS says, in a span of frames."""
    keypoints, landmarks_3d = track.keypoints.copy(), track.landmarks_3d.copy()
    keypoints[span] = keypoints[span][:, LABELINGS[labeling]]
    landmarks_3d[span] = landmarks_3d[span][:, LABELINGS[labeling]]
    return replace(track, keypoints=keypoints, landmarks_3d=landmarks_3d)


@pytest.mark.parametrize("labeling", [1, 2, 3], ids=["arms", "legs", "whole body"])
@pytest.mark.parametrize("interval", [1, 3, 5])
def test_left_right_swaps_are_repaired(labeling: int, interval: int) -> None:
    track = walking_track()
    swapped = exchange(track, labeling, slice(8, 31))
    fused, _ = fuse_keypoints(swapped, second_opinion(track, interval))
    # 1e-9 px: where labels are right both networks agree exactly, so that nothing moves.
    np.testing.assert_allclose(fused.keypoints, track.keypoints, atol=1e-9)
    np.testing.assert_array_equal(fused.landmarks_3d, track.landmarks_3d)


@pytest.mark.parametrize("labeling", [1, 2, 3], ids=["arms", "legs", "whole body"])
@pytest.mark.parametrize("interval", [1, 3])
def test_swaps_of_the_second_network_change_nothing(labeling: int, interval: int) -> None:
    track = walking_track()
    second = second_opinion(track)
    second[9:30] = second[9:30][:, SECOND_LABELINGS[labeling]]
    second[np.arange(FRAMES) % interval > 0] = np.nan
    fused, _ = fuse_keypoints(track, second)
    # Only the second network jumps where the swap begins and ends.
    np.testing.assert_allclose(fused.keypoints, track.keypoints, atol=1e-9)
    np.testing.assert_array_equal(fused.landmarks_3d, track.landmarks_3d)


def test_limbs_that_really_cross_keep_their_labels() -> None:
    track = walking_track()
    fused, _ = fuse_keypoints(track, second_opinion(track, 3))
    np.testing.assert_allclose(fused.keypoints, track.keypoints, atol=1e-9)


def test_a_track_without_second_opinion_stays_as_it_is() -> None:
    track = walking_track()
    fused, face = fuse_keypoints(track, np.full((FRAMES, 17, 3), np.nan))
    assert fused is track
    np.testing.assert_array_equal(face, track.keypoints[:, FACE, :2])


def test_keypoints_move_by_the_weight_where_both_agree() -> None:
    track = walking_track()
    second = second_opinion(track)
    second[..., 0] += 8.0  # 2 % of the person's size: agreement without doubt
    fused, face = fuse_keypoints(track, second)
    moved = fused.keypoints[..., :2] - track.keypoints[..., :2]
    expected = [FusionOptions().weight * 8.0, 0.0]
    np.testing.assert_allclose(moved[:, COCO[5:]], [[expected] * 12] * FRAMES, atol=1e-9)
    np.testing.assert_array_equal(np.delete(moved, COCO[5:], axis=1), 0.0)
    np.testing.assert_allclose(face - track.keypoints[:, FACE, :2], [[expected] * 5] * FRAMES, atol=1e-9)
    np.testing.assert_array_equal(fused.keypoints[..., 2], track.keypoints[..., 2])


def test_3d_landmarks_follow_the_keypoints_across_the_line_of_sight() -> None:
    track = walking_track()
    metres_per_px = 1 / 300
    relative = track.keypoints[..., :2] - track.keypoints[:, HIPS, :2].mean(axis=1, keepdims=True)
    landmarks_3d = np.concatenate([metres_per_px * relative, track.landmarks_3d[..., 2:]], axis=-1)
    second = second_opinion(track)
    second[..., :2] += np.random.default_rng(4).normal(0, 4.0, (FRAMES, 17, 2))
    fused, _ = fuse_keypoints(replace(track, landmarks_3d=landmarks_3d), second)
    relative = fused.keypoints[..., :2] - fused.keypoints[:, HIPS, :2].mean(axis=1, keepdims=True)
    np.testing.assert_allclose(fused.landmarks_3d[..., :2], metres_per_px * relative, atol=1e-9)
    np.testing.assert_array_equal(fused.landmarks_3d[..., 2], landmarks_3d[..., 2])


def test_a_constant_offset_is_known_in_frames_between_runs_of_the_second_network() -> None:
    track = walking_track()
    shift = [8.0, -4.0, 0.0]
    every, some = (fuse_keypoints(track, second_opinion(track, n) + shift)[0] for n in (1, 5))
    # The size of the box, in which offsets are interpolated, varies by 20 % with the swinging arms.
    np.testing.assert_allclose(some.keypoints, every.keypoints, atol=0.2 * 8.0)


def test_disagreement_lowers_the_confidence_and_moves_nothing() -> None:
    track = walking_track()
    second = second_opinion(track)
    wrist = coco.INDEX["left_wrist"]
    second[:, wrist, 1] += 200.0  # half of the person
    fused, _ = fuse_keypoints(track, second)
    np.testing.assert_array_equal(fused.keypoints[..., :2], track.keypoints[..., :2])
    expected = 0.9 * (1 - FusionOptions().confidence_loss)
    np.testing.assert_allclose(fused.keypoints[:, COCO[wrist], 2], expected)
    others = [i for i in range(33) if i != COCO[wrist]]
    np.testing.assert_array_equal(fused.keypoints[:, others, 2], 0.9)


def test_frames_without_observation_stay_unknown() -> None:
    track = walking_track()
    gap = slice(10, 15)
    keypoints, observed = track.keypoints.copy(), track.observed.copy()
    keypoints[gap], observed[gap] = [np.nan, np.nan, 0.0], False
    track = replace(track, keypoints=keypoints, observed=observed)
    second = second_opinion(walking_track(), 3)
    second[gap] = np.nan
    fused, _ = fuse_keypoints(track, second)
    assert np.isnan(fused.keypoints[gap, :, :2]).all()
    np.testing.assert_array_equal(fused.keypoints[gap, :, 2], 0.0)


def mirror(track: Track) -> Track:
    keypoints = track.keypoints[:, list(blazepose.MIRROR)]
    keypoints[..., 0] = WIDTH - keypoints[..., 0]
    landmarks_3d = track.landmarks_3d[:, list(blazepose.MIRROR)] * [-1.0, 1.0, 1.0]
    return replace(track, keypoints=keypoints, landmarks_3d=landmarks_3d)


def test_the_mirror_image_is_fused_to_the_mirror_image() -> None:
    track = exchange(walking_track(), 2, slice(5, 20))
    noise = np.random.default_rng(1).normal(0, 6.0, (FRAMES, 17, 2))
    second = second_opinion(walking_track(), 3)
    second[..., :2] += noise
    swap = [COCO.index(blazepose.MIRROR[i]) for i in COCO]
    mirrored = second[:, swap].copy()
    mirrored[..., 0] = WIDTH - mirrored[..., 0]
    fused, face = fuse_keypoints(track, second)
    actual, actual_face = fuse_keypoints(mirror(track), mirrored)
    expected = mirror(fused)
    np.testing.assert_allclose(actual.keypoints, expected.keypoints, atol=1e-9)
    np.testing.assert_allclose(actual.landmarks_3d, expected.landmarks_3d, atol=1e-9)
    nose, left_eye, right_eye, left_ear, right_ear = range(5)
    mirrored_face = face[:, [nose, right_eye, left_eye, right_ear, left_ear]] * [-1.0, 1.0] + [WIDTH, 0.0]
    np.testing.assert_allclose(actual_face, mirrored_face, atol=1e-9)


@pytest.mark.parametrize("block", [1, 7, 39, 40])
def test_blocks_of_frames_change_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    track = exchange(walking_track(), 1, slice(8, 31))
    second = second_opinion(track, 3)
    (whole, whole_face) = fuse_keypoints(track, second)
    monkeypatch.setattr(keypoint_fusion, "BLOCK_FRAMES", block)
    blocks, face = fuse_keypoints(track, second)
    np.testing.assert_array_equal(blocks.keypoints, whole.keypoints)
    np.testing.assert_array_equal(blocks.landmarks_3d, whole.landmarks_3d)
    np.testing.assert_array_equal(face, whole_face)


def test_viterbi_finds_the_cheapest_of_all_sequences() -> None:
    rng = np.random.default_rng(2)
    unary, pairwise = rng.uniform(size=(5, 3)), rng.uniform(size=(4, 3, 3))
    sequences = np.stack(np.meshgrid(*[np.arange(3)] * 5, indexing="ij"), axis=-1).reshape(-1, 5)
    costs = unary[np.arange(5), sequences].sum(axis=1)
    costs += pairwise[np.arange(4), sequences[:, :-1], sequences[:, 1:]].sum(axis=1)
    np.testing.assert_array_equal(viterbi(unary, pairwise), sequences[costs.argmin()])
