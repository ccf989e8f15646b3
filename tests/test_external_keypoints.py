"""External 2D keypoints and detectors, on a part of the real clip."""

import json
from pathlib import Path

import numpy as np
import pytest

import bodydouble
from bodydouble import pipeline
from bodydouble.data import Camera, FloatArray, Performance, Person, RgbImage
from bodydouble.errors import BodydoubleError, InvalidDataError, ModelError
from bodydouble.evaluation.metrics.pose import aligned_errors_mm
from bodydouble.formats.keypoint_files import KeypointFormat, collect_keypoints, write_keypoints
from bodydouble.geometry import kinematics
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.reconstruct import default_intrinsics
from bodydouble.perception.pose.movenet import MoveNetDetector
from bodydouble.pipeline import Progress
from tests.clips import read_example_frames, write_clip
from tests.motion.scenes import FPS, IMAGE_SIZE, simulated_track, static_camera, waving_motion, without_feet
from tests.perception import onnx_detectors
from tests.test_cli import run

FRAMES = 40
SIZE = (960, 540)


@pytest.fixture(scope="module")
def frames() -> list[RgbImage]:
    return read_example_frames(60, FRAMES, SIZE[0])


@pytest.fixture(scope="module")
def clip(frames: list[RgbImage], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "two.mp4", frames)


@pytest.fixture(scope="module")
def reference(clip: Path) -> Performance:
    return bodydouble.capture(clip, camera="static")


def export_keypoints(reference: Performance, file_format: KeypointFormat, folder: Path) -> Path:
    path = folder / ("keypoints" if file_format is KeypointFormat.OPENPOSE else "keypoints.json")
    write_keypoints(path, collect_keypoints(reference, file_format), file_format, reference.frame_count)
    return path


def joints(performance: Performance, person: int) -> FloatArray:
    return kinematics.joint_positions(performance.people[person].motion)


def sole_height(performance: Performance, person: int) -> float:
    """Returns the median height, m, of the lowest point of the soles above the floor."""
    motion = performance.people[person].motion
    return float(np.median(sole_positions(motion.skeleton, motion.rotations, motion.root_position)[..., 1].min(axis=1)))


@pytest.mark.slow
@pytest.mark.parametrize("file_format", list(KeypointFormat))
def test_exported_keypoints_give_similar_motion(
    file_format: KeypointFormat, clip: Path, reference: Performance, tmp_path: Path
) -> None:
    progress = Progress()
    performance = bodydouble.capture(
        clip, keypoints=export_keypoints(reference, file_format, tmp_path), camera="static", progress=progress
    )
    assert progress.network_seconds == 0
    assert [person.name for person in performance.people] == [person.name for person in reference.people]
    for number, (one, other) in enumerate(zip(performance.people, reference.people, strict=True)):
        np.testing.assert_array_equal(one.track.frames, other.track.frames)
        np.testing.assert_array_equal(one.track.observed, other.track.observed)
        assert np.isnan(one.track.landmarks_3d).all()
        assert aligned_errors_mm(joints(performance, number), joints(reference, number)).mean() < 70
        # One person walks on the ground, the other one stands on a roof, whose height is uncertain.
        height, known_height = sole_height(performance, number), sole_height(reference, number)
        assert height == pytest.approx(known_height, abs=0.03 + 0.15 * known_height)


def write_grey_clip(folder: Path) -> Path:
    return write_clip(folder / "grey.mp4", [np.full((720, 1280, 3), 90, np.uint8)] * 30)


def simulate_without_feet() -> Performance:
    motion = waving_motion(30)
    track = without_feet(simulated_track(motion, static_camera(), default_intrinsics(IMAGE_SIZE)))
    view = Camera(IMAGE_SIZE, default_intrinsics(IMAGE_SIZE), np.tile(np.eye(4), (30, 1, 1)))
    return Performance(FPS, 30, view, (Person("person1", track, motion),))


