"""Occlusion of lines of sight by people and objects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodydouble.data import FloatArray
from bodydouble.geometry import camera, rotation
from bodydouble.synthetic import visibility
from bodydouble.synthetic.props import Prop, build_character, sample_occluder
from bodydouble.synthetic.visibility import Capsules, is_occluded_by_person, is_occluded_by_prop

CAMERA_POSITION = np.array([[0.0, 1.0, 5.0]])


def _vertical_capsule(x: float, z: float) -> Capsules:
    """Vertical capsule of 10 cm radius."""
    return Capsules(np.array([[[x, 0.0, z]]]), np.array([[[x, 2.0, z]]]), np.array([0.1]))


@pytest.mark.parametrize(
    ("x", "z", "occluded"), [(0.0, 2.0, True), (0.15, 2.0, False), (0.0, -1.0, False), (0.05, 1.0, True)]
)
def test_person_occludes_points_behind(x: float, z: float, occluded: bool) -> None:
    point = np.array([[[0.0, 1.0, 0.0]]])
    assert is_occluded_by_person(CAMERA_POSITION, point, _vertical_capsule(x, z))[0, 0] == occluded


@pytest.mark.parametrize(("x", "occluded"), [(0.0, True), (0.29, True), (0.31, False)])
def test_box_occludes_points_behind(x: float, occluded: bool) -> None:
    pose = np.eye(4)
    pose[:3, 3] = [x, 1.0, 2.5]
    prop = Prop(pose, np.array([0.3, 0.5, 0.2]), np.ones(3))
    assert is_occluded_by_prop(CAMERA_POSITION, np.array([[[0.0, 1.0, 0.0]]]), prop)[0, 0] == occluded
    assert not is_occluded_by_prop(CAMERA_POSITION, np.array([[[0.0, 1.0, 4.0]]]), prop)[0, 0]


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_segment_distance_is_the_minimum_over_sampled_points(seed: int) -> None:
    a, b, c, d = np.random.default_rng(seed).normal(size=(4, 3))
    fractions = np.linspace(0, 1, 201)[:, None]
    first, second = a + fractions * (b - a), c + fractions * (d - c)
    minimum = np.linalg.norm(first[:, None] - second[None], axis=-1).min()
    distance = float(visibility._segment_distance(a, b, c, d))
    assert distance <= minimum + 1e-9
    assert distance == pytest.approx(minimum, abs=0.05)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_occlusion_is_invariant_to_rigid_motion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    move = np.eye(4)
    move[:3, :3] = rotation.to_matrix(rotation.from_rotvec(rng.normal(size=3)))
    move[:3, 3] = rng.normal(size=3)
    camera_positions, points = rng.normal(0, 3, (4, 3)), rng.normal(0, 1, (4, 6, 3))
    person = Capsules(rng.normal(0, 1, (4, 5, 3)), rng.normal(0, 1, (4, 5, 3)), rng.uniform(0.1, 0.4, 5))
    pose = np.eye(4)
    pose[:3, 3] = rng.normal(size=3)
    prop = Prop(pose, rng.uniform(0.2, 1.0, 3), np.ones(3))

    def at(points: FloatArray) -> FloatArray:
        return camera.transform(move, points)

    moved = Capsules(at(person.starts), at(person.ends), person.radii)
    np.testing.assert_array_equal(
        is_occluded_by_person(camera_positions, points, person),
        is_occluded_by_person(at(camera_positions), at(points), moved),
    )
    there = Prop(move @ pose, prop.half_extents, prop.color)
    np.testing.assert_array_equal(
        is_occluded_by_prop(camera_positions, points, prop),
        is_occluded_by_prop(at(camera_positions), at(points), there),
    )


@pytest.mark.parametrize("seed", range(6))
def test_prop_is_a_closed_box_on_the_floor(seed: int) -> None:
    prop = sample_occluder(np.array([0.0, 1.0, 0.0]), CAMERA_POSITION[0], np.random.default_rng(seed))
    mesh = build_character(prop).meshes[0]
    corners = mesh.positions[mesh.triangles]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    volume = np.einsum("ni,ni->n", corners[:, 0], facing).sum() / 6
    assert volume == pytest.approx(8 * np.prod(prop.half_extents))
    assert np.all(np.einsum("ni,ni->n", facing, mesh.normals[mesh.triangles[:, 0]]) > 0)
    world = camera.transform(prop.world_from_prop, mesh.positions)
    assert world[:, 1].min() == pytest.approx(0.0, abs=1e-9)
