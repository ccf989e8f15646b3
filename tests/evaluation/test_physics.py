"""Laws of the physical plausibility of motions: standing, flight, floating, symmetry and invariance."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion
from bodydouble.evaluation import physics
from bodydouble.geometry import rotation
from bodydouble.motion.body.body_landmarks import template_skeleton
from bodydouble.motion.body.proportions import scale_skeleton
from bodydouble.motion.physics import windows
from bodydouble.motion.physics.dynamics import GRAVITY
from bodydouble.skeletons import humanoid
from tests.builders import assert_same

PERIOD_S = 1.5
FPS = Fraction(30)


def swaying(fps: Fraction = FPS, sway_m: float = 0.0, scale: float = 1.0) -> Motion:
    """Returns three periods of a person whose body shifts from side to side over both feet; time scales with size."""
    skeleton = scale_skeleton(template_skeleton(), scale)
    frames = round(3 * PERIOD_S * np.sqrt(scale) * float(fps))
    phase = 6 * np.pi * np.arange(frames) / frames
    shift = scale * sway_m * np.sin(phase)
    rotations = np.tile(rotation.IDENTITY, (frames, 22, 1))
    lean = rotation.from_rotvec(np.stack([np.zeros(frames), np.zeros(frames), -np.arcsin(shift / 0.9 / scale)], axis=1))
    for side in ("left", "right"):
        rotations[:, humanoid.INDEX[f"{side}UpperLeg"]] = rotation.conjugate(lean)
        rotations[:, humanoid.INDEX[f"{side}Foot"]] = lean
    root = np.tile(skeleton.rest_offsets[0], (frames, 1))
    root[:, 0] += shift
    return Motion(skeleton, fps, rotations, root, np.ones((frames, 4)), np.zeros((frames, 22)))


def flying() -> Motion:
    """Returns a person in a rigid pose on a ballistic path, turning about the vertical axis, without contact."""
    motion = swaying()
    seconds = np.arange(len(motion.root_position))[:, None] / float(FPS)
    up = np.array([0.0, 1.0, 0.0])
    path = motion.root_position + seconds * [0.5, 8.0, 0.2] - 0.5 * GRAVITY * seconds**2 * up
    return replace(motion, root_position=path, contacts=np.zeros_like(motion.contacts))


def mirror(motion: Motion) -> Motion:
    rotations = motion.rotations[:, list(humanoid.MIRROR)] * [1.0, -1.0, -1.0, 1.0]
    return replace(
        motion,
        rotations=rotations,
        root_position=motion.root_position * [-1.0, 1.0, 1.0],
        contacts=motion.contacts[:, [2, 3, 0, 1]],
    )


def turn(motion: Motion, angle: float) -> Motion:
    heading = rotation.from_rotvec(np.array([0.0, angle, 0.0]))
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(heading, rotations[:, 0])
    root = rotation.rotate(heading, motion.root_position) + np.array([3.0, 0.0, -2.0])
    return replace(motion, rotations=rotations, root_position=root)


def on_one_foot(motion: Motion) -> Motion:
    """Takes away the contacts of the left foot."""
    return replace(motion, contacts=motion.contacts * [0.0, 0.0, 1.0, 1.0])


def unexplained(motion: Motion) -> tuple[FloatArray, FloatArray]:
    """Returns force and torque that no contact explains in the second of three periods."""
    measures = physics.measure_physics(motion)
    return middle_period(measures.unexplained_force), middle_period(measures.unexplained_torque)


def middle_period(values: FloatArray) -> FloatArray:
    return values[len(values) // 3 : -len(values) // 3]


def test_a_person_who_stands_is_explained_and_balanced() -> None:
    measures = physics.measure_physics(swaying())
    assert measures.is_supported.all()
    for values in (measures.unexplained_force, measures.unexplained_torque, measures.imbalance_m):
        assert_same(middle_period(values), np.zeros(len(values) // 3), 1e-6)


def test_a_slow_sway_over_both_feet_is_explained() -> None:
    force, torque = unexplained(swaying(sway_m=0.03))
    assert force.max() < 1e-6
    assert torque.max() < 1e-6


def test_without_contacts_the_whole_weight_is_unexplained() -> None:
    motion = swaying()
    measures = physics.measure_physics(replace(motion, contacts=np.zeros_like(motion.contacts)))
    assert not measures.is_supported.any()
    assert_same(middle_period(measures.unexplained_force), np.ones(len(motion.contacts) // 3), 1e-6)
    assert np.isnan(measures.imbalance_m).all()


def test_ballistic_flight_needs_no_contact() -> None:
    force, torque = unexplained(flying())
    assert_same(force, np.zeros(len(force)), 1e-6)
    assert_same(torque, np.zeros(len(torque)), 1e-6)


def test_standing_on_one_foot_with_the_body_between_both_is_unexplained() -> None:
    measures = physics.measure_physics(on_one_foot(swaying()))
    assert np.nanmin(measures.unexplained_torque) > 0.01
    assert np.nanmin(measures.imbalance_m) > 0.03


@pytest.mark.parametrize("change", [mirror, lambda motion: turn(motion, np.pi / 2)])
def test_measures_do_not_depend_on_side_place_and_heading(change: object) -> None:
    assert callable(change)
    motion = on_one_foot(swaying(sway_m=0.1))
    before, after = unexplained(motion), unexplained(change(motion))
    assert before[0].max() > 0.02, "the motion must not be explained completely"
    assert_same(after[0], before[0], 1e-6)
    assert_same(after[1], before[1], 1e-6)


def test_measures_do_not_depend_on_the_frame_rate() -> None:
    expected = unexplained(on_one_foot(swaying(sway_m=0.1)))
    for fps in (20, 60, 120):
        force, torque = unexplained(on_one_foot(swaying(Fraction(fps), sway_m=0.1)))
        assert np.mean(force) == pytest.approx(np.mean(expected[0]), rel=0.05)
        assert np.mean(torque) == pytest.approx(np.mean(expected[1]), rel=0.05)


def test_measures_do_not_depend_on_size_if_time_is_scaled_with_its_root() -> None:
    expected = unexplained(on_one_foot(swaying(sway_m=0.1)))
    force, torque = unexplained(on_one_foot(swaying(sway_m=0.1, scale=1.3)))
    assert np.mean(force) == pytest.approx(np.mean(expected[0]), rel=0.03)
    assert np.mean(torque) == pytest.approx(np.mean(expected[1]), rel=0.03)


def test_long_motions_are_measured_in_windows_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    motion = on_one_foot(swaying(Fraction(60), sway_m=0.1))
    whole = physics.measure_physics(motion)
    monkeypatch.setattr(windows, "WINDOW_FRAMES", 60)
    in_windows = physics.measure_physics(motion)
    assert_same(in_windows.unexplained_force, whole.unexplained_force, 1e-4)
    assert_same(in_windows.imbalance_m, whole.imbalance_m, 1e-4)
    np.testing.assert_array_equal(in_windows.is_supported, whole.is_supported)


def test_unknown_contacts_the_ends_and_very_short_motions_are_not_measured() -> None:
    motion = swaying()
    is_known = np.arange(len(motion.contacts)) >= 40
    force = physics.measure_physics(motion, is_known).unexplained_force
    np.testing.assert_array_equal(np.isfinite(force), is_known & (np.arange(len(force)) < len(force) - 3))
    nothing = replace(motion, contacts=np.full_like(motion.contacts, np.nan))
    assert np.isnan(physics.measure_physics(nothing).unexplained_force).all()
    short = replace(
        motion, rotations=motion.rotations[:3], root_position=motion.root_position[:3], contacts=motion.contacts[:3],
        joint_sigma=motion.joint_sigma[:3],
    )  # fmt: skip
    assert np.isnan(physics.measure_physics(short).unexplained_force).all()
