"""Laws of fitting a built-in character to a person."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodydouble.characters.body_fitting import fit_character
from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import pose_matrices, retarget
from bodydouble.data import Character, Skeleton
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import kinematics
from bodydouble.skeletons import adult_template, humanoid
from tests import builders
from tests.builders import assert_same

TEMPLATE = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))


@pytest.fixture(scope="module")
def mannequin() -> Character:
    return load_character("mannequin")


def _person(scales: list[float]) -> Skeleton:
    """Returns the template with scaled bones, equal left and right, its soles on the floor."""
    offsets = TEMPLATE.rest_offsets.copy()
    for name, scale in zip(humanoid.JOINTS, scales, strict=True):
        if not name.startswith("right"):
            offsets[humanoid.INDEX[name]] *= scale
            offsets[humanoid.INDEX[humanoid.mirrored_name(name)]] = offsets[humanoid.INDEX[name]] * (
                [-1, 1, 1] if name.startswith("left") else [1, 1, 1]
            )
    legs = [humanoid.INDEX[name] for name in ("leftUpperLeg", "leftLowerLeg", "leftFoot")]
    offsets[0] = [0.0, adult_template.ANKLE_HEIGHT * scales[-1] - offsets[legs, 1].sum(), 0.0]
    return replace(TEMPLATE, rest_offsets=offsets)


PEOPLE = st.lists(st.floats(0.8, 1.25), min_size=22, max_size=22).map(_person)


@settings(max_examples=15, deadline=None)
@given(person=PEOPLE, seed=st.integers(0, 99))
def test_a_fitted_character_has_the_joints_of_the_person_in_every_frame(
    mannequin: Character, person: Skeleton, seed: int
) -> None:
    motion = builders.smooth_motion(5, seed=seed, skeleton=person)
    fitted = fit_character(mannequin, person)
    rotations, hips = retarget(motion, fitted)
    joints = [fitted.humanoid[name] for name in humanoid.JOINTS]
    world = pose_matrices(fitted, rotations, hips)[:, joints]
    assert_same(world[..., :3, 3], kinematics.joint_positions(motion), 1e-9)
    assert_same(rotations[:, joints], motion.rotations, 1e-9)
    assert_same(hips, motion.root_position, 1e-9)


@settings(max_examples=10, deadline=None)
@given(person=PEOPLE)
def test_a_fitted_mesh_keeps_floor_normals_and_orientation(mannequin: Character, person: Skeleton) -> None:
    before, after = mannequin.meshes[0], fit_character(mannequin, person).meshes[0]
    assert abs(after.positions[:, 1].min()) < 5e-3
    assert_same(np.linalg.norm(after.normals, axis=1), np.ones(len(after.normals)), 1e-9)
    a, b, c = (after.positions[after.triangles[:, k]] for k in range(3))
    facing = np.sum(np.cross(b - a, c - a) * after.normals[after.triangles[:, 0]], axis=1)
    old = [before.positions[before.triangles[:, k]] for k in range(3)]
    facing_before = np.sum(np.cross(old[1] - old[0], old[2] - old[0]) * before.normals[before.triangles[:, 0]], axis=1)
    assert np.mean((facing > 0) != (facing_before > 0)) < 0.01


def test_fitting_to_the_own_skeleton_changes_nothing(mannequin: Character) -> None:
    fitted = fit_character(mannequin, TEMPLATE)
    assert_same(fitted.meshes[0].positions, mannequin.meshes[0].positions, 1e-6)
    assert_same(fitted.skeleton.rest_offsets, mannequin.skeleton.rest_offsets, 1e-6)


@pytest.mark.parametrize("size", [0.7, 1.3])
def test_fitting_to_a_scaled_person_scales_the_mesh(mannequin: Character, size: float) -> None:
    fitted = fit_character(mannequin, replace(TEMPLATE, rest_offsets=TEMPLATE.rest_offsets * size))
    assert_same(fitted.meshes[0].positions, mannequin.meshes[0].positions * size, 1e-5)
    assert_same(fitted.skeleton.rest_offsets, mannequin.skeleton.rest_offsets * size, 1e-6)


def test_a_mirror_symmetric_person_gets_a_mirror_symmetric_body(mannequin: Character) -> None:
    person = _person(list(np.linspace(0.85, 1.2, 22)))
    mesh = fit_character(mannequin, person).meshes[0]
    key = np.round(mannequin.meshes[0].positions, 5) + 0.0
    vertex_at = {tuple(k): i for i, k in enumerate(key)}
    twin = [vertex_at[tuple(k * [-1, 1, 1] + 0.0)] for k in key]
    assert_same(mesh.positions[twin] * [-1, 1, 1], mesh.positions, 1e-5)


def test_rejects_rigs_with_rotated_axes() -> None:
    with pytest.raises(InvalidDataError, match="not a built-in character"):
        fit_character(builders.character(seed=1), TEMPLATE)
