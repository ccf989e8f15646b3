"""Rendered people: the truth is true, and the same seed gives the same clip."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from bodydouble.evaluation.truth import deepmimic, rendered
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.place import landmark_positions
from bodydouble.skeletons import humanoid
from tests.evaluation.truth import motions


@pytest.fixture(scope="module")
def squat(tmp_path_factory: pytest.TempPathFactory) -> rendered.Shot:
    path = motions.write(tmp_path_factory.mktemp("motion") / "squat.txt", motions.squats())
    return rendered.shot(*deepmimic.read(path), seed=3)


def test_true_landmarks_project_onto_the_true_keypoints(squat: rendered.Shot) -> None:
    truth = rendered.truth_of(squat)
    person, view = truth.people[0], truth.camera
    points = landmark_positions(person.motion.skeleton, person.motion.rotations, person.motion.root_position)
    pixels = camera.project(view.intrinsics, camera.transform(view.camera_from_world, points))
    np.testing.assert_allclose(pixels, person.track.keypoints[..., :2], atol=1e-6)
    assert np.all(person.track.keypoints[..., 2] == 1.0)


def test_whole_body_is_in_view_and_stands_on_the_floor(squat: rendered.Shot) -> None:
    keypoints = rendered.truth_of(squat).people[0].track.keypoints
    assert np.all((keypoints[..., :2] > 0) & (keypoints[..., :2] < np.array(rendered.SIZE)))
    joints = kinematics.joint_positions(squat.motion)
    feet = joints[:, [humanoid.INDEX["leftToes"], humanoid.INDEX["rightToes"]], 1]
    assert np.abs(feet).max() < 0.15
    assert squat.motion.contacts.mean() > 0.5


def test_squat_goes_down_and_up(squat: rendered.Shot) -> None:
    height = squat.motion.root_position[:, 1]
    assert height[len(height) // 2] < 0.85 * height[0]
    assert height[-1] == pytest.approx(height[0], abs=0.02)


def test_same_seed_gives_the_same_truth_and_pixels_and_another_gives_others(
    squat: rendered.Shot, tmp_path: Path
) -> None:
    motion = deepmimic.read(motions.write(tmp_path / "squat.txt", motions.squats()))
    again, other = rendered.shot(*motion, seed=3), rendered.shot(*motion, seed=4)
    np.testing.assert_array_equal(again.motion.rotations, squat.motion.rotations)
    np.testing.assert_array_equal(again.camera.camera_from_world, squat.camera.camera_from_world)
    assert not np.allclose(other.camera.camera_from_world, squat.camera.camera_from_world)
    for one, two in islice(zip(rendered.pictures(squat), rendered.pictures(again), strict=True), 2):
        np.testing.assert_array_equal(one, two)


def test_person_is_drawn_where_the_truth_has_them(squat: rendered.Shot) -> None:
    picture = next(iter(rendered.pictures(squat))).astype(int)
    colourful = np.argwhere(picture.max(axis=-1) - picture.min(axis=-1) > 60)
    box = rendered.truth_of(squat).people[0].track.boxes[0]
    assert len(colourful) > 500
    assert colourful[:, 1].min() > box[0] - 20
    assert colourful[:, 1].max() < box[2] + 20
