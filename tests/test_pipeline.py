"""The whole pipeline on a part of the real clip; independent readers check every file."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import bodydouble
from bodydouble import pipeline
from bodydouble.characters.fbx_rig import read_fbx_motion
from bodydouble.errors import InvalidDataError, NoPeopleError, RenderingUnavailableError
from bodydouble.formats import bvh, performance
from bodydouble.formats.fbx import BoneNaming
from bodydouble.formats.media import FrameReader, probe
from bodydouble.geometry import camera, kinematics
from bodydouble.pipeline import AnimationResult, Progress
from bodydouble.render import preview
from tests.builders import assert_same
from tests.clips import read_example_frames, write_clip
from tests.formats import glb_evaluator, validator

pytestmark = pytest.mark.slow

FRAMES = 45
MILLIMETRE = 1e-3


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "two people.mp4", read_example_frames(60, FRAMES, 960))


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress()


@pytest.fixture(scope="module")
def result(clip: Path, progress: Progress) -> AnimationResult:
    return pipeline.animate(clip, quality="balanced", progress=progress)


def glbs(result: AnimationResult) -> list[Path]:
    return [file for file in result.files if file.suffix == ".glb"]


def test_exactly_the_expected_files_are_written(clip: Path, result: AnimationResult) -> None:
    folder = clip.parent / "two people_bodydouble"
    names = {"performance.npz", "preview.mp4", "report.html"}
    names |= {"person1.glb", "person1.bvh", "person2.glb", "person2.bvh"}
    assert {file.name for file in result.files} == names
    assert {file.name for file in folder.iterdir()} == names


def test_both_people_are_observed_almost_all_the_time(result: AnimationResult) -> None:
    for person in result.performance.people:
        assert person.track.observed.mean() > 0.95
        assert len(person.track.frames) > 0.9 * FRAMES


def test_every_glb_satisfies_the_khronos_validator(result: AnimationResult) -> None:
    for file in glbs(result):
        assert validator.serious_issues(file) == []


def test_glb_joints_have_the_positions_of_the_performance(result: AnimationResult) -> None:
    for person, file in zip(result.performance.people, glbs(result), strict=True):
        glb = glb_evaluator.read(file)
        expected = kinematics.joint_positions(person.motion)
        assert glb.duration() == pytest.approx((len(expected) - 1) / 30, abs=1e-6)
        for frame in (0, len(expected) // 2, len(expected) - 1):
            for joint, name in enumerate(person.motion.skeleton.joint_names):
                position = glb.world_matrix(glb.node(name), frame / 30)[:3, 3]
                assert np.linalg.norm(position - expected[frame, joint]) < MILLIMETRE


def test_glb_skin_follows_the_bones(result: AnimationResult) -> None:
    for person, file in zip(result.performance.people, glbs(result), strict=True):
        skin = glb_evaluator.read(file).skinned_positions(0, 10 / 30)
        joints = kinematics.joint_positions(person.motion)[10]
        for joint in joints:
            assert np.linalg.norm(skin - joint, axis=-1).min() < 0.20
        assert np.all(skin.min(axis=0) > joints.min(axis=0) - 0.35)
        assert np.all(skin.max(axis=0) < joints.max(axis=0) + 0.35)


def test_bvh_read_back_has_the_joints_of_the_performance(result: AnimationResult) -> None:
    for person in result.performance.people:
        file = next(f for f in result.files if f.name == f"{person.name}.bvh")
        motion = bvh.read(file)
        assert motion.fps == result.performance.fps
        order = [motion.skeleton.joint_names.index(name) for name in person.motion.skeleton.joint_names]
        distance = kinematics.joint_positions(motion)[:, order] - kinematics.joint_positions(person.motion)
        assert np.linalg.norm(distance, axis=-1).max() < MILLIMETRE


def test_performance_read_back_is_the_one_returned(result: AnimationResult) -> None:
    loaded = performance.load(result.files[0])
    for person, read in zip(result.performance.people, loaded.people, strict=True):
        np.testing.assert_array_equal(read.motion.rotations, person.motion.rotations)
        np.testing.assert_array_equal(read.track.frames, person.track.frames)


def test_landmarks_of_the_motion_lie_on_the_person(result: AnimationResult) -> None:
    view = result.performance.camera
    for person in result.performance.people:
        points = camera.transform(view.camera_from_world[0], kinematics.joint_positions(person.motion))
        pixels = camera.project(view.intrinsics, points)
        boxes = person.track.boxes
        height = np.nanmedian(boxes[:, 3] - boxes[:, 1])
        margin = 0.15 * height
        assert np.all(pixels[..., 0].min(axis=1) > boxes[:, 0] - margin)
        assert np.all(pixels[..., 0].max(axis=1) < boxes[:, 2] + margin)
        assert np.all(pixels[..., 1].max(axis=1) < boxes[:, 3] + margin)


def test_the_preview_has_every_frame_at_the_rate_of_the_clip(clip: Path, result: AnimationResult) -> None:
    (preview,) = (file for file in result.files if file.name == "preview.mp4")
    preview_clip = probe(preview)
    assert preview_clip.fps == probe(clip).fps
    with FrameReader(preview) as reader:
        frames = list(reader)
    assert len(frames) == FRAMES
    right = frames[20][:, frames[20].shape[1] // 2 :].astype(int)
    colourful = (right.max(axis=-1) - right.min(axis=-1)) > 60
    assert colourful.sum() > 1000


def test_progress_has_the_stages(result: AnimationResult, progress: Progress) -> None:
    assert result.files
    assert list(progress.seconds) == [
        "loading networks", "perception", "tracking", "motion", "characters", "files", "preview", "report",
    ]  # fmt: skip
    assert 0 < progress.network_seconds < progress.seconds["perception"]
    assert progress.warnings == []


def test_without_opengl_all_but_the_preview_is_written(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise RenderingUnavailableError("OpenGL is not available; install libegl1")

    monkeypatch.setattr(preview, "PreviewRenderer", unavailable)
    progress = Progress()
    result = pipeline.animate(clip, tmp_path / "out", quality="fast", progress=progress)
    assert {file.name for file in result.files} >= {"performance.npz", "person1.glb", "person1.bvh"}
    assert not (tmp_path / "out" / "preview.mp4").exists()
    assert "No preview was rendered" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert len(progress.warnings) == 1
    assert "libegl1" in progress.warnings[0]


def test_files_at_another_rate_with_few_keys_agree(clip: Path, tmp_path: Path) -> None:
    fps, bound = Fraction(60000, 1001), 0.005
    result = pipeline.animate(
        clip,
        tmp_path,
        quality="fast",
        people="main",
        fps=fps,
        keyframe_tolerance=bound,
        fbx_bones=BoneNaming.UNREAL,
    )
    (person,) = performance.load(result.files[0]).people
    assert result.performance.fps == person.motion.fps == fps
    assert result.performance.frame_count == int((FRAMES - 1) * fps / 30) + 1
    assert bvh.read(result.files[2]).fps == fps
    assert len(bvh.read(result.files[2]).rotations) == len(person.track.frames)

    assert validator.serious_issues(result.files[1]) == []
    glb = glb_evaluator.read(result.files[1])
    expected = kinematics.joint_positions(person.motion)
    assert glb.duration() == pytest.approx((len(expected) - 1) / fps, abs=1e-6)
    for frame in range(0, len(expected), 5):
        for joint, name in enumerate(person.motion.skeleton.joint_names):
            position = glb.world_matrix(glb.node(name), frame / float(fps))[:3, 3]
            assert np.linalg.norm(position - expected[frame, joint]) <= bound
    keys = [len(glb.accessor(sampler["input"])) for sampler in glb.json["animations"][0]["samplers"]]
    assert np.mean(keys) < len(expected) / 2

    fbx_motion, _ = read_fbx_motion(result.files[3])
    assert fbx_motion.fps == fps
    feet = kinematics.joint_positions(fbx_motion)[:, fbx_motion.skeleton.index("foot_l")]
    assert_same(feet, expected[:, person.motion.skeleton.index("leftFoot")], 1e-4)

    assert probe(tmp_path / "preview.mp4").fps == Fraction(30)
    assert probe(tmp_path / "preview.mp4").frame_count == FRAMES


def test_a_selected_person_keeps_the_name(clip: Path, result: AnimationResult, tmp_path: Path) -> None:
    second = result.performance.people[1]
    x, y = second.track.boxes[20].reshape(2, 2).mean(axis=0)
    at = f"at {x:.0f},{y:.0f},{second.track.frames[20]}"
    selected = pipeline.capture_to_folder(clip, tmp_path / "one", people=at)
    (person,) = performance.load(selected.files[0]).people
    assert person.name == "person2"
    np.testing.assert_array_equal(person.track.frames, second.track.frames)
    for people, words in (("person3", "there is person1, person2"), (f"at 1,1,{FRAMES - 1}", "nobody is at 1,1")):
        with pytest.raises(InvalidDataError, match=words):
            pipeline.capture_to_folder(clip, tmp_path / "none", people=people, quality="fast")
        assert not (tmp_path / "none").exists()


def test_rejects_a_frame_rate_or_tolerance_that_is_not_positive(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="fps is 0"):
        pipeline.capture_to_folder(clip, tmp_path / "out", fps=Fraction(0))
    with pytest.raises(InvalidDataError, match="keyframe_tolerance is"):
        pipeline.animate(clip, tmp_path / "out", keyframe_tolerance=-1.0)
    assert not (tmp_path / "out").exists()


def test_one_frame_gives_one_pose(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "still.mp4", read_example_frames(70, 1, 960))
    result = pipeline.animate(clip, tmp_path / "out", people="main")
    assert result.performance.frame_count == 1
    assert len(result.performance.people) == 1
    glb = glb_evaluator.read(result.files[1])
    assert glb.duration() == 0.0
    assert validator.serious_issues(result.files[1]) == []


def test_8k_is_scaled_for_perception_but_stays_8k_in_the_files(tmp_path: Path) -> None:
    frames = read_example_frames(70, 3, 960)
    clip = write_clip(tmp_path / "large.mp4", [np.repeat(np.repeat(f, 8, axis=0), 8, axis=1) for f in frames])
    large = bodydouble.capture(clip, quality="fast")
    small = bodydouble.capture(write_clip(tmp_path / "small.mp4", frames), quality="fast")
    assert large.camera.image_size == (7680, 8 * frames[0].shape[0])
    for a, b in zip(large.people, small.people, strict=True):
        difference = a.track.keypoints[..., :2] / 8 - b.track.keypoints[..., :2]
        assert np.median(np.abs(difference)) < 3.0


def test_a_clip_without_people_is_an_error_and_leaves_no_folder(tmp_path: Path) -> None:
    blank = [np.full((240, 320, 3), 128, dtype=np.uint8)] * 10
    clip = write_clip(tmp_path / "blank.mp4", blank)
    with pytest.raises(NoPeopleError, match=r"nobody was found in .*blank\.mp4"):
        pipeline.animate(clip, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_json_summary_of_the_command(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from bodydouble.cli import app

    with pytest.raises(SystemExit) as exit_:
        app(["animate", str(clip), "-o", str(tmp_path), "--quality", "fast", "--no-preview", "--json", "--people", "1"])
    assert exit_.value.code == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["frames"] == FRAMES
    assert [person["name"] for person in summary["people"]] == ["person1"]
    assert all(Path(file).exists() for file in summary["files"])
