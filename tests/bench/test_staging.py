"""Scene descriptions of several people: paths, headings, orbits, clothes and cuts."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.bench import people_clips, staging
from bodydouble.bench.staging import Role, View
from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import camera, rotation
from tests import builders
from tests.bench.clips import pair_scene, stage
from tests.builders import assert_same

FPS = Fraction(25)
TIMES = np.arange(60) / 25


def _gait(frames: int = 11) -> Motion:
    """A motion that advances along +X by a metre in ten frames, and nods."""
    motion = builders.smooth_motion(frames, fps=FPS)
    path = np.linspace([0.0, 0.9, 0.0], [1.0, 0.9, 0.0], frames)
    swing = np.sin(np.linspace(0, 2 * np.pi, frames))
    rotations = np.tile(rotation.IDENTITY, (*motion.rotations.shape[:2], 1))
    rotations[:, 5] = rotation.from_rotvec(0.3 * swing[:, None] * np.array([1.0, 0.0, 0.0]))
    return replace(motion, root_position=path, rotations=rotations)


def _path(role: Role) -> FloatArray:
    return staging.perform_role(role, _gait(), TIMES, FPS).root_position


def test_gaits_advance_along_their_heading() -> None:
    rightward = _path(Role("walk", 1, 1, (0.0, 0.0)))
    assert_same(np.diff(rightward, axis=0), np.tile([0.1, 0.0, 0.0], (59, 1)), 1e-9)
    for degrees, direction in ((180.0, [-0.1, 0.0, 0.0]), (-90.0, [0.0, 0.0, 0.1]), (90.0, [0.0, 0.0, -0.1])):
        rotated = _path(Role("walk", 1, 1, (0.0, 0.0), heading_deg=((0.0, degrees),)))
        assert_same(np.diff(rotated, axis=0), np.tile(direction, (59, 1)), 1e-9)


def test_turning_round_leads_back_and_standing_leads_nowhere() -> None:
    there_and_back = _path(Role("walk", 1, 1, (0.0, 0.0), heading_deg=((1.16, 0.0), (1.2, 180.0))))
    assert np.ptp(there_and_back[:, 0]) > 2.5
    assert np.linalg.norm(there_and_back[-1] - there_and_back[0]) < 0.25
    standing = _path(Role("walk", 1, 1, (0.0, 0.0), speed=((0.0, 0.0),)))
    assert not np.ptp(standing, axis=0).any()


def test_repeated_motions_never_jump() -> None:
    for name in ("walk", "dance"):
        motion = staging.perform_role(Role(name, 1, 1, (0.0, 0.0), speed=((0.0, 0.7),)), _gait(), TIMES, FPS)
        assert np.linalg.norm(np.diff(motion.root_position, axis=0), axis=1).max() < 0.11
        assert rotation.angle_between(motion.rotations[1:], motion.rotations[:-1]).max() < 0.3


def test_people_stand_at_the_positions_of_their_roles(squat: Path) -> None:
    clip_scene = stage(pair_scene(), squat)
    for person, role in zip(clip_scene.people, pair_scene().roles, strict=True):
        assert_same(person.motion.root_position[0, [0, 2]], role.position, 1e-9)
        offset = person.landmarks[:, [23, 24]].mean(axis=1) - person.motion.root_position
        assert np.abs(offset).max() < 0.15


def test_orbit_is_a_circle_around_the_position(squat: Path) -> None:
    role = replace(pair_scene().roles[0], orbit=(0.5, 1.0, 0.25))
    orbiting, fixed = (
        stage(replace(pair_scene(), roles=(one,)), squat).people[0].motion for one in (role, pair_scene().roles[0])
    )
    offset = orbiting.root_position - fixed.root_position
    assert_same(np.linalg.norm(offset, axis=1), np.full(len(offset), 0.5), 1e-9)
    assert_same(offset[0], [0.0, 0.0, 0.5], 1e-9)


def test_same_seed_dresses_different_bodies_alike(squat: Path) -> None:
    roles = tuple(replace(role, clothes=7) for role in pair_scene().roles)
    first, second = (person.character for person in stage(replace(pair_scene(), roles=roles), squat).people)
    assert not np.allclose(first.skeleton.rest_offsets, second.skeleton.rest_offsets)
    textures = [[mesh.material.texture_png for mesh in character.meshes] for character in (first, second)]
    assert textures[0] == textures[1]


def test_cut_changes_the_camera_only(squat: Path) -> None:
    views = (View(0.4), View(0.0, 120.0))
    cut, uncut = stage(replace(pair_scene(), views=views), squat), stage(pair_scene(), squat)
    positions = camera.inverse(cut.camera.camera_from_world)[:, :3, 3]
    moves = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    assert np.flatnonzero(moves).tolist() == [9]
    assert_same(cut.camera.intrinsics, uncut.camera.intrinsics, 0.0)
    assert_same(cut.people[1].landmarks, uncut.people[1].landmarks, 0.0)


def test_test_set_covers_its_purposes() -> None:
    scenes = people_clips.SCENES
    assert len(scenes) >= 12
    assert {len(scene.roles) for scene in scenes} >= {2, 3, 4, 5, 6}
    assert len({scene.name for scene in scenes}) == len(scenes)
    assert any(len(scene.views) > 1 for scene in scenes)
    assert any(len({role.clothes for role in scene.roles}) < len(scene.roles) for scene in scenes)
    assert any(scene.walls for scene in scenes)
