"""Augmented motions: requested length and frame rate, determined by the seed, joints within limits."""

from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import Motion
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid
from bodydouble.training import augmentation
from bodydouble.training.augmentation import MAX_SOURCE_FRACTION, MotionAugmenter, Recording, compute_probabilities
from bodydouble.training.procedural_poses import ELBOW_LIMITS, KNEE_LIMITS, generate_motion
from tests.training.scenes import swaying_motion

FRAMES, FPS = 64, Fraction(30)
SOURCES = [
    Recording(motion)
    for motion in (swaying_motion(90), swaying_motion(400, seed=1, fps=Fraction(120)), swaying_motion(20, seed=2))
]


def sampled(seed: int) -> Motion:
    return MotionAugmenter(SOURCES, FRAMES, FPS).sample(np.random.default_rng(seed))


@pytest.fixture
def without_augmentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switches all augmentation but the choice of excerpts off."""
    for share in ("PROCEDURAL_FRACTION", "RECOMBINED_FRACTION", "LIMBWISE_FRACTION", "TUMBLING_FRACTION"):
        monkeypatch.setattr(augmentation, share, 0.0)
    monkeypatch.setattr(augmentation, "JOINT_OFFSET_SIGMAS", ())


@pytest.mark.parametrize("seed", range(12))
def test_samples_have_the_requested_length_and_frame_rate(seed: int) -> None:
    motion = sampled(seed)
    assert motion.fps == FPS
    assert motion.rotations.shape == (FRAMES, len(humanoid.JOINTS), 4)
    assert motion.root_position.shape == (FRAMES, 3)
    np.testing.assert_allclose(np.linalg.norm(motion.rotations, axis=-1), 1.0, atol=1e-9)


def test_same_seed_gives_same_motion() -> None:
    first, again, different = sampled(3), sampled(3), sampled(4)
    for field in fields(Motion):
        if field.name not in ("skeleton", "fps"):
            np.testing.assert_array_equal(getattr(first, field.name), getattr(again, field.name))
    assert np.abs(first.rotations - different.rotations).max() > 0.01


@pytest.mark.usefixtures("without_augmentation")
def test_time_warp_limits_the_speed() -> None:
    source = swaying_motion(400, seed=1, fps=Fraction(120))
    augmenter = MotionAugmenter([Recording(source)], FRAMES, FPS)
    source_speed = (
        np.linalg.norm(np.diff(source.root_position, axis=0), axis=1).sum() / (len(source.rotations) - 1) * 120
    )
    slowest, fastest = augmentation.TIME_WARP
    rng = np.random.default_rng(0)
    for _ in range(8):
        path = augmenter.sample(rng).root_position
        speed = np.linalg.norm(np.diff(path, axis=0), axis=1).sum() / (FRAMES - 1) * 30
        # The speed of swaying differs between excerpts.
        assert 0.3 * slowest * source_speed < speed < 3 * fastest * source_speed


@pytest.mark.usefixtures("without_augmentation")
def test_recombination_replaces_the_arms_only(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = MotionAugmenter(SOURCES[:1], FRAMES, FPS).sample(np.random.default_rng(0))
    monkeypatch.setattr(augmentation, "_sample_borrowed_joints", lambda _: [augmentation.ARM_JOINTS])
    mixed = MotionAugmenter(SOURCES[:1], FRAMES, FPS).sample(np.random.default_rng(0))
    others = [i for i in range(len(humanoid.JOINTS)) if i not in augmentation.ARM_JOINTS]
    np.testing.assert_allclose(mixed.rotations[:, others], alone.rotations[:, others], atol=1e-12)
    assert (
        np.abs(mixed.rotations[:, augmentation.ARM_JOINTS] - alone.rotations[:, augmentation.ARM_JOINTS]).max() > 0.01
    )


def test_limbs_partition_arms_and_legs() -> None:
    joints = [joint for limb in augmentation.LIMB_JOINTS for joint in limb]
    assert len(set(joints)) == len(joints)
    assert set(joints) == set(augmentation.ARM_JOINTS) | set(augmentation.LEG_JOINTS)


@pytest.mark.parametrize("seed", range(5))
def test_procedural_knees_and_elbows_flex_within_limits_about_one_axis(seed: int) -> None:
    motion = generate_motion(swaying_motion(), FRAMES, FPS, np.random.default_rng(seed))
    assert len(motion.rotations) == FRAMES
    rotation_vectors = rotation.to_rotvec(motion.rotations)
    for joint, axis, sign, limits in (
        ("leftLowerLeg", 0, 1, KNEE_LIMITS), ("rightLowerLeg", 0, 1, KNEE_LIMITS),
        ("leftLowerArm", 1, -1, ELBOW_LIMITS), ("rightLowerArm", 1, 1, ELBOW_LIMITS),
    ):  # fmt: skip
        source_speed = rotation_vectors[:, humanoid.INDEX[joint]]
        angle = sign * source_speed[:, axis]
        assert limits[0] - 1e-9 <= angle.min()
        assert angle.max() <= limits[1] + 1e-9
        np.testing.assert_allclose(np.delete(source_speed, axis, axis=1), 0.0, atol=1e-9)


def test_procedural_motions_have_no_jumps() -> None:
    motion = generate_motion(swaying_motion(), 200, FPS, np.random.default_rng(1))
    steps = rotation.angle_between(motion.rotations[1:], motion.rotations[:-1]) * float(FPS)
    assert steps.max() < 30.0


@pytest.mark.parametrize("counts", [{"a": 3}, {"a": 40, "b": 1}, {"a": 60, "b": 30, "c": 2, "d": 1, "e": 1, "f": 5}])
def test_no_source_dominates(counts: dict[str, int]) -> None:
    recordings = [Recording(swaying_motion(70), name) for name, count in counts.items() for _ in range(count)]
    probabilities = compute_probabilities(recordings)
    shares = {
        name: sum(p for p, recording in zip(probabilities, recordings, strict=True) if recording.source == name)
        for name in counts
    }
    assert sum(shares.values()) == pytest.approx(1.0)
    assert max(shares.values()) <= max(MAX_SOURCE_FRACTION, 1 / len(counts)) + 1e-9


def test_longer_recordings_are_drawn_more_often() -> None:
    probabilities = compute_probabilities([Recording(swaying_motion(70)), Recording(swaying_motion(280))])
    np.testing.assert_allclose(probabilities, [1 / 3, 2 / 3])
