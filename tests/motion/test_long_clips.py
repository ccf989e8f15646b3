"""Long clips: windows give what the whole clip gives, and the memory per frame is bounded."""

import tracemalloc
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Hands, Motion, Track
from bodydouble.data.windows import split_into_windows
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.fit.solve import SolveOptions
from bodydouble.motion.hands import arm_placement, fit, hand_views
from bodydouble.motion.hands import capture_hands as capture_hands_module
from bodydouble.motion.hands.arm_placement import SIDES, SeenHand, place_arms
from bodydouble.motion.hands.capture_hands import capture_hands
from bodydouble.motion.lifting import lift, long_clips
from bodydouble.motion.lifting.fit_input import FitInput
from bodydouble.motion.lifting.lift import prepare_fit
from bodydouble.motion.lifting.lifter_input import interpolate_gaps
from bodydouble.motion.physics import windows
from bodydouble.motion.reconstruct import MotionOptions, ReconstructionInput, default_intrinsics, reconstruct
from tests import builders
from tests.motion.hands import test_arm_placement, test_capture_hands
from tests.motion.hands.scenes import level_camera
from tests.motion.scenes import FPS, IMAGE_SIZE, simulated_track, static_camera, waving_motion

FRAMES = 720
INTRINSICS = default_intrinsics(IMAGE_SIZE)
FEW_STEPS = MotionOptions(solve=SolveOptions(max_steps=2, window_frames=120, margin_frames=45))
MAX_BYTES_PER_FRAME = 5000
"""Maximum growth of the peak of the motion stage per frame of one person, of which the input of the fit has 2400."""
MAX_HAND_BYTES_PER_FRAME = 4000
"""Maximum growth of the peak per frame with which both hands of a person are captured."""