def test_keypoints_without_feet_give_a_person_on_the_floor_and_one_warning(tmp_path: Path) -> None:
    video, performance = write_grey_clip(tmp_path), simulate_without_feet()
    progress = Progress()
    result = bodydouble.animate(
        video,
        tmp_path / "out",
        keypoints=export_keypoints(performance, KeypointFormat.COCO, tmp_path),
        preview=False,
        progress=progress,
    )
    message = (
        "person1: the feet are never visible; contacts are not estimated, and the height above the floor is assumed"
    )
    assert [warning for warning in progress.warnings if warning.startswith("person1")] == [message]
    assert message in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert not result.performance.people[0].motion.contacts.any()
    assert sole_height(result.performance, 0) == pytest.approx(0.0, abs=0.02)


def test_frames_numbered_from_one_are_aligned_with_a_note(tmp_path: Path) -> None:
    video, performance = write_grey_clip(tmp_path), simulate_without_feet()
    from_zero = export_keypoints(performance, KeypointFormat.COCO, tmp_path)
    items = json.loads(from_zero.read_text(encoding="utf-8"))
    from_one = tmp_path / "from_one.json"
    from_one.write_text(json.dumps([item | {"image_id": item["image_id"] + 1} for item in items]), encoding="utf-8")
    progress = Progress()
    plain = bodydouble.capture(video, keypoints=from_zero, camera="static")
    aligned = bodydouble.capture(video, keypoints=from_one, camera="static", progress=progress)
    np.testing.assert_array_equal(joints(aligned, 0), joints(plain, 0))
    assert sum("numbered from 1" in warning for warning in progress.warnings) == 1


@pytest.mark.slow
def test_an_external_detector_detects_the_people(
    clip: Path, frames: list[RgbImage], reference: Performance, tmp_path: Path
) -> None:
    people = MoveNetDetector().detect(frames[0])
    scale = 64 / SIZE[0]
    boxes = np.array([np.append(one.box * scale, 0.9) for one in people])
    poses = np.array([one.keypoints * [scale, scale, 1] for one in people])
    network = onnx_detectors.constant_output(tmp_path / "mine.onnx", {"dets": boxes[None], "keypoints": poses[None]})
    performance = bodydouble.capture(clip, detector=network, camera="static")
    assert len(performance.people) == len(reference.people)
    for number, (one, other) in enumerate(zip(performance.people, reference.people, strict=True)):
        if len(one.track.frames) == len(other.track.frames):
            assert aligned_errors_mm(joints(performance, number), joints(reference, number)).mean() < 50


@pytest.mark.slow
def test_keypoints_of_a_longer_video_are_refused(reference: Performance, tmp_path: Path) -> None:
    shorter = write_clip(tmp_path / "shorter.mp4", read_example_frames(60, FRAMES // 2, SIZE[0]))
    with pytest.raises(InvalidDataError, match=f"but the video has {FRAMES // 2}"):
        bodydouble.capture(shorter, keypoints=export_keypoints(reference, KeypointFormat.COCO, tmp_path))


def test_invalid_keypoints_and_detectors_are_reported_in_one_line(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "grey.mp4", [np.full((64, 96, 3), 90, np.uint8)] * 5)
    nothing = tmp_path / "nothing.json"
    nothing.write_text("[]", encoding="utf-8")
    for options in (["--keypoints", str(nothing)], ["--keypoints", "missing.json"], ["--detector", "missing.onnx"]):
        outcome = run("capture", str(video), "-o", str(tmp_path / "out"), *options)
        assert outcome.returncode == 1
        assert len(outcome.stderr.strip().splitlines()[-1:]) == 1
        assert "Traceback" not in outcome.stderr
        assert not (tmp_path / "out").exists()


def test_keypoints_and_a_detector_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="leave one of them out"):
        pipeline.capture(tmp_path / "video.mp4", keypoints="a.json", detector="b.onnx")


def test_an_unknown_detector_is_an_error(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "grey.mp4", [np.full((64, 96, 3), 90, np.uint8)] * 5)
    with pytest.raises(ModelError, match="yolo is missing") as caught:
        pipeline.capture(video, detector="yolo")
    assert isinstance(caught.value, BodydoubleError)
