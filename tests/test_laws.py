"""Laws of the whole job on real video: mirrored, turned by its rotation flag, at half the rate.

The networks are neither exactly symmetric nor free of jitter: they see a mirrored person a little differently. How
much is measured in the same run, as the mean distance of their rough joints, and the motion that we make of it may not
differ by more than that: no stage after the networks may prefer a side, a direction or a rate.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import bodydouble
from bodydouble.data import FloatArray, Performance, Person, RgbImage
from bodydouble.geometry import camera, kinematics
from bodydouble.skeletons import blazepose, humanoid
from tests.clips import read_example_frames, write_clip
from tests.media_builders import write_video

pytestmark = pytest.mark.slow

FRAMES = 60
LOSSLESS = {"crf": "0", "preset": "ultrafast"}
FLIP = np.array([-1.0, 1.0, 1.0])
FLOOR = 0.01
"""m; differences smaller than this are not looked into."""


@pytest.fixture(scope="module")
def frames() -> list[RgbImage]:
    return read_example_frames(60, FRAMES, 960)


@pytest.fixture(scope="module")
def straight(frames: list[RgbImage], tmp_path_factory: pytest.TempPathFactory) -> Performance:
    path = tmp_path_factory.mktemp("straight") / "clip.mp4"
    return bodydouble.capture(write_video(path, frames, options=LOSSLESS))


def pose_in_camera(performance: Performance, person: Person) -> FloatArray:
    """Joints (T, 22, 3) m relative to the hips, camera axes."""
    view = performance.camera.camera_from_world[0]
    joints = camera.transform(view, kinematics.joint_positions(person.motion))
    return joints - joints[:, :1]


def mean_distance(a: FloatArray, b: FloatArray) -> float:
    """m, over joints and frames; NaN where somebody was not observed is left out."""
    return float(np.nanmean(np.linalg.norm(a - b, axis=-1)))


def common_rows(one: Person, other: Person, step: int = 1) -> tuple[FloatArray, FloatArray]:
    """Rows of both people that show the same moment; frame n of the other is frame n * step of the one."""
    ours = {int(frame): row for row, frame in enumerate(one.track.frames)}
    pairs = [(ours[step * int(f)], row) for row, f in enumerate(other.track.frames) if step * int(f) in ours]
    assert len(pairs) > 0.9 * len(one.track.frames) / step
    a, b = np.array(pairs).T
    return a, b


def assert_same_motion(straight: Performance, changed: Performance, *, mirrored: bool = False, step: int = 1) -> None:
    assert len(straight.people) == len(changed.people) == 2
    body = list(humanoid.MIRROR) if mirrored else list(range(22))
    landmarks = list(blazepose.MIRROR) if mirrored else list(range(33))
    flip = FLIP if mirrored else np.ones(3)
    for person, other in zip(straight.people, changed.people, strict=True):
        a, b = common_rows(person, other, step)
        detector = mean_distance(person.track.landmarks_3d[a], other.track.landmarks_3d[b][:, landmarks] * flip)
        motion = mean_distance(pose_in_camera(straight, person)[a], pose_in_camera(changed, other)[b][:, body] * flip)
        assert motion < max(detector, FLOOR), person.name


def test_mirrored_video_gives_the_mirrored_motion(
    frames: list[RgbImage], straight: Performance, tmp_path: Path
) -> None:
    mirror_image = [np.ascontiguousarray(frame[:, ::-1]) for frame in frames]
    path = write_video(tmp_path / "mirror.mp4", mirror_image, options=LOSSLESS)
    assert_same_motion(straight, bodydouble.capture(path), mirrored=True)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_clip_turned_by_its_rotation_flag_gives_the_same_motion(
    frames: list[RgbImage], straight: Performance, tmp_path: Path, degrees: int
) -> None:
    turned = [np.ascontiguousarray(np.rot90(frame, -degrees // 90)) for frame in frames]
    path = write_video(tmp_path / "phone.mp4", turned, options=LOSSLESS, rotation=degrees)
    found = bodydouble.capture(path)
    assert found.camera.image_size == straight.camera.image_size
    assert_same_motion(straight, found)


def test_half_the_rate_agrees_at_the_common_frames(
    frames: list[RgbImage], straight: Performance, tmp_path: Path
) -> None:
    path = write_video(tmp_path / "half.mp4", frames[::2], options=LOSSLESS, fps=Fraction(15))
    assert_same_motion(straight, bodydouble.capture(path), step=2)


def test_same_clip_twice_gives_the_same_numbers(frames: list[RgbImage], tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames[:15])
    one, other = bodydouble.capture(path), bodydouble.capture(path)
    for person, again in zip(one.people, other.people, strict=True):
        np.testing.assert_array_equal(person.motion.rotations, again.motion.rotations)
