"""Figures of several people, and one clip from its scene description to the report."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bodydouble.bench import people, people_clips, people_report
from bodydouble.bench.capture_cache import BenchCapture, capture_clips, empty_performance
from bodydouble.bench.clip_cache import BenchClip
from bodydouble.data import Performance, Person
from bodydouble.evaluation.metrics.identity import build_identity_frames
from tests.bench.clips import pair_scene
from tests.builders import assert_same
from tests.evaluation import scenes


def _captured(performance: Performance, truth: Performance) -> BenchCapture:
    clip = BenchClip("pair", Path(), Path())
    return BenchCapture(clip, truth, performance, {"tracking": 1.0, "motion": 3.0, "total": 5.0})


def _scale(person: Person, factor: float) -> Person:
    """Scales a person and their path, which leaves the image unchanged."""
    motion, skeleton = person.motion, person.motion.skeleton
    scaled = replace(skeleton, rest_offsets=factor * skeleton.rest_offsets)
    return replace(person, motion=replace(motion, skeleton=scaled, root_position=factor * motion.root_position))


def test_distances_grow_with_the_scale_of_the_world() -> None:
    truth = scenes.ground_truth(20, people=3)
    larger = scenes.with_people(truth, *(_scale(person, 1.1) for person in truth.people))
    figures = people.measure_clip(_captured(larger, truth))
    assert len(figures.hip_distance_errors) == 3 * 20
    assert_same(figures.hip_distance_errors, np.full(60, 0.1), 1e-9)
    assert_same(figures.scaled_hip_distance_errors, np.zeros(60), 1e-9)
    assert_same(figures.visible_errors_mm, np.zeros(60), 1e-6)
    assert figures.as_dict()["tracking_share"] == 0.2


def test_without_estimates_there_are_no_distances_and_no_poses() -> None:
    truth = scenes.ground_truth(20)
    figures = people.measure_clip(_captured(empty_performance(truth), truth)).as_dict()
    assert figures["coverage"] == 0.0
    assert figures["hip_distance_error"] is None
    assert figures["pa_mpjpe_clear_mm"] is None


def test_occluded_landmarks_make_a_frame_partly_occluded() -> None:
    truth = scenes.ground_truth(20)
    keypoints = truth.people[0].track.keypoints.copy()
    keypoints[:8, :20, 2] = 0.0
    keypoints[8:12, 0, 2] = 0.0
    person = replace(truth.people[0], track=replace(truth.people[0].track, keypoints=keypoints))
    figures = people.measure_clip(_captured(truth, scenes.with_people(truth, person, truth.people[1])))
    assert len(figures.occluded_errors_mm) == 8
    assert len(figures.visible_errors_mm) == 20 + 8


def test_frames_with_hardly_more_than_two_hands_do_not_count() -> None:
    truth = scenes.ground_truth(20)
    keypoints = truth.people[0].track.keypoints.copy()
    keypoints[5:12, :, 2] = 0.0
    keypoints[5:12, 15:23, 2] = 1.0  # two hands
    keypoints[5:9, [11, 12, 13], 2] = 1.0  # and shoulders and an elbow
    person = replace(truth.people[0], track=replace(truth.people[0].track, keypoints=keypoints))
    observed = people.drop_barely_visible_frames(scenes.with_people(truth, person)).people[0].track.observed
    assert np.flatnonzero(~observed).tolist() == [9, 10, 11]


def test_filled_frames_are_assigned_to_the_most_frequent_match() -> None:
    truth = scenes.ground_truth(20)
    estimate = scenes.with_people(truth, truth.people[1], scenes.occlude(truth.people[0], 5, 9))
    has_pose = np.ones((20, 2), dtype=bool)
    has_pose[6] = False
    partners = people.assign_estimates(build_identity_frames(estimate, truth), has_pose)
    assert partners[:, 1].tolist() == [0] * 20
    assert partners[:, 0].tolist() == [1] * 6 + [-1] + [1] * 13


@pytest.mark.slow
def test_clip_from_scene_description_to_report(squat: Path, tmp_path: Path) -> None:
    factory = partial(people_clips.render_clip, pair_scene(), {"squat": squat})
    captures = capture_clips([factory], quality="fast", cache_dir=tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    figures = {captured.clip.name: people.measure_clip(captured) for captured in captures}
    assert figures["pair"].people == 2
    assert figures["pair"].identity.coverage > 0.9
    assert figures["pair"].identity.switches == 0
    assert 0 < figures["pair"].tracking_seconds < figures["pair"].seconds
    report = people_report.build_report(figures, "fast")
    assert "| pair | 2 | 2 | 40 |" in report.markdown()
    assert json.loads(json.dumps(report.values))["all"]["people"] == 2
    factory = partial(people_clips.render_clip, replace(pair_scene(), purpose="other words"), {"squat": squat})
    again = capture_clips([factory], quality="fast", cache_dir=tmp_path)
    assert again[0].stage_seconds == captures[0].stage_seconds
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
