"""The benchmark of several people: where they are told to go, what is measured, and one clip through all of it."""

import json
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bodydouble.bench import people, people_clips, people_report, staging
from bodydouble.bench.staging import Role, Scene, View
from bodydouble.data import FloatArray, Motion, Performance, Person
from bodydouble.evaluation.metrics.identity import sightings
from bodydouble.geometry import camera, rotation
from bodydouble.synthetic import mocap_files, rendered_clip
from tests import builders
from tests.builders import assert_same
from tests.evaluation import scenes
from tests.synthetic import motions

FPS = Fraction(25)
TIMES = np.arange(60) / 25


def _gait(frames: int = 11) -> Motion:
    """Somebody who slides along +X by a metre in ten frames, and nods."""
    motion = builders.smooth_motion(frames, fps=FPS)
    path = np.linspace([0.0, 0.9, 0.0], [1.0, 0.9, 0.0], frames)
    swing = np.sin(np.linspace(0, 2 * np.pi, frames))
    rotations = np.tile(rotation.IDENTITY, (*motion.rotations.shape[:2], 1))
    rotations[:, 5] = rotation.from_rotvec(0.3 * swing[:, None] * np.array([1.0, 0.0, 0.0]))
    return replace(motion, root_position=path, rotations=rotations)


def _path(role: Role) -> FloatArray:
    return staging.perform_role(role, _gait(), TIMES, FPS).root_position


def test_gaits_go_on_where_they_are_headed() -> None:
    to_the_right = _path(Role("walk", 1, 1, (0.0, 0.0)))
    assert_same(np.diff(to_the_right, axis=0), np.tile([0.1, 0.0, 0.0], (59, 1)), 1e-9)
    for degrees, direction in ((180.0, [-0.1, 0.0, 0.0]), (-90.0, [0.0, 0.0, 0.1]), (90.0, [0.0, 0.0, -0.1])):
        turned = _path(Role("walk", 1, 1, (0.0, 0.0), heading_deg=((0.0, degrees),)))
        assert_same(np.diff(turned, axis=0), np.tile(direction, (59, 1)), 1e-9)


def test_who_turns_round_comes_back_and_who_stands_stays() -> None:
    there_and_back = _path(Role("walk", 1, 1, (0.0, 0.0), heading_deg=((1.16, 0.0), (1.2, 180.0))))
    assert np.ptp(there_and_back[:, 0]) > 2.5
    assert np.linalg.norm(there_and_back[-1] - there_and_back[0]) < 0.25
    standing = _path(Role("walk", 1, 1, (0.0, 0.0), speed=((0.0, 0.0),)))
    assert not np.ptp(standing, axis=0).any()


def test_repeated_motions_never_jump() -> None:
    for name in ("walk", "dance"):
        made = staging.perform_role(Role(name, 1, 1, (0.0, 0.0), speed=((0.0, 0.7),)), _gait(), TIMES, FPS)
        assert np.linalg.norm(np.diff(made.root_position, axis=0), axis=1).max() < 0.11
        assert rotation.angle_between(made.rotations[1:], made.rotations[:-1]).max() < 0.3


@pytest.fixture(scope="module")
def squat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return motions.write(tmp_path_factory.mktemp("motion") / "squat.txt", motions.squats())


def _scene(**changes: object) -> Scene:
    roles = (
        Role("squat", 1, 11, (-0.6, 0.2), heading_deg=((0.0, -90.0),)),
        Role("squat", 2, 12, (0.7, -0.4), heading_deg=((0.0, -60.0),)),
    )
    return replace(Scene("pair", "a test", 0.8, 3, roles), **changes)  # type: ignore[arg-type]


def _staged(scene: Scene, squat: Path) -> rendered_clip.Shot:
    motion = mocap_files.read(squat)[0].motion
    return staging.build_shot(scene, {"squat": motion}, (320, 180), FPS)


def test_people_stand_where_they_are_told(squat: Path) -> None:
    made = _staged(_scene(), squat)
    for actor, role in zip(made.actors, _scene().roles, strict=True):
        assert_same(actor.motion.root_position[0, [0, 2]], role.position, 1e-9)
        offset = actor.landmarks[:, [23, 24]].mean(axis=1) - actor.motion.root_position
        assert np.abs(offset).max() < 0.15


def test_an_orbit_leads_around_the_place(squat: Path) -> None:
    role = replace(_scene().roles[0], orbit=(0.5, 1.0, 0.25))
    around, still = (_staged(_scene(roles=(one,)), squat).actors[0].motion for one in (role, _scene().roles[0]))
    offset = around.root_position - still.root_position
    assert_same(np.linalg.norm(offset, axis=1), np.full(len(offset), 0.5), 1e-9)
    assert_same(offset[0], [0.0, 0.0, 0.5], 1e-9)


def test_same_clothes_on_other_bodies(squat: Path) -> None:
    roles = tuple(replace(role, clothes=7) for role in _scene().roles)
    one, other = (actor.character for actor in _staged(_scene(roles=roles), squat).actors)
    assert not np.allclose(one.skeleton.rest_offsets, other.skeleton.rest_offsets)
    pictures = [[mesh.material.texture_png for mesh in character.meshes] for character in (one, other)]
    assert pictures[0] == pictures[1]


