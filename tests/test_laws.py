"""Laws of the whole pipeline on real video: flipped, with a rotation flag, at half the frame rate.

The networks are neither exactly symmetric nor free of jitter, so the landmarks of a flipped person differ a little. The
mean distance of the 3D landmarks is measured in the same run, and the reconstructed motion may not differ by more: no
stage after the networks may prefer a side, a direction or a frame rate.
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
MIN_DISTANCE = 0.01
"""Distance in m below which motions count as equal."""


@pytest.fixture(scope="module")
def frames() -> list[RgbImage]:
    return read_example_frames(60, FRAMES, 960)


@pytest.fixture(scope="module")
def reference(frames: list[RgbImage], tmp_path_factory: pytest.TempPathFactory) -> Performance:
    path = tmp_path_factory.mktemp("reference") / "clip.mp4"
    return bodydouble.capture(write_video(path, frames, options=LOSSLESS))


def pose_in_camera(performance: Performance, person: Person) -> FloatArray:
    """Joints (T, 22, 3) m relative to the hips, camera axes."""
    view = performance.camera.camera_from_world[0]
    joints = camera.transform(view, kinematics.joint_positions(person.motion))
    return joints - joints[:, :1]


def mean_distance(a: FloatArray, b: FloatArray) -> float:
    """m, over joints and frames; NaN where not observed is ignored."""
    return float(np.nanmean(np.linalg.norm(a - b, axis=-1)))


def common_rows(one: Person, other: Person, step: int = 1) -> tuple[FloatArray, FloatArray]:
    """Rows of two tracks that show the same time; frame n of the other is frame n * step of the first."""
    ours = {int(frame): row for row, frame in enumerate(one.track.frames)}
    pairs = [(ours[step * int(f)], row) for row, f in enumerate(other.track.frames) if step * int(f) in ours]
    assert len(pairs) > 0.9 * len(one.track.frames) / step
    a, b = np.array(pairs).T
    return a, b


def assert_same_motion(reference: Performance, changed: Performance, *, flipped: bool = False, step: int = 1) -> None:
    assert len(reference.people) == len(changed.people) == 2
    body = list(humanoid.MIRROR) if flipped else list(range(22))
    landmarks = list(blazepose.MIRROR) if flipped else list(range(33))
    flip = FLIP if flipped else np.ones(3)
    for person, other in zip(reference.people, changed.people, strict=True):
        a, b = common_rows(person, other, step)
        detector = mean_distance(person.track.landmarks_3d[a], other.track.landmarks_3d[b][:, landmarks] * flip)
        motion = mean_distance(pose_in_camera(reference, person)[a], pose_in_camera(changed, other)[b][:, body] * flip)
        assert motion < max(detector, MIN_DISTANCE), person.name


def test_a_flipped_video_gives_the_flipped_motion(
    frames: list[RgbImage], reference: Performance, tmp_path: Path
) -> None:
    flipped_frames = [np.ascontiguousarray(frame[:, ::-1]) for frame in frames]
    path = write_video(tmp_path / "mirror.mp4", flipped_frames, options=LOSSLESS)
    assert_same_motion(reference, bodydouble.capture(path), flipped=True)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_clip_with_a_rotation_flag_gives_the_same_motion(
    frames: list[RgbImage], reference: Performance, tmp_path: Path, degrees: int
) -> None:
    rotated = [np.ascontiguousarray(np.rot90(frame, -degrees // 90)) for frame in frames]
    path = write_video(tmp_path / "phone.mp4", rotated, options=LOSSLESS, rotation=degrees)
    performance = bodydouble.capture(path)
    assert performance.camera.image_size == reference.camera.image_size
    assert_same_motion(reference, performance)


def test_half_the_frame_rate_agrees_at_the_common_frames(
    frames: list[RgbImage], reference: Performance, tmp_path: Path
) -> None:
    path = write_video(tmp_path / "half.mp4", frames[::2], options=LOSSLESS, fps=Fraction(15))
    assert_same_motion(reference, bodydouble.capture(path), step=2)


def test_the_same_clip_gives_the_same_numbers(frames: list[RgbImage], tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames[:15])
    one, other = bodydouble.capture(path), bodydouble.capture(path)
    for person, again in zip(one.people, other.people, strict=True):
        np.testing.assert_array_equal(person.motion.rotations, again.motion.rotations)
