"""Rendered people: the truth is true, and the same seed gives the same clip."""

from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from bodydouble.data import Motion
from bodydouble.formats import performance
from bodydouble.formats.media import probe
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion.resampling.motion import resample_motion
from bodydouble.skeletons import humanoid
from bodydouble.synthetic import bodies, deepmimic, rendered_clip, sensor
from bodydouble.synthetic.cameras import CameraMotion
from tests.synthetic import motions

SIZE = (320, 180)
PLAIN = sensor.Exposure((1.0, 1.0, 1.0), 0.0, 0.0, 1, 0)


@pytest.fixture(scope="module")
def squat(tmp_path_factory: pytest.TempPathFactory) -> Motion:
    path = motions.write(tmp_path_factory.mktemp("motion") / "squat.txt", motions.squats())
    return deepmimic.read_motion(path)


def _shot(
    motion: Motion, seed: int = 3, count: int = 1, move: CameraMotion = CameraMotion.STATIC, objects: int = 0
) -> rendered_clip.ClipScene:
    return rendered_clip.sample_scene([motion] * count, seed, rendered_clip.SceneOptions(move, SIZE, objects))


def test_true_landmarks_project_onto_the_true_keypoints(squat: Motion) -> None:
    made = _shot(squat, move=CameraMotion.HANDHELD)
    truth = rendered_clip.create_ground_truth(made)
    track, motion = truth.people[0].track, truth.people[0].motion
    positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    joints, offsets = bodies.landmark_attachments(made.people[0].body)
    points = positions[:, joints] + rotation.rotate(world[:, joints], offsets)
    pixels = camera.project(truth.camera.intrinsics, camera.transform(truth.camera.camera_from_world, points))
    np.testing.assert_allclose(pixels, track.keypoints[..., :2], atol=1e-6)
    assert np.all(track.keypoints[..., 2] == 1.0)
    assert track.observed.all()


def test_whole_body_is_in_view_and_stands_on_the_floor(squat: Motion) -> None:
    made = _shot(squat)
    keypoints = rendered_clip.create_ground_truth(made).people[0].track.keypoints
    assert np.all((keypoints[..., :2] > 0) & (keypoints[..., :2] < np.array(SIZE)))
    assert made.people[0].landmarks[..., 1].min() > -1e-4
    assert made.people[0].motion.contacts.mean() > 0.5
    joints = kinematics.joint_positions(made.people[0].motion)
    assert joints[:, [humanoid.INDEX["leftToes"], humanoid.INDEX["rightToes"]], 1].max() < 0.15


def test_same_seed_gives_the_same_truth_and_pixels_and_another_gives_others(squat: Motion) -> None:
    one, again, other = _shot(squat, 3), _shot(squat, 3), _shot(squat, 4)
    np.testing.assert_array_equal(one.camera.camera_from_world, again.camera.camera_from_world)
    np.testing.assert_array_equal(one.people[0].landmarks, again.people[0].landmarks)
    assert not np.allclose(one.camera.camera_from_world, other.camera.camera_from_world)
    for a, b in islice(zip(rendered_clip.render_frames(one), rendered_clip.render_frames(again), strict=True), 2):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("seed", [3, 5, 8])
def test_person_is_drawn_where_the_truth_has_them(squat: Motion, seed: int) -> None:
    made = replace(_shot(squat, seed), exposure=PLAIN)
    far = np.eye(4)
    far[:3, 3] = [0.0, 0.0, 500.0]
    away = [replace(actor, motion=replace(actor.motion, root_position=actor.motion.root_position + 500.0))
            for actor in made.people]  # fmt: skip
    with_person = next(iter(rendered_clip.render_frames(made))).astype(int)
    without = next(iter(rendered_clip.render_frames(replace(made, people=tuple(away))))).astype(int)
    changed = np.argwhere(np.abs(with_person - without).max(axis=-1) > 24)[:, ::-1]
    points = rendered_clip.create_ground_truth(made).people[0].track.keypoints[0, :, :2]
    head, left, right = points[:11].mean(axis=0), points[:, 0].min(), points[:, 0].max()
    assert np.linalg.norm(changed - head, axis=1).min() < 3
    for point in points[11:]:
        assert np.linalg.norm(changed - point, axis=1).min() < 6
    above_floor = changed[changed[:, 1] < points[:, 1].max() - 0.25 * np.ptp(points[:, 1])]
    assert above_floor[:, 0].min() > left - 0.3 * np.ptp(points[:, 1])
    assert above_floor[:, 0].max() < right + 0.6 * np.ptp(points[:, 1])


