"""Laws of any lifter: mirror symmetry, chunks, frame rates and gaps."""

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
from bodydouble.motion.lifting.lift import prepare_fit
from bodydouble.motion.lifting.lifter import (
    CHUNK_FRAMES,
    CONTEXT_FRAMES,
    MAX_SECONDS_SINCE_OBSERVED,
    LifterOutput,
    interpolate_linear,
    run_lifter,
    seconds_since_observed,
    with_known_landmarks,
)
from bodydouble.motion.lifting.lifter_input import interpolate_gaps
from bodydouble.motion.lifting.person_view import HIP_INDICES, view_straight_at
from bodydouble.skeletons import blazepose, humanoid
from tests.builders import assert_same
from tests.motion.scenes import IMAGE_SIZE, simulated_track, static_camera, waving_motion

INTRINSICS = camera.intrinsics_from_focal_length(900.0, IMAGE_SIZE)
FLIP = np.diag([-1.0, 1.0, 1.0])
ROUNDING = 2e-4
"""Tolerance in sizes and radians; the network computes in single precision."""


@dataclass(frozen=True, slots=True)
class LifterInput:
    """Arguments of run_lifter."""

    image_points: FloatArray
    confidence: FloatArray
    landmarks_3d: FloatArray
    observed: BoolArray
    fps: float = 30.0

    def run(self) -> LifterOutput:
        return run_lifter(self.image_points, self.confidence, self.landmarks_3d, self.observed, self.fps)

    def subsample(self, step: int) -> "LifterInput":
        """Every step-th frame, at the lower frame rate."""
        frames = slice(None, None, step)
        return LifterInput(
            self.image_points[frames],
            self.confidence[frames],
            self.landmarks_3d[frames],
            self.observed[frames],
            self.fps / step,
        )

    def mirror(self) -> "LifterInput":
        order, signs = list(blazepose.MIRROR), FLIP.diagonal()[:2]
        return replace(
            self,
            image_points=self.image_points[:, order] * signs,
            confidence=self.confidence[:, order],
            landmarks_3d=self.landmarks_3d[:, order] @ FLIP,
        )


def waving_person(frames: int, noise: float = 0.0) -> LifterInput:
    """A waving person beside the optical axis, with landmarks of different confidences."""
    track = simulated_track(waving_motion(frames), static_camera(pitch=0.2, yaw=0.6), INTRINSICS, noise)
    image_points = camera.rays(INTRINSICS, track.keypoints[..., :2] + [300.0, -50.0])[..., :2]
    confidence = np.tile(np.random.default_rng(6).uniform(0.3, 1.0, 33), (frames, 1))
    return LifterInput(image_points, confidence, track.landmarks_3d, track.observed)


def arrays_of(output: LifterOutput) -> dict[str, FloatArray]:
    return {field.name: np.asarray(getattr(output, field.name)) for field in fields(LifterOutput)}


def assert_agree(output: LifterOutput, expected: LifterOutput, tolerance: float = ROUNDING) -> None:
    expected_arrays = arrays_of(expected)
    for name, value in arrays_of(output).items():
        np.testing.assert_allclose(value, expected_arrays[name], rtol=tolerance, atol=tolerance, err_msg=name)


def test_lifting_is_mirror_symmetric() -> None:
    person_input = waving_person(40, noise=2.0)
    person_input = replace(person_input, observed=np.arange(40) % 3 != 1)
    output, expected = person_input.mirror().run(), person_input.run()
    order = list(blazepose.MIRROR)
    mirror = LifterOutput(
        landmarks_3d=expected.landmarks_3d[:, order] @ FLIP,
        points=expected.points[:, order] @ FLIP[:2, :2],
        sigma=expected.sigma[:, order],
        rotations=FLIP @ expected.rotations[:, list(humanoid.MIRROR)] @ FLIP,
        up=expected.up @ FLIP,
        velocity=expected.velocity @ FLIP,
        contacts=expected.contacts[:, [2, 3, 0, 1]],
        bone_scales=expected.bone_scales,
        scale=expected.scale,
    )
    assert_agree(output, mirror)


def test_chunks_do_not_change_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    person_input = waving_person(170, noise=1.0)
    in_one_chunk = person_input.run()
    assert len(person_input.observed) < CHUNK_FRAMES
    for chunk_frames in (50, 85, 169):
        monkeypatch.setattr(lifter, "CHUNK_FRAMES", chunk_frames)
        assert_agree(person_input.run(), in_one_chunk)


