"""Stored bodies have human proportions, and sampled ones lie between them."""

import numpy as np
import pytest

from bodydouble.geometry import kinematics
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.synthetic import bodies

MIRROR = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(params=range(len(bodies.load_bodies())))
def body(request: pytest.FixtureRequest) -> bodies.Body:
    body: bodies.Body = bodies.load_bodies()[request.param]
    return body


def test_bodies_stand_on_the_floor(body: bodies.Body) -> None:
    skin = np.unique(bodies.load_topology().faces["skin"])
    assert body.positions[skin, 1].min() == pytest.approx(0.0, abs=2e-4)


def test_bodies_are_symmetric(body: bodies.Body) -> None:
    joints = [bodies.JOINTS.index(humanoid.mirrored_name(name)) for name in bodies.JOINTS]
    np.testing.assert_allclose(body.joints, body.joints[joints] * MIRROR, atol=1e-3)
    np.testing.assert_allclose(body.landmarks, body.landmarks[list(blazepose.MIRROR)] * MIRROR, atol=1e-3)


def test_landmarks_lie_on_or_in_the_skin(body: bodies.Body) -> None:
    skin = body.positions[np.unique(bodies.load_topology().faces["skin"])]
    for name, point in zip(blazepose.LANDMARKS, body.landmarks, strict=True):
        assert np.linalg.norm(skin - point, axis=1).min() < 0.12, name


def test_rest_positions_of_skeletons_are_the_joints(body: bodies.Body) -> None:
    full, small = bodies.build_full_skeleton(body), bodies.build_humanoid_skeleton(body)
    np.testing.assert_allclose(kinematics.rest_positions(full), body.joints, atol=1e-9)
    np.testing.assert_allclose(kinematics.rest_positions(small), body.joints[: len(humanoid.JOINTS)], atol=1e-9)


def test_landmark_attachments_reproduce_the_landmarks(body: bodies.Body) -> None:
    joints, offsets = bodies.attach_landmarks(body)
    np.testing.assert_allclose(body.joints[joints] + offsets, body.landmarks, atol=1e-9)


def test_bodies_cover_children_and_adults_of_many_builds() -> None:
    skin = np.unique(bodies.load_topology().faces["skin"])
    stature = np.array([body.positions[skin, 1].max() for body in bodies.load_bodies()])
    assert stature.min() < 1.45
    assert 1.8 < stature.max() < 2.1
    adults = [body for body, height in zip(bodies.load_bodies(), stature, strict=True) if height > 1.5]
    waist = [np.ptp(body.positions[_waist_vertices(body), 0]) for body in adults]
    assert max(waist) > 1.2 * min(waist)


def _waist_vertices(body: bodies.Body) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    height = body.joint_position("spine")[1]
    in_skin = np.isin(np.arange(len(body.positions)), np.unique(bodies.load_topology().faces["skin"]))
    near = (np.abs(body.positions[:, 1] - height) < 0.03) & (np.abs(body.positions[:, 0]) < 0.3)
    return np.asarray(in_skin & near)


def test_skinning_weights_sum_to_one() -> None:
    topology = bodies.load_topology()
    np.testing.assert_allclose(topology.joint_weights.sum(axis=1), 1.0)
    assert topology.joint_indices.max() < len(bodies.JOINTS)


def test_sampled_body_lies_between_two_stored_bodies() -> None:
    sampled = bodies.sample_body(np.random.default_rng(4))
    low = np.min([body.joints for body in bodies.load_bodies()], axis=0)
    high = np.max([body.joints for body in bodies.load_bodies()], axis=0)
    assert np.all((sampled.joints >= low - 1e-9) & (sampled.joints <= high + 1e-9))
    again = bodies.sample_body(np.random.default_rng(4))
    np.testing.assert_array_equal(sampled.positions, again.positions)
    assert not np.allclose(sampled.positions, bodies.sample_body(np.random.default_rng(5)).positions)