def long_track(frames: int = FRAMES, noise: float = 1.0) -> Track:
    """A person who waves once in two seconds, all the while, and is hidden for a second now and then."""
    motion = waving_motion(60)
    repeated = replace(
        motion,
        rotations=np.tile(motion.rotations, (frames // 60, 1, 1)),
        root_position=np.tile(motion.root_position, (frames // 60, 1)),
        contacts=np.tile(motion.contacts, (frames // 60, 1)),
        joint_sigma=np.tile(motion.joint_sigma, (frames // 60, 1)),
    )
    track = simulated_track(repeated, static_camera(), INTRINSICS, noise)
    hidden = np.arange(frames) % 200 >= 170
    values = {name: getattr(track, name).copy() for name in ("boxes", "keypoints", "landmarks_3d")}
    for array in values.values():
        array[hidden] = np.nan
    values["keypoints"][hidden, :, 2] = 0.0
    return replace(track, observed=~hidden, **values)


def use_short_windows(monkeypatch: pytest.MonkeyPatch, length: int = 240) -> None:
    for module in (long_clips, lift, windows):
        monkeypatch.setattr(module, "WINDOW_FRAMES", length)
    monkeypatch.setattr(lift, "WINDOW_MARGIN_SECONDS", 3.0)


@pytest.mark.parametrize(
    ("frames", "length", "margin", "step"), [(1000, 300, 75, 1), (999, 100, 30, 30), (5, 10, 3, 2)]
)
def test_windows_cover_every_frame_once(frames: int, length: int, margin: int, step: int) -> None:
    windows = list(split_into_windows(frames, length, margin, step))
    assert np.concatenate([np.arange(frames)[inner] for inner, _ in windows]).tolist() == list(range(frames))
    for inner, outer in windows:
        assert inner.start % step == 0
        assert outer.start == max(inner.start - margin, 0)
        assert outer.stop == min(inner.stop + margin, frames)


def test_gaps_are_interpolated_alike_in_some_rows_and_in_all() -> None:
    track = long_track(240)
    whole = interpolate_gaps(track.keypoints, track.observed)
    for rows in (slice(0, 60), slice(100, 180), slice(172, 190), slice(199, 240)):
        np.testing.assert_array_equal(interpolate_gaps(track.keypoints, track.observed, rows), whole[rows])


def test_clips_of_one_window_are_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    track, poses = long_track(240), np.tile(np.eye(4), (240, 1, 1))
    default = prepare_fit(track, INTRINSICS, float(FPS), poses)
    use_short_windows(monkeypatch)
    for name, value in arrays_of(prepare_fit(track, INTRINSICS, float(FPS), poses)).items():
        assert value.dtype == np.float64
        np.testing.assert_array_equal(value, arrays_of(default)[name])


def arrays_of(person: FitInput) -> dict[str, FloatArray]:
    """All arrays of the input of a fit by name."""
    parts = {"": person, "targets.": person.targets, "start.": person.start}
    return {
        prefix + item.name: value
        for prefix, part in parts.items()
        for item in fields(part)  # type: ignore[arg-type]
        if isinstance(value := getattr(part, item.name), np.ndarray)
    }


def test_windows_are_lifted_as_the_whole_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    track, poses = long_track(), np.tile(np.eye(4), (FRAMES, 1, 1))
    whole = prepare_fit(track, INTRINSICS, float(FPS), poses)
    use_short_windows(monkeypatch)
    windowed = prepare_fit(track, INTRINSICS, float(FPS), poses)
    np.testing.assert_allclose(windowed.skeleton.rest_offsets, whole.skeleton.rest_offsets, atol=1e-6)
    expected = arrays_of(whole)
    for name, value in arrays_of(windowed).items():
        assert value.dtype == np.float32, name
        np.testing.assert_allclose(value, expected[name], atol=2e-3, err_msg=name)


def test_windows_give_the_motion_of_the_whole_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = ReconstructionInput((long_track(),), IMAGE_SIZE, FRAMES, FPS)
    camera, (whole,) = reconstruct(inputs, FEW_STEPS)
    use_short_windows(monkeypatch)
    windowed_camera, (windowed,) = reconstruct(inputs, FEW_STEPS)
    np.testing.assert_allclose(windowed_camera.camera_from_world, camera.camera_from_world, atol=1e-3)
    distance = np.linalg.norm(kinematics.joint_positions(windowed) - kinematics.joint_positions(whole), axis=-1)
    assert distance.max() < 0.003


def test_memory_of_the_motion_stage_grows_little_per_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    use_short_windows(monkeypatch, 120)
    monkeypatch.setattr("bodydouble.motion.fit.solve.MAX_PARALLEL_WINDOWS", 1)
    options = MotionOptions(solve=SolveOptions(max_steps=1, window_frames=60, margin_frames=15))
    frames = (480, 1440)
    peaks = [
        measure_peak(reconstruct, ReconstructionInput((long_track(count),), IMAGE_SIZE, count, FPS), options)
        for count in frames
    ]
    assert (peaks[1] - peaks[0]) / (frames[1] - frames[0]) < MAX_BYTES_PER_FRAME


def measure_peak(function: Callable[..., object], *args: object) -> int:
    """Returns the largest number of bytes that a call has in use beyond those before it."""
    tracemalloc.start()
    try:
        function(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_arms_are_placed_in_windows_as_in_the_whole_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 20
    motion = repeat(test_arm_placement.bent_arms(0.8), count)
    cameras = np.tile(test_arm_placement.CAMERA_FROM_WORLD, (count, 1, 1))
    hands = {side: _moving_hand(motion, side, count) for side in SIDES}
    whole = place_arms(motion, cameras, hands)
    monkeypatch.setattr(arm_placement, "WINDOW_FRAMES", 200)
    monkeypatch.setattr(arm_placement, "WINDOW_MARGIN_SECONDS", 3.0)
    windowed = place_arms(motion, cameras, hands)
    assert rotation.angle_between(windowed.rotations, whole.rotations).max() < 2e-3
    assert rotation.angle_between(whole.rotations, motion.rotations).max() > 0.05


def repeat(motion: Motion, count: int) -> Motion:
    """The motion, several times."""
    return replace(
        motion,
        rotations=np.tile(motion.rotations, (count, 1, 1)),
        root_position=np.tile(motion.root_position, (count, 1)),
        contacts=np.tile(motion.contacts, (count, 1)),
        joint_sigma=np.tile(motion.joint_sigma, (count, 1)),
    )


def _moving_hand(motion: Motion, side: str, count: int) -> SeenHand:
    """A hand that is seen beside its place and, on the right, not all the while."""
    hand = test_arm_placement.seen_hand(test_arm_placement.bent_arms(0.8), side)
    frames = len(motion.rotations)
    shift = builders.wave(np.random.default_rng(SIDES.index(side)), frames, (2,), 0.03)
    rays = np.tile(hand.rays, (count, 1))
    rays[:, :2] += shift
    observed = np.ones(frames, dtype=bool) if side == "left" else np.arange(frames) % 150 < 100
    landmarks = np.tile(hand.landmarks, (count, 1, 1))
    return SeenHand(observed, rays, np.tile(hand.depths, count), landmarks, hand.palm_length)


def capture_both_hands(repeats: int) -> tuple[Hands, Motion]:
    """Captures both hands of a body that sways again and again, each seen in every third frame."""
    motion, left = test_capture_hands.scene(is_right=False)
    _, right = test_capture_hands.scene(is_right=True)
    seen = enumerate(zip(left, right, strict=True))
    pairs = [pair if frame % 3 == 0 else (None, None) for frame, pair in seen]
    frames = repeats * len(pairs)
    hands, joined = capture_hands(pairs * repeats, repeat(motion, repeats), level_camera(frames), np.arange(frames))
    assert hands is not None
    return hands, joined


def use_short_hand_windows(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    for module in (hand_views, arm_placement, capture_hands_module):
        monkeypatch.setattr(module, "WINDOW_FRAMES", length)
    monkeypatch.setattr(arm_placement, "WINDOW_MARGIN_SECONDS", 2.0)


def test_hands_of_windows_are_those_of_the_whole_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, whole_motion = capture_both_hands(8)
    use_short_hand_windows(monkeypatch, 60)
    hands, motion = capture_both_hands(8)
    assert hands.keypoints.dtype == np.float32
    np.testing.assert_array_equal(hands.observed, whole.observed)
    np.testing.assert_allclose(hands.keypoints, whole.keypoints, rtol=1e-6)
    assert rotation.angle_between(hands.rotations, whole.rotations).max() < 1e-3
    assert rotation.angle_between(motion.rotations, whole_motion.rotations).max() < 5e-3


def test_memory_of_hands_grows_little_per_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    use_short_hand_windows(monkeypatch, 60)
    monkeypatch.setattr(fit, "LENIENCY", (3.0, 1.0))
    monkeypatch.setattr(fit, "WINDOW_FRAMES", 60)
    monkeypatch.setattr(fit, "MARGIN_FRAMES", 10)
    peaks = [measure_peak(capture_both_hands, repeats) for repeats in (20, 60)]
    assert (peaks[1] - peaks[0]) / (40 * test_capture_hands.FRAMES) < MAX_HAND_BYTES_PER_FRAME