def _record_network_frames(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Records the number of input frames of each run of the network."""
    frame_counts: list[int] = []
    network = lifter._network()

    def count_frames(values: FloatArray) -> Sequence[FloatArray]:
        frame_counts.append(values.shape[1])
        return network(values)

    monkeypatch.setattr(lifter, "_network", lambda: count_frames)
    return frame_counts


def test_chunks_have_limited_context(monkeypatch: pytest.MonkeyPatch) -> None:
    frame_counts = _record_network_frames(monkeypatch)
    monkeypatch.setattr(lifter, "CHUNK_FRAMES", 50)
    waving_person(400).run()
    assert len(frame_counts) == 2 * 8
    assert max(frame_counts) == 50 + 2 * CONTEXT_FRAMES


@pytest.mark.parametrize("frames", [1, 2, 3, 17])
@pytest.mark.parametrize("fps", [7.5, 24.0, 30.0, 30000 / 1001, 120.0])
def test_any_length_and_frame_rate_has_an_output(frames: int, fps: float) -> None:
    output = replace(waving_person(frames), fps=fps).run()
    bones = len(proportions.BONES)
    shapes = {
        "landmarks_3d": (frames, 33, 3), "points": (frames, 33, 2), "sigma": (frames, 33, 2),
        "rotations": (frames, 22, 3, 3), "up": (frames, 3), "velocity": (frames, 3), "contacts": (frames, 4),
        "bone_scales": (bones,), "scale": (),
    }  # fmt: skip
    assert {name: value.shape for name, value in arrays_of(output).items()} == shapes
    assert all(np.isfinite(value).all() for value in arrays_of(output).values())


def test_outputs_are_rotations_unit_vectors_and_probabilities() -> None:
    output = waving_person(30, noise=5.0).run()
    assert_same(
        output.rotations @ np.swapaxes(output.rotations, -1, -2), np.broadcast_to(np.eye(3), (30, 22, 3, 3)), 1e-9
    )
    assert_same(np.linalg.det(output.rotations), 1.0, 1e-9)
    assert_same(np.linalg.norm(output.up, axis=-1), 1.0, 1e-9)
    assert (output.sigma > 0).all()
    assert (output.bone_scales > 0).all()
    assert ((output.contacts >= 0) & (output.contacts <= 1)).all()


def test_3d_landmarks_project_to_the_2d_landmarks() -> None:
    person_input = waving_person(20)
    output = person_input.run()
    hips = view_straight_at(person_input.image_points, person_input.confidence).camera_from_view[:, None, :, 2]
    points = hips + output.scale * output.landmarks_3d
    assert_same(points[..., :2] / points[..., 2:], output.points, 1e-9)


def test_twice_the_frame_rate_gives_the_same_output() -> None:
    fast = replace(waving_person(121), fps=60.0)
    assert_agree(fast.subsample(2).run(), _slice_output(fast.run(), slice(None, None, 2)), tolerance=0.01)


@pytest.mark.parametrize("fps", [24.0, 60.0, 120.0])
@pytest.mark.parametrize("frames", range(2, 12))
def test_the_network_samples_from_the_first_frame_to_the_last(
    frames: int, fps: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame_counts = _record_network_frames(monkeypatch)
    replace(waving_person(frames), fps=fps).run()
    last = (frame_counts[0] - 1) / lifter.NETWORK_FPS
    assert (frames - 1) / fps <= last + 1e-9 < (frames - 1) / fps + 1 / lifter.NETWORK_FPS


def test_half_the_frame_rate_gives_roughly_the_same_output() -> None:
    every_frame = waving_person(120)
    output, expected = every_frame.subsample(2).run(), _slice_output(every_frame.run(), slice(None, None, 2))
    assert np.linalg.norm(output.landmarks_3d - expected.landmarks_3d, axis=-1).mean() < 0.15
    assert np.linalg.norm(output.rotations - expected.rotations, axis=(-2, -1)).mean() < 0.3
    assert np.linalg.norm(output.up - expected.up, axis=-1).mean() < 0.15


def _slice_output(output: LifterOutput, frames: slice) -> LifterOutput:
    """Returns some of the frames."""
    of_frames = ("landmarks_3d", "points", "sigma", "rotations", "up", "velocity", "contacts")
    return replace(output, **{name: getattr(output, name)[frames] for name in of_frames})


def test_known_landmarks_replace_the_estimated_ones() -> None:
    person_input = waving_person(10)
    output = person_input.run()
    view = static_camera(pitch=0.2, yaw=0.6)
    motion = waving_motion(10)
    known = camera.transform(view, np.repeat(motion.root_position[:, None], 33, axis=1))
    known += np.random.default_rng(7).normal(0, 0.4, known.shape)
    after = with_known_landmarks(output, known)
    hips = known[:, HIP_INDICES].mean(axis=1, keepdims=True)
    metres_per_size = np.linalg.norm(hips, axis=-1, keepdims=True) * output.scale
    assert_same(hips + metres_per_size * after.landmarks_3d, known, 1e-12)
    assert_same(after.points * known[..., 2:], known[..., :2], 1e-12)
    assert (after.sigma == lifter.KNOWN_LANDMARK_SIGMA).all()
    for name in ("rotations", "up", "velocity", "contacts", "bone_scales", "scale"):
        assert getattr(after, name) is getattr(output, name)


def test_seconds_since_observed() -> None:
    observed = np.array([True, False, False, False, True, False])
    assert_same(seconds_since_observed(observed, 10.0), [0.0, 0.1, 0.2, 0.1, 0.0, 0.1], 1e-12)
    assert_same(seconds_since_observed(observed, 10.0, np.array([0.5, 2.25, 4.0])), [0.05, 0.175, 0.0], 1e-12)


def test_seconds_since_observed_are_bounded() -> None:
    first_only = np.arange(100) == 0
    output = seconds_since_observed(first_only, 30.0)
    assert_same(output[:30], np.arange(30) / 30, 1e-12)
    assert (output[30:] == MAX_SECONDS_SINCE_OBSERVED).all()
    assert (seconds_since_observed(np.zeros(4, dtype=bool), 30.0) == MAX_SECONDS_SINCE_OBSERVED).all()


@given(arrays(np.bool_, st.integers(1, 20)), st.floats(5, 60))
def test_seconds_since_observed_are_those_to_the_nearest_frame(observed: BoolArray, fps: float) -> None:
    observed_frames = np.flatnonzero(observed)
    expected = [
        min([MAX_SECONDS_SINCE_OBSERVED, *(abs(frame - observed_frames) / fps)]) for frame in range(len(observed))
    ]
    assert_same(seconds_since_observed(observed, fps), expected, 1e-12)


def test_interpolate_linear_on_known_values() -> None:
    given_times, values = np.array([0.0, 2.0, 3.0]), np.array([[0.0, 1.0], [4.0, 1.0], [6.0, -1.0]])
    output = interpolate_linear(np.array([0.0, 0.5, 2.0, 2.5, 3.0]), given_times, values)
    assert_same(output, [[0, 1], [1, 1], [4, 1], [5, 0], [6, -1]], 1e-12)


def test_interpolate_linear_is_constant_beyond_the_ends() -> None:
    values = np.array([[1.0], [3.0]])
    assert_same(interpolate_linear(np.array([-5.0, 4.0, 9.0]), np.array([2.0, 4.0]), values), [[1], [3], [3]], 1e-12)
    assert_same(interpolate_linear(np.arange(3), np.array([1]), values[:1]), [[1], [1], [1]], 1e-12)


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(-3, 12)))
def test_interpolate_linear_agrees_with_numpy(wanted: FloatArray) -> None:
    times = np.array([0.0, 1.0, 1.5, 4.0, 9.0])
    values = np.random.default_rng(8).normal(size=(5, 3))
    expected = np.stack([np.interp(wanted, times, column) for column in values.T], axis=-1)
    assert_same(interpolate_linear(wanted, times, values), expected, 1e-9)


def test_gaps_are_interpolated_and_constant_at_the_ends() -> None:
    values = np.array([[np.nan, np.nan], [1.0, 5.0], [np.nan, 7.0], [np.nan, np.nan], [4.0, 8.0], [np.nan, np.nan]])
    assert_same(interpolate_gaps(values), [[1, 5], [1, 5], [2, 6], [3, 7], [4, 8], [4, 8]], 1e-12)
    assert_same(interpolate_gaps(values.reshape(6, 2, 1))[..., 0], interpolate_gaps(values), 0.0)


def test_interpolating_gaps_keeps_known_values() -> None:
    values = np.random.default_rng(11).normal(size=(20, 33, 3))
    assert_same(interpolate_gaps(values), values, 0.0)
    missing = np.arange(20) % 4 == 2
    incomplete = np.where(missing[:, None, None], np.nan, values)
    assert_same(interpolate_gaps(incomplete)[~missing], values[~missing], 0.0)


def with_gaps(track: Track, observed: BoolArray) -> Track:
    """Returns the track with only some frames observed."""
    boxes, keypoints, landmarks_3d = track.boxes.copy(), track.keypoints.copy(), track.landmarks_3d.copy()
    boxes[~observed], keypoints[~observed], landmarks_3d[~observed] = np.nan, (np.nan, np.nan, 0.0), np.nan
    return Track(track.frames, observed, boxes, keypoints, landmarks_3d)


@pytest.mark.parametrize("gap", [slice(10, 20), slice(0, 5), slice(25, 30), slice(1, 30)])
def test_a_track_with_gaps_is_lifted_in_every_frame(gap: slice) -> None:
    observed = np.ones(30, dtype=bool)
    observed[gap] = False
    track = with_gaps(simulated_track(waving_motion(30), static_camera(), INTRINSICS), observed)
    static = np.broadcast_to(np.eye(4), (30, 4, 4))
    person = prepare_fit(track, INTRINSICS, float(Fraction(30)), static)
    targets = person.targets
    for value in (targets.points, targets.points_sigma, targets.depths, targets.depths_sigma, targets.rotations,
                  targets.root_velocity, targets.contacts, person.start.rotations, person.start.root,
                  person.joint_sigma, person.up):  # fmt: skip
        assert len(value) == 30
        assert np.isfinite(value).all()
    assert not person.confidence[gap].any()
    assert (person.start.root[:, 2] > 0).all()