def test_people_keep_apart_and_cross(squat: Motion) -> None:
    made = _shot(squat, seed=11, count=3)
    paths = [actor.motion.root_position[:, [0, 2]] for actor in made.people]
    for i, one in enumerate(paths):
        for other in paths[:i]:
            assert np.linalg.norm(one - other, axis=1).min() > rendered_clip.MIN_PERSON_DISTANCE


def test_who_stands_behind_somebody_is_marked_as_hidden(squat: Motion) -> None:
    made = _shot(squat, seed=11)
    actor = made.people[0]
    eye = camera.inverse(made.camera.camera_from_world)[0, :3, 3]
    shift = (eye - actor.motion.root_position.mean(axis=0)) * [1.0, 0.0, 1.0]
    shift *= 0.8 / np.linalg.norm(shift)
    nearer = replace(actor, motion=replace(actor.motion, root_position=actor.motion.root_position + shift),
                     landmarks=actor.landmarks + shift)  # fmt: skip
    truth = rendered_clip.create_ground_truth(replace(made, people=(actor, nearer)))
    behind = next(
        person for person in truth.people if np.allclose(person.motion.root_position, actor.motion.root_position)
    )
    front = next(person for person in truth.people if person is not behind)
    assert behind.track.keypoints[..., 2].mean() < 0.7
    assert np.all(front.track.keypoints[..., 2] == 1.0)


def test_objects_hide_something_but_not_too_much(squat: Motion) -> None:
    hidden = [
        1 - rendered_clip.create_ground_truth(_shot(squat, seed, objects=1)).people[0].track.keypoints[..., 2].mean()
        for seed in range(8)
    ]
    assert max(hidden) > 0.0
    assert max(hidden) < rendered_clip.MAX_OCCLUDED_FRACTION


def test_rates_agree_in_time(squat: Motion) -> None:
    slow, fast = (_shot(resample_motion(squat, Fraction(rate))) for rate in (15, 60))
    heights = [made.people[0].motion.root_position[:, 1] for made in (slow, fast)]
    times = [np.arange(len(height)) / rate for height, rate in zip(heights, (15, 60), strict=True)]
    common = np.linspace(0.1, min(times[0][-1], times[1][-1]) - 0.1, 20)
    one, other = (np.interp(common, t, h) for t, h in zip(times, heights, strict=True))
    np.testing.assert_allclose(one, other, atol=0.02)


@pytest.mark.slow
def test_clip_and_truth_can_be_read_back(squat: Motion, tmp_path: Path) -> None:
    made = _shot(squat, move=CameraMotion.DOLLY)
    rendered_clip.render(made, tmp_path / "clip.mp4", tmp_path / "clip.npz")
    clip, truth = probe(tmp_path / "clip.mp4"), performance.load(tmp_path / "clip.npz")
    assert (clip.image_size, clip.fps, clip.frame_count) == (SIZE, squat.fps, truth.frame_count)
    np.testing.assert_allclose(truth.camera.camera_from_world, made.camera.camera_from_world)
    np.testing.assert_allclose(truth.people[0].motion.rotations, made.people[0].motion.rotations, atol=1e-6)


def test_blur_spreads_what_moves_and_keeps_what_rests(squat: Motion) -> None:
    sharp = replace(_shot(squat), exposure=PLAIN)
    blurred = replace(sharp, exposure=replace(PLAIN, shutter_fraction=0.5, subframe_count=3))
    one, other = (list(islice(rendered_clip.render_frames(made), 7))[-1].astype(int) for made in (sharp, blurred))
    different = np.abs(one - other).max(axis=-1)
    assert different.max() > 20
    assert (different > 4).mean() < 0.2
