"""Masses of a body: totals, known centre of mass, inertia of the tables, symmetry and scale."""

import numpy as np
import pytest

from bodydouble.data import Skeleton
from bodydouble.geometry import rotation
from bodydouble.geometry.kinematics import forward_kinematics
from bodydouble.motion.body.body_landmarks import template_skeleton
from bodydouble.motion.body.proportions import scale_skeleton, stature
from bodydouble.motion.physics.mass_distribution import (
    LIMB_SEGMENTS,
    TRUNK_SEGMENTS,
    MassDistribution,
    center_of_mass,
    distribute_mass,
    leg_length,
    mass_positions,
)
from bodydouble.skeletons import humanoid
from tests.builders import assert_same


@pytest.fixture
def skeleton() -> Skeleton:
    return template_skeleton()


def upright(skeleton: Skeleton, arm_angle: float = 1.4) -> np.ndarray:
    """Returns the mass points (K, 3) of a person who stands with lowered arms."""
    rotations = np.tile(rotation.IDENTITY, (1, 22, 1))
    for side, sign in (("left", -1.0), ("right", 1.0)):
        rotations[:, humanoid.INDEX[f"{side}UpperArm"]] = rotation.from_rotvec(np.array([0.0, 0.0, sign * arm_angle]))
    return np.asarray(mass_positions(distribute_mass(skeleton), skeleton, rotations, skeleton.rest_offsets[:1])[0])


def test_masses_of_the_table_are_those_of_a_whole_body() -> None:
    total = sum(s.mass for s in TRUNK_SEGMENTS) + 2 * sum(s.mass for s in LIMB_SEGMENTS)
    assert total == pytest.approx(1.0, abs=2e-3)
    assert distribute_mass(template_skeleton()).masses.sum() == pytest.approx(1.0, abs=1e-12)


def test_the_center_of_mass_of_a_standing_person_is_at_the_height_that_the_literature_gives(
    skeleton: Skeleton,
) -> None:
    center = distribute_mass(skeleton).masses @ upright(skeleton)
    assert 0.54 < center[1] / stature(skeleton) < 0.58, "54 to 58 % of the stature (Winter 2009)"
    assert abs(center[0]) < 1e-9
    assert abs(center[2]) < 0.05


def test_points_of_the_thigh_have_the_moments_of_inertia_of_the_table(skeleton: Skeleton) -> None:
    body, thigh = distribute_mass(skeleton), next(s for s in LIMB_SEGMENTS if s.joint == "UpperLeg")
    points, masses = _points_of(body, "leftUpperLeg")
    length = float(np.linalg.norm(skeleton.rest_offsets[humanoid.INDEX["leftLowerLeg"]]))
    center = masses @ points / masses.sum()
    assert_same(center, [0.0, -thigh.center * length, 0.0], 2e-3)
    x, y, z = (points - center).T
    moments = [masses @ (x**2 + y**2), masses @ (y**2 + z**2), masses @ (x**2 + z**2)]
    assert moments == pytest.approx([masses.sum() * (length * radius) ** 2 for radius in thigh.radii], rel=1e-3)


def _points_of(body: MassDistribution, joint: str) -> tuple[np.ndarray, np.ndarray]:
    rows = body.joints == humanoid.INDEX[joint]
    return body.offsets[rows], body.masses[rows]


def test_the_center_of_mass_of_a_pose_is_that_of_its_points(skeleton: Skeleton) -> None:
    rng = np.random.default_rng(3)
    rotations = rotation.normalize(rng.normal(size=(5, len(humanoid.JOINTS), 4)))
    root = rng.normal(size=(5, 3))
    body = distribute_mass(skeleton)
    joints, world = forward_kinematics(skeleton, rotations, root)
    expected = body.masses @ mass_positions(body, skeleton, rotations, root)
    np.testing.assert_allclose(center_of_mass(body, joints, rotation.to_matrix(world)), expected, atol=1e-12)


def test_left_and_right_are_mirror_images(skeleton: Skeleton) -> None:
    body = distribute_mass(skeleton)
    for joint in humanoid.JOINTS:
        points, masses = _points_of(body, joint)
        mirrored, mirrored_masses = _points_of(body, humanoid.mirrored_name(joint))
        mirrored = mirrored * [-1.0, 1.0, 1.0]
        assert masses.sum() == pytest.approx(mirrored_masses.sum())
        for point in points:
            assert np.linalg.norm(mirrored - point, axis=1).min() < 1e-9, joint


def test_masses_scale_with_the_skeleton(skeleton: Skeleton) -> None:
    large = scale_skeleton(skeleton, 1.2)
    assert_same(distribute_mass(large).offsets, 1.2 * distribute_mass(skeleton).offsets, 1e-9)
    assert leg_length(large) == pytest.approx(1.2 * leg_length(skeleton))
