"""Rendered clips: the ground truth matches the images, and the same seed gives the same clip."""

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
IDEAL_EXPOSURE = sensor.Exposure((1.0, 1.0, 1.0), 0.0, 0.0, 1, 0)


@pytest.fixture(scope="module")
def squat(tmp_path_factory: pytest.TempPathFactory) -> Motion:
    path = motions.write(tmp_path_factory.mktemp("motion") / "squat.txt", motions.squats())
    return deepmimic.read_motion(path)


def _sampled_scene(
    motion: Motion, seed: int = 3, count: int = 1, move: CameraMotion = CameraMotion.STATIC, objects: int = 0
) -> rendered_clip.ClipScene:
    return rendered_clip.sample_scene([motion] * count, seed, rendered_clip.SceneOptions(move, SIZE, objects))


def test_true_landmarks_project_onto_the_true_keypoints(squat: Motion) -> None:
    scene = _sampled_scene(squat, move=CameraMotion.HANDHELD)
    ground_truth = rendered_clip.create_ground_truth(scene)
    track, motion = ground_truth.people[0].track, ground_truth.people[0].motion
    positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    joints, offsets = bodies.attach_landmarks(scene.people[0].body)
    points = positions[:, joints] + rotation.rotate(world[:, joints], offsets)
    pixels = camera.project(
        ground_truth.camera.intrinsics, camera.transform(ground_truth.camera.camera_from_world, points)
    )
    np.testing.assert_allclose(pixels, track.keypoints[..., :2], atol=1e-6)
    assert np.all(track.keypoints[..., 2] == 1.0)
    assert track.observed.all()


def test_whole_body_is_in_view_and_stands_on_the_floor(squat: Motion) -> None:
    scene = _sampled_scene(squat)
    keypoints = rendered_clip.create_ground_truth(scene).people[0].track.keypoints
    assert np.all((keypoints[..., :2] > 0) & (keypoints[..., :2] < np.array(SIZE)))
    assert scene.people[0].landmarks[..., 1].min() > -1e-4
    assert scene.people[0].motion.contacts.mean() > 0.5
    joints = kinematics.joint_positions(scene.people[0].motion)
    assert joints[:, [humanoid.INDEX["leftToes"], humanoid.INDEX["rightToes"]], 1].max() < 0.15


def test_seed_determines_ground_truth_and_pixels(squat: Motion) -> None:
    first, again, second = _sampled_scene(squat, 3), _sampled_scene(squat, 3), _sampled_scene(squat, 4)
    np.testing.assert_array_equal(first.camera.camera_from_world, again.camera.camera_from_world)
    np.testing.assert_array_equal(first.people[0].landmarks, again.people[0].landmarks)
    assert not np.allclose(first.camera.camera_from_world, second.camera.camera_from_world)
    for a, b in islice(zip(rendered_clip.render_frames(first), rendered_clip.render_frames(again), strict=True), 2):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("seed", [3, 5, 8])
def test_person_is_rendered_at_the_ground_truth(squat: Motion, seed: int) -> None:
    scene = replace(_sampled_scene(squat, seed), exposure=IDEAL_EXPOSURE)
    far = np.eye(4)
    far[:3, 3] = [0.0, 0.0, 500.0]
    away = [replace(person, motion=replace(person.motion, root_position=person.motion.root_position + 500.0))
            for person in scene.people]  # fmt: skip
    with_person = next(iter(rendered_clip.render_frames(scene))).astype(int)
    without = next(iter(rendered_clip.render_frames(replace(scene, people=tuple(away))))).astype(int)
    changed = np.argwhere(np.abs(with_person - without).max(axis=-1) > 24)[:, ::-1]
    points = rendered_clip.create_ground_truth(scene).people[0].track.keypoints[0, :, :2]
    head, left, right = points[:11].mean(axis=0), points[:, 0].min(), points[:, 0].max()
    assert np.linalg.norm(changed - head, axis=1).min() < 3
    for point in points[11:]:
        assert np.linalg.norm(changed - point, axis=1).min() < 6
    above_floor = changed[changed[:, 1] < points[:, 1].max() - 0.25 * np.ptp(points[:, 1])]
    assert above_floor[:, 0].min() > left - 0.3 * np.ptp(points[:, 1])
    assert above_floor[:, 0].max() < right + 0.6 * np.ptp(points[:, 1])


