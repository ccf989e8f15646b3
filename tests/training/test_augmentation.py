"""What people do in training: as long and as fast as asked, from the same seed the same, joints within limits."""

from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import Motion
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid
from bodydouble.training import augmentation
from bodydouble.training.augmentation import MotionAugmenter
from bodydouble.training.procedural_poses import ELBOW_LIMITS, KNEE_LIMITS, generate_motion
from tests.training.scenes import moving

FRAMES, FPS = 64, Fraction(30)
SOURCES = [moving(90), moving(400, seed=1, fps=Fraction(120)), moving(20, seed=2)]


def drawn(seed: int) -> Motion:
    return MotionAugmenter(SOURCES, FRAMES, FPS).sample(np.random.default_rng(seed))


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Capture as it is."""
    for share in ("PROCEDURAL_FRACTION", "RECOMBINED_FRACTION", "LIMBWISE_FRACTION", "TUMBLING_FRACTION"):
        monkeypatch.setattr(augmentation, share, 0.0)
    monkeypatch.setattr(augmentation, "JOINT_OFFSET_SIGMAS", ())


@pytest.mark.parametrize("seed", range(12))
def test_every_motion_is_as_long_and_as_fast_as_asked(seed: int) -> None:
    motion = drawn(seed)
    assert motion.fps == FPS
    assert motion.rotations.shape == (FRAMES, len(humanoid.JOINTS), 4)
    assert motion.root_position.shape == (FRAMES, 3)
    np.testing.assert_allclose(np.linalg.norm(motion.rotations, axis=-1), 1.0, atol=1e-9)


def test_the_same_seed_draws_the_same() -> None:
    one, again, other = drawn(3), drawn(3), drawn(4)
    for field in fields(Motion):
        if field.name not in ("skeleton", "fps"):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(again, field.name))
    assert np.abs(one.rotations - other.rotations).max() > 0.01


@pytest.mark.usefixtures("plain")
def test_speed_changes_by_no_more_than_the_warp() -> None:
    source = moving(400, seed=1, fps=Fraction(120))
    repertoire_of_one = MotionAugmenter([source], FRAMES, FPS)
    own = np.linalg.norm(np.diff(source.root_position, axis=0), axis=1).sum() / (len(source.rotations) - 1) * 120
    slowest, fastest = augmentation.TIME_WARP
    rng = np.random.default_rng(0)
    for _ in range(8):
        path = repertoire_of_one.sample(rng).root_position
        speed = np.linalg.norm(np.diff(path, axis=0), axis=1).sum() / (FRAMES - 1) * 30
        # How fast somebody sways differs from stretch to stretch.
        assert 0.3 * slowest * own < speed < 3 * fastest * own


@pytest.mark.usefixtures("plain")
def test_arms_come_from_another_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = MotionAugmenter(SOURCES[:1], FRAMES, FPS).sample(np.random.default_rng(0))
    monkeypatch.setattr(augmentation, "_sample_borrowed_joints", lambda _: [augmentation.ARM_JOINTS])
    mixed = MotionAugmenter(SOURCES[:1], FRAMES, FPS).sample(np.random.default_rng(0))
    others = [i for i in range(len(humanoid.JOINTS)) if i not in augmentation.ARM_JOINTS]
    np.testing.assert_allclose(mixed.rotations[:, others], alone.rotations[:, others], atol=1e-12)
    assert (
        np.abs(mixed.rotations[:, augmentation.ARM_JOINTS] - alone.rotations[:, augmentation.ARM_JOINTS]).max() > 0.01
    )


def test_limbs_are_all_of_the_arms_and_legs_and_share_nothing() -> None:
    joints = [joint for limb in augmentation.LIMB_JOINTS for joint in limb]
    assert len(set(joints)) == len(joints)
    assert set(joints) == set(augmentation.ARM_JOINTS) | set(augmentation.LEG_JOINTS)


@pytest.mark.parametrize("seed", range(5))
def test_invented_knees_and_elbows_bend_about_one_axis_and_one_way(seed: int) -> None:
    made = generate_motion(moving(), FRAMES, FPS, np.random.default_rng(seed))
    assert len(made.rotations) == FRAMES
    turns = rotation.to_rotvec(made.rotations)
    for joint, axis, sign, limits in (
        ("leftLowerLeg", 0, 1, KNEE_LIMITS), ("rightLowerLeg", 0, 1, KNEE_LIMITS),
        ("leftLowerArm", 1, -1, ELBOW_LIMITS), ("rightLowerArm", 1, 1, ELBOW_LIMITS),
    ):  # fmt: skip
        own = turns[:, humanoid.INDEX[joint]]
        angle = sign * own[:, axis]
        assert limits[0] - 1e-9 <= angle.min()
        assert angle.max() <= limits[1] + 1e-9
        np.testing.assert_allclose(np.delete(own, axis, axis=1), 0.0, atol=1e-9)


def test_invented_motions_have_no_jumps() -> None:
    made = generate_motion(moving(), 200, FPS, np.random.default_rng(1))
    steps = rotation.angle_between(made.rotations[1:], made.rotations[:-1]) * float(FPS)
    assert steps.max() < 30.0