def test_a_cut_changes_the_camera_and_nothing_else(squat: Path) -> None:
    views = (View(0.4), View(0.0, 120.0))
    cut, whole = _staged(_scene(views=views), squat), _staged(_scene(), squat)
    eyes = camera.inverse(cut.camera.camera_from_world)[:, :3, 3]
    moves = np.linalg.norm(np.diff(eyes, axis=0), axis=1)
    assert np.flatnonzero(moves).tolist() == [9]
    assert_same(cut.camera.intrinsics, whole.camera.intrinsics, 0.0)
    assert_same(cut.actors[1].landmarks, whole.actors[1].landmarks, 0.0)


def test_the_set_shows_what_it_is_there_for() -> None:
    found = people_clips.SCENES
    assert len(found) >= 12
    assert {len(scene.roles) for scene in found} >= {2, 3, 4, 5, 6}
    assert len({scene.name for scene in found}) == len(found)
    assert any(len(scene.views) > 1 for scene in found)
    assert any(len({role.clothes for role in scene.roles}) < len(scene.roles) for scene in found)
    assert any(scene.walls for scene in found)


def _captured(performance: Performance, truth: Performance) -> people.BenchCapture:
    clip = people_clips.BenchClip("pair", Path(), Path())
    return people.BenchCapture(clip, truth, performance, {"tracking": 1.0, "motion": 3.0, "total": 5.0})


def _larger(person: Person, factor: float) -> Person:
    """The person in a world that is larger, at the same place in the picture."""
    motion, skeleton = person.motion, person.motion.skeleton
    grown = replace(skeleton, rest_offsets=factor * skeleton.rest_offsets)
    return replace(person, motion=replace(motion, skeleton=grown, root_position=factor * motion.root_position))


def test_distances_in_a_world_of_another_scale() -> None:
    truth = scenes.truth(20, people=3)
    larger = scenes.of(truth, *(_larger(person, 1.1) for person in truth.people))
    found = people.measure_clip(_captured(larger, truth))
    assert len(found.hip_distance_errors) == 3 * 20
    assert_same(found.hip_distance_errors, np.full(60, 0.1), 1e-9)
    assert_same(found.scaled_hip_distance_errors, np.zeros(60), 1e-9)
    assert_same(found.visible_errors_mm, np.zeros(60), 1e-6)
    assert found.as_dict()["tracking_share"] == 0.2


def test_nobody_found_has_no_distances_and_no_poses() -> None:
    truth = scenes.truth(20)
    found = people.measure_clip(_captured(people.empty_performance(truth), truth)).as_dict()
    assert found["coverage"] == 0.0
    assert found["hip_distance_error"] is None
    assert found["pa_mpjpe_clear_mm"] is None


def test_hidden_landmarks_make_a_frame_partly_hidden() -> None:
    truth = scenes.truth(20)
    keypoints = truth.people[0].track.keypoints.copy()
    keypoints[:8, :20, 2] = 0.0
    keypoints[8:12, 0, 2] = 0.0
    person = replace(truth.people[0], track=replace(truth.people[0].track, keypoints=keypoints))
    found = people.measure_clip(_captured(truth, scenes.of(truth, person, truth.people[1])))
    assert len(found.occluded_errors_mm) == 8
    assert len(found.visible_errors_mm) == 20 + 8


def test_who_shows_no_more_than_two_hands_need_not_be_found() -> None:
    truth = scenes.truth(20)
    keypoints = truth.people[0].track.keypoints.copy()
    keypoints[5:12, :, 2] = 0.0
    keypoints[5:12, 15:23, 2] = 1.0  # two hands
    keypoints[5:9, [11, 12, 13], 2] = 1.0  # and shoulders and an elbow
    person = replace(truth.people[0], track=replace(truth.people[0].track, keypoints=keypoints))
    observed = people.drop_barely_visible_frames(scenes.of(truth, person)).people[0].track.observed
    assert np.flatnonzero(~observed).tolist() == [9, 10, 11]


def test_filled_frames_are_those_of_the_usual_person() -> None:
    truth = scenes.truth(20)
    found = scenes.of(truth, truth.people[1], scenes.hidden(truth.people[0], 5, 9))
    posed = np.ones((20, 2), dtype=bool)
    posed[6] = False
    partners = people.assign_estimates(sightings(found, truth), posed)
    assert partners[:, 1].tolist() == [0] * 20
    assert partners[:, 0].tolist() == [1] * 6 + [-1] + [1] * 13


@pytest.mark.slow
def test_one_clip_from_the_stage_to_the_tables(squat: Path, tmp_path: Path) -> None:
    make = partial(people_clips.render_clip, _scene(), {"squat": squat})
    clips = people.capture_clips([make], quality="fast", cache_dir=tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    found = {clip.clip.name: people.measure_clip(clip) for clip in clips}
    assert found["pair"].people == 2
    assert found["pair"].identity.coverage > 0.9
    assert found["pair"].identity.switches == 0
    assert 0 < found["pair"].tracking_seconds < found["pair"].seconds
    text = people_report.markdown_page(found, "fast")
    assert "| pair | 2 | 2 | 40 |" in text
    assert json.loads(json.dumps(people_report.as_dict(found)))["all"]["people"] == 2
    make = partial(people_clips.render_clip, _scene(purpose="other words"), {"squat": squat})
    again = people.capture_clips([make], quality="fast", cache_dir=tmp_path)
    assert again[0].stage_seconds == clips[0].stage_seconds
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
