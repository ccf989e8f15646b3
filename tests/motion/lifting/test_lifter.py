"""Laws that any network of the lifter obeys: of the mirror, of blocks, of rates and of gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bodydouble.data import BoolArray, FloatArray, Track
from bodydouble.geometry import camera
from bodydouble.motion.body import proportions
from bodydouble.motion.lifting import lifter
from bodydouble.motion.lifting.lift import interpolate_gaps, prepare_fit
from bodydouble.motion.lifting.lifter import (
    CHUNK_FRAMES,
    CONTEXT_FRAMES,
    MAX_SECONDS_SINCE_OBSERVED,
    LifterOutput,
    interpolate_linear,
    orthonormal,
    run_lifter,
    seconds_since_observed,
    with_known_landmarks,
)
from bodydouble.motion.lifting.person_view import HIP_INDICES, view_straight_at
from bodydouble.skeletons import blazepose, humanoid
from tests.builders import assert_same
from tests.motion.scenes import IMAGE_SIZE, simulated_track, static_camera, waving_motion

INTRINSICS = camera.intrinsics_from_focal_length(900.0, IMAGE_SIZE)
FLIP = np.diag([-1.0, 1.0, 1.0])
ROUNDING = 2e-4
"""Sizes and radians; the network counts in single precision."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What lifted is given."""

    rays: FloatArray
    confidence: FloatArray
    rough: FloatArray
    observed: BoolArray
    fps: float = 30.0

    def lifted(self) -> LifterOutput:
        return run_lifter(self.rays, self.confidence, self.rough, self.observed, self.fps)

    def every(self, step: int) -> "Seen":
        """Every so manieth frame."""
        which = slice(None, None, step)
        return Seen(
            self.rays[which], self.confidence[which], self.rough[which], self.observed[which], self.fps / step
        )  # fmt: skip

    def mirrored(self) -> "Seen":
        swap = list(blazepose.MIRROR)
        rays = self.rays[:, swap] * FLIP.diagonal()[:2]
        return replace(self, rays=rays, confidence=self.confidence[:, swap], rough=self.rough[:, swap] @ FLIP)


def seen(frames: int, noise: float = 0.0) -> Seen:
    """Somebody who waves, beside the optical axis, some landmarks surer than others."""
    track = simulated_track(waving_motion(frames), static_camera(pitch=0.2, yaw=0.6), INTRINSICS, noise)
    rays = camera.rays(INTRINSICS, track.keypoints[..., :2] + [300.0, -50.0])[..., :2]
    confidence = np.tile(np.random.default_rng(6).uniform(0.3, 1.0, 33), (frames, 1))
    return Seen(rays, confidence, track.landmarks_3d, track.observed)


def arrays_of(found: LifterOutput) -> dict[str, FloatArray]:
    return {field.name: np.asarray(getattr(found, field.name)) for field in fields(LifterOutput)}


def assert_agree(found: LifterOutput, expected: LifterOutput, tolerance: float = ROUNDING) -> None:
    others = arrays_of(expected)
    for name, value in arrays_of(found).items():
        np.testing.assert_allclose(value, others[name], rtol=tolerance, atol=tolerance, err_msg=name)


def test_the_mirror_image_of_a_person_is_lifted_to_the_mirror_image() -> None:
    made = seen(40, noise=2.0)
    made = replace(made, observed=np.arange(40) % 3 != 1)
    found, expected = made.mirrored().lifted(), made.lifted()
    swap = list(blazepose.MIRROR)
    mirror = LifterOutput(
        landmarks_3d=expected.landmarks_3d[:, swap] @ FLIP,
        points=expected.points[:, swap] @ FLIP[:2, :2],
        sigma=expected.sigma[:, swap],
        rotations=FLIP @ expected.rotations[:, list(humanoid.MIRROR)] @ FLIP,
        up=expected.up @ FLIP,
        velocity=expected.velocity @ FLIP,
        contacts=expected.contacts[:, [2, 3, 0, 1]],
        bone_scales=expected.bone_scales,
        bone_scales_sigma=expected.bone_scales_sigma,
        scale=expected.scale,
    )
    assert_agree(found, mirror)