def test_people_keep_their_distance(squat: Motion) -> None:
    scene = _sampled_scene(squat, seed=11, count=3)
    paths = [person.motion.root_position[:, [0, 2]] for person in scene.people]
    for i, first in enumerate(paths):
        for second in paths[:i]:
            assert np.linalg.norm(first - second, axis=1).min() > rendered_clip.MIN_PERSON_DISTANCE


def test_occluded_person_has_occluded_keypoints(squat: Motion) -> None:
    scene = _sampled_scene(squat, seed=11)
    person = scene.people[0]
    eye = camera.inverse(scene.camera.camera_from_world)[0, :3, 3]
    shift = (eye - person.motion.root_position.mean(axis=0)) * [1.0, 0.0, 1.0]
    shift *= 0.8 / np.linalg.norm(shift)
    person_in_front = replace(person, motion=replace(person.motion, root_position=person.motion.root_position + shift),
                     landmarks=person.landmarks + shift)  # fmt: skip
    ground_truth = rendered_clip.create_ground_truth(replace(scene, people=(person, person_in_front)))
    behind = next(
        true_person
        for true_person in ground_truth.people
        if np.allclose(true_person.motion.root_position, person.motion.root_position)
    )
    front = next(true_person for true_person in ground_truth.people if true_person is not behind)
    assert behind.track.keypoints[..., 2].mean() < 0.7
    assert np.all(front.track.keypoints[..., 2] == 1.0)


def test_occluders_hide_some_landmarks_but_not_too_many(squat: Motion) -> None:
    occluded = [
        1
        - rendered_clip.create_ground_truth(_sampled_scene(squat, seed, objects=1))
        .people[0]
        .track.keypoints[..., 2]
        .mean()
        for seed in range(8)
    ]
    assert max(occluded) > 0.0
    assert max(occluded) < rendered_clip.MAX_OCCLUDED_FRACTION


def test_scenes_of_different_frame_rates_agree_in_time(squat: Motion) -> None:
    slow, fast = (_sampled_scene(resample_motion(squat, Fraction(rate))) for rate in (15, 60))
    heights = [scene.people[0].motion.root_position[:, 1] for scene in (slow, fast)]
    times = [np.arange(len(height)) / rate for height, rate in zip(heights, (15, 60), strict=True)]
    common = np.linspace(0.1, min(times[0][-1], times[1][-1]) - 0.1, 20)
    first, second = (np.interp(common, t, h) for t, h in zip(times, heights, strict=True))
    np.testing.assert_allclose(first, second, atol=0.02)


@pytest.mark.slow
def test_written_clip_and_ground_truth_can_be_read(squat: Motion, tmp_path: Path) -> None:
    scene = _sampled_scene(squat, move=CameraMotion.DOLLY)
    rendered_clip.render(scene, tmp_path / "clip.mp4", tmp_path / "clip.npz")
    clip, ground_truth = probe(tmp_path / "clip.mp4"), performance.load(tmp_path / "clip.npz")
    assert (clip.image_size, clip.fps, clip.frame_count) == (SIZE, squat.fps, ground_truth.frame_count)
    np.testing.assert_allclose(ground_truth.camera.camera_from_world, scene.camera.camera_from_world)
    np.testing.assert_allclose(ground_truth.people[0].motion.rotations, scene.people[0].motion.rotations, atol=1e-6)


def test_motion_blur_changes_moving_parts_only(squat: Motion) -> None:
    sharp = replace(_sampled_scene(squat), exposure=IDEAL_EXPOSURE)
    blurred = replace(sharp, exposure=replace(IDEAL_EXPOSURE, shutter_fraction=0.5, subframe_count=3))
    first, second = (list(islice(rendered_clip.render_frames(scene), 7))[-1].astype(int) for scene in (sharp, blurred))
    different = np.abs(first - second).max(axis=-1)
    assert different.max() > 20
    assert (different > 4).mean() < 0.2