def test_a_long_clip_is_lifted_in_blocks_as_if_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = seen(170, noise=1.0)
    at_once = made.lifted()
    assert len(made.observed) < CHUNK_FRAMES
    for block in (50, 85, 169):
        monkeypatch.setattr(lifter, "CHUNK_FRAMES", block)
        assert_agree(made.lifted(), at_once)


def _asked_frames(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many frames the network is asked about, each time that it is asked from now on."""
    asked: list[int] = []
    network = lifter._network()

    def counting(values: FloatArray) -> Sequence[FloatArray]:
        asked.append(values.shape[1])
        return network(values)

    monkeypatch.setattr(lifter, "_network", lambda: counting)
    return asked


def test_a_block_sees_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _asked_frames(monkeypatch)
    monkeypatch.setattr(lifter, "CHUNK_FRAMES", 50)
    seen(400).lifted()
    assert len(asked) == 2 * 8
    assert max(asked) == 50 + 2 * CONTEXT_FRAMES


@pytest.mark.parametrize("frames", [1, 2, 3, 17])
@pytest.mark.parametrize("fps", [7.5, 24.0, 30.0, 30000 / 1001, 120.0])
def test_any_length_and_rate_has_an_answer(frames: int, fps: float) -> None:
    found = replace(seen(frames), fps=fps).lifted()
    bones = len(proportions.BONES)
    shapes = {
        "landmarks_3d": (frames, 33, 3), "points": (frames, 33, 2), "sigma": (frames, 33, 2),
        "rotations": (frames, 22, 3, 3), "up": (frames, 3), "velocity": (frames, 3), "contacts": (frames, 4),
        "bone_scales": (bones,), "bone_scales_sigma": (bones,), "scale": (),
    }  # fmt: skip
    assert {name: value.shape for name, value in arrays_of(found).items()} == shapes
    assert all(np.isfinite(value).all() for value in arrays_of(found).values())


def test_answers_are_of_the_kind_they_should_be() -> None:
    found = seen(30, noise=5.0).lifted()
    assert_same(
        found.rotations @ np.swapaxes(found.rotations, -1, -2), np.broadcast_to(np.eye(3), (30, 22, 3, 3)), 1e-9
    )
    assert_same(np.linalg.det(found.rotations), 1.0, 1e-9)
    assert_same(np.linalg.norm(found.up, axis=-1), 1.0, 1e-9)
    assert (found.sigma > 0).all()
    assert (found.bone_scales > 0).all()
    assert (found.bone_scales_sigma > 0).all()
    assert ((found.contacts >= 0) & (found.contacts <= 1)).all()


def test_landmarks_in_space_project_to_those_in_the_picture() -> None:
    made = seen(20)
    found = made.lifted()
    toward = view_straight_at(made.rays, made.confidence).camera_from_view[:, None, :, 2]
    ahead = toward + found.scale * found.landmarks_3d
    assert_same(ahead[..., :2] / ahead[..., 2:], found.points, 1e-9)


def test_twice_the_rate_asks_the_network_the_same() -> None:
    fast = replace(seen(121), fps=60.0)
    assert_agree(fast.every(2).lifted(), _rows(fast.lifted(), slice(None, None, 2)), tolerance=0.01)


@pytest.mark.parametrize("fps", [24.0, 60.0, 120.0])
@pytest.mark.parametrize("frames", range(2, 12))
def test_the_network_is_asked_from_the_first_frame_to_the_last(
    frames: int, fps: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _asked_frames(monkeypatch)
    replace(seen(frames), fps=fps).lifted()
    last = (asked[0] - 1) / lifter.NETWORK_FPS
    assert (frames - 1) / fps <= last + 1e-9 < (frames - 1) / fps + 1 / lifter.NETWORK_FPS


def test_half_the_rate_answers_roughly_the_same() -> None:
    whole = seen(120)
    found, expected = whole.every(2).lifted(), _rows(whole.lifted(), slice(None, None, 2))
    assert np.linalg.norm(found.landmarks_3d - expected.landmarks_3d, axis=-1).mean() < 0.15
    assert np.linalg.norm(found.rotations - expected.rotations, axis=(-2, -1)).mean() < 0.3
    assert np.linalg.norm(found.up - expected.up, axis=-1).mean() < 0.15


def _rows(found: LifterOutput, which: slice) -> LifterOutput:
    """Some of the frames."""
    of_frames = ("landmarks_3d", "points", "sigma", "rotations", "up", "velocity", "contacts")
    return replace(found, **{name: getattr(found, name)[which] for name in of_frames})


def test_told_landmarks_are_where_they_were_told_to_be() -> None:
    made = seen(10)
    found = made.lifted()
    view = static_camera(pitch=0.2, yaw=0.6)
    motion = waving_motion(10)
    known = camera.transform(view, np.repeat(motion.root_position[:, None], 33, axis=1))
    known += np.random.default_rng(7).normal(0, 0.4, known.shape)
    after = with_known_landmarks(found, known)
    hips = known[:, HIP_INDICES].mean(axis=1, keepdims=True)
    unit = np.linalg.norm(hips, axis=-1, keepdims=True) * found.scale
    assert_same(hips + unit * after.landmarks_3d, known, 1e-12)
    assert_same(after.points * known[..., 2:], known[..., :2], 1e-12)
    assert (after.sigma == lifter.KNOWN_LANDMARK_SIGMA).all()
    for name in ("rotations", "up", "velocity", "contacts", "bone_scales", "bone_scales_sigma", "scale"):
        assert getattr(after, name) is getattr(found, name)


def test_ages() -> None:
    observed = np.array([True, False, False, False, True, False])
    assert_same(seconds_since_observed(observed, 10.0), [0.0, 0.1, 0.2, 0.1, 0.0, 0.1], 1e-12)
    assert_same(seconds_since_observed(observed, 10.0, np.array([0.5, 2.25, 4.0])), [0.05, 0.175, 0.0], 1e-12)


def test_ages_end_at_the_largest() -> None:
    alone = np.arange(100) == 0
    found = seconds_since_observed(alone, 30.0)
    assert_same(found[:30], np.arange(30) / 30, 1e-12)
    assert (found[30:] == MAX_SECONDS_SINCE_OBSERVED).all()
    assert (seconds_since_observed(np.zeros(4, dtype=bool), 30.0) == MAX_SECONDS_SINCE_OBSERVED).all()


@given(arrays(np.bool_, st.integers(1, 20)), st.floats(5, 60))
def test_ages_are_those_of_the_nearest(observed: BoolArray, fps: float) -> None:
    there = np.flatnonzero(observed)
    expected = [min([MAX_SECONDS_SINCE_OBSERVED, *(abs(frame - there) / fps)]) for frame in range(len(observed))]
    assert_same(seconds_since_observed(observed, fps), expected, 1e-12)


def test_interpolated_known_answers() -> None:
    given_times, values = np.array([0.0, 2.0, 3.0]), np.array([[0.0, 1.0], [4.0, 1.0], [6.0, -1.0]])
    found = interpolate_linear(np.array([0.0, 0.5, 2.0, 2.5, 3.0]), given_times, values)
    assert_same(found, [[0, 1], [1, 1], [4, 1], [5, 0], [6, -1]], 1e-12)


def test_beyond_the_ends_the_last_value_holds() -> None:
    values = np.array([[1.0], [3.0]])
    assert_same(interpolate_linear(np.array([-5.0, 4.0, 9.0]), np.array([2.0, 4.0]), values), [[1], [3], [3]], 1e-12)
    assert_same(interpolate_linear(np.arange(3), np.array([1]), values[:1]), [[1], [1], [1]], 1e-12)


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(-3, 12)))
def test_interpolated_agrees_with_numpy(wanted: FloatArray) -> None:
    times = np.array([0.0, 1.0, 1.5, 4.0, 9.0])
    values = np.random.default_rng(8).normal(size=(5, 3))
    expected = np.stack([np.interp(wanted, times, column) for column in values.T], axis=-1)
    assert_same(interpolate_linear(wanted, times, values), expected, 1e-9)


def test_orthonormal_gives_the_nearest_rotation() -> None:
    rng = np.random.default_rng(9)
    matrices = rng.normal(size=(50, 3, 3))
    assert (np.linalg.det(matrices) < 0).any()
    found = orthonormal(matrices)
    assert_same(found @ np.swapaxes(found, -1, -2), np.broadcast_to(np.eye(3), found.shape), 1e-12)
    assert_same(np.linalg.det(found), 1.0, 1e-12)
    others = orthonormal(rng.normal(size=(200, 1, 3, 3)))
    distance, of_others = (np.linalg.norm(one - matrices, axis=(-2, -1)) for one in (found, others))
    assert (distance <= of_others + 1e-12).all()


def test_orthonormal_leaves_rotations_as_they_are() -> None:
    rotations = orthonormal(np.random.default_rng(10).normal(size=(4, 5, 3, 3)))
    assert_same(orthonormal(rotations), rotations, 1e-12)
    assert_same(orthonormal(2.5 * rotations), rotations, 1e-12)


def test_gaps_are_filled_between_neighbours_and_held_at_the_ends() -> None:
    values = np.array([[np.nan, np.nan], [1.0, 5.0], [np.nan, 7.0], [np.nan, np.nan], [4.0, 8.0], [np.nan, np.nan]])
    assert_same(interpolate_gaps(values), [[1, 5], [1, 5], [2, 6], [3, 7], [4, 8], [4, 8]], 1e-12)
    assert_same(interpolate_gaps(values.reshape(6, 2, 1))[..., 0], interpolate_gaps(values), 0.0)


def test_what_is_known_is_kept_when_gaps_are_filled() -> None:
    values = np.random.default_rng(11).normal(size=(20, 33, 3))
    assert_same(interpolate_gaps(values), values, 0.0)
    gone = np.arange(20) % 4 == 2
    holed = np.where(gone[:, None, None], np.nan, values)
    assert_same(interpolate_gaps(holed)[~gone], values[~gone], 0.0)


def with_gaps(track: Track, observed: BoolArray) -> Track:
    """The track, not observed in some frames."""
    gone = ~observed
    boxes, keypoints, rough = track.boxes.copy(), track.keypoints.copy(), track.landmarks_3d.copy()
    boxes[gone], keypoints[gone], rough[gone] = np.nan, (np.nan, np.nan, 0.0), np.nan
    return Track(track.frames, observed, boxes, keypoints, rough)


@pytest.mark.parametrize("gone", [slice(10, 20), slice(0, 5), slice(25, 30), slice(1, 30)])
def test_a_track_with_gaps_is_lifted_in_every_frame(gone: slice) -> None:
    observed = np.ones(30, dtype=bool)
    observed[gone] = False
    track = with_gaps(simulated_track(waving_motion(30), static_camera(), INTRINSICS), observed)
    still = np.broadcast_to(np.eye(4), (30, 4, 4))
    person = prepare_fit(track, INTRINSICS, float(Fraction(30)), still)
    evidence = person.targets
    for value in (evidence.points, evidence.points_sigma, evidence.depths, evidence.depths_sigma, evidence.rotations,
                  evidence.root_velocity, evidence.contacts, person.start.rotations, person.start.root,
                  person.joint_sigma, person.up):  # fmt: skip
        assert len(value) == 30
        assert np.isfinite(value).all()
    assert not person.confidence[gone].any()
    assert (person.start.root[:, 2] > 0).all()
