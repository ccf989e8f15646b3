"""The scene of a capture in Blender: by the command line, by the add-on, and an armature of the user's own."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tools import build_addon
from typer.testing import CliRunner

import bodydouble
from bodydouble.characters.retarget import pose_matrices
from bodydouble.cli import app
from bodydouble.data import Camera, FloatArray, Performance
from bodydouble.formats import gltf
from bodydouble.formats.performance import save
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.pipeline.animated_characters import retarget_to_character
from bodydouble.pipeline.exporting import export_motions
from bodydouble.pipeline.motion_files import NamedMotion
from tests import builders, clips
from tests.blender.process import PYTHON, needs_blender, run_script
from tests.blender.test_files import WORLD_FROM_BLENDER

FRAME_COUNT = 12
FPS = Fraction(25, 2)
"""Blender holds a whole rate and a divisor; its importers are wrong where the divisor is not 1."""
IMAGE_SIZE = (320, 240)
MAX_IMAGE_ERROR = 1e-5
"""Relative to the width of the image; Blender holds single precision."""
MAX_DEPTH_ERROR_M = 1e-5
APPLY_TOLERANCE_M = 1e-5
RIG_SCALE = 2.0
"""Scale of the rig in use_add_on.py."""


def moving_camera() -> Camera:
    """A handheld camera with its principal point off the centre."""
    level = builders.level_camera(FRAME_COUNT, IMAGE_SIZE)
    poses = np.array(level.camera_from_world)
    rng = np.random.default_rng(5)
    poses[:, :3, :3] = (
        rotation.to_matrix(rotation.from_rotvec(builders.wave(rng, FRAME_COUNT, (3,), 0.2))) @ poses[:, :3, :3]
    )
    poses[:, :3, 3] += builders.wave(rng, FRAME_COUNT, (3,), 0.4)
    intrinsics = np.array([[300.0, 0.0, 170.0], [0.0, 300.0, 105.0], [0.0, 0.0, 1.0]])
    return Camera(IMAGE_SIZE, intrinsics, poses)


def a_performance() -> Performance:
    """Two people without contacts of the soles, which foot planting would correct; the second has hands."""
    performance = builders.performance(FRAME_COUNT, fps=FPS)
    first, second = (
        replace(person, motion=replace(person.motion, contacts=np.zeros_like(person.motion.contacts)))
        for person in performance.people
    )
    second = replace(second, hands=builders.hands(FRAME_COUNT - 1))
    return replace(performance, camera=moving_camera(), people=(first, second))


@dataclass(frozen=True)
class Scenes:
    """A performance and what Blender shows of it."""

    performance: Performance
    rig: Path
    shown: dict[str, Any]


def _write_program(path: Path, animate: str) -> Path:
    """Writes a program that runs bodydouble, but for ``animate``, which takes long, the given lines."""
    source = Path(bodydouble.__file__).parents[1]
    path.write_text(
        f'#!/bin/sh\nif [ "$1" = animate ]; then\n{animate}\nfi\n'
        f'PYTHONPATH="{source}" exec "{sys.executable}" -m bodydouble "$@"\n'
    )
    path.chmod(0o755)
    return path


def _write_capture(folder: Path, performance: Performance) -> Path:
    """Writes a capture whose first person has a character and whose second has none."""
    folder.mkdir()
    save(folder / "performance.npz", performance)
    first = performance.people[0]
    export_motions([NamedMotion(first.name, first.motion)], folder / f"{first.name}.glb")
    return folder / "performance.npz"


def _write_rig(path: Path, performance: Performance) -> Path:
    """Writes a character whose bones have axes of their own."""
    animated = retarget_to_character(performance.people[0].motion, builders.character(seed=3))
    gltf.write(path, animated.character, animated.rotations[:1], animated.hips_translation[:1], FPS, "rest")
    return path


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    folder = tmp_path_factory.mktemp("scenes")
    performance = a_performance()
    capture = _write_capture(folder / "dance_bodydouble", performance)
    frames = [np.full((IMAGE_SIZE[1], IMAGE_SIZE[0], 3), 20 * i, np.uint8) for i in range(FRAME_COUNT)]
    video = clips.write_clip(folder / "dance.mp4", frames, FPS)
    blend = folder / "new" / "dance.blend"
    done = CliRunner().invoke(app, ["export", str(capture), "-o", str(blend), "--blender", str(PYTHON), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"people": ["person1", "person2"], "files": [str(blend)]}
    assert list(blend.parent.iterdir()) == [blend]
    request = _write_request(folder, capture, video, blend, _write_rig(folder / "rig.glb", performance))
    answer = folder / "answer.json"
    run_script("use_add_on", request, answer, folder=folder)
    return Scenes(performance, folder / "rig.glb", json.loads(answer.read_text()))


def _write_request(folder: Path, capture: Path, video: Path, blend: Path, rig: Path) -> Path:
    """Writes what use_add_on.py needs: among others the add-on, and programs that copy a capture or fail."""
    build_addon.build(folder / "add_on.zip")
    copy = f'echo "progress: perception 3 12" >&2; cp -r "{capture.parent}" "{folder}/second_bodydouble"; exit 0'
    request = {
        "zip": folder / "add_on.zip",
        "program": _write_program(folder / "program", copy),
        "failing_program": _write_program(folder / "failing", 'echo "bodydouble: no people" >&2; exit 1'),
        "endless_program": _write_program(folder / "endless", "exec sleep 60"),
        "video": shutil.copy(video, folder / "second.mp4"),
        "capture": capture.parent,
        "rig": rig,
        "blend": blend,
    }
    path = folder / "request.json"
    path.write_text(
        json.dumps(
            {key: str(value) for key, value in request.items()} | {"frames": FRAME_COUNT, "fps": [12, 12 / float(FPS)]}
        )
    )
    return path


def projected(performance: Performance, person: int) -> FloatArray:
    """Returns the joints (T, J, 2) of a person in the image, in px, by the camera of the performance."""
    track, motion = performance.people[person].track, performance.people[person].motion
    joints = kinematics.joint_positions(motion)
    view = performance.camera.camera_from_world[track.frames]
    return camera.project(performance.camera.intrinsics, camera.transform(view, joints))


@needs_blender
@pytest.mark.parametrize("scene", ["blend", "captured"])
def test_scene_shows_the_people_where_the_camera_saw_them(scene: str, scenes: Scenes) -> None:
    armatures = scenes.shown[scene]["armatures"]
    assert len(armatures) == 2
    for person, frames in enumerate(armatures.values()):
        captured = scenes.performance.people[person]
        names = captured.motion.skeleton.joint_names
        shown = np.array([[frames[f][name] for name in names] for f in captured.track.frames])
        assert (shown[..., 2] > 0).all()
        pixels = [IMAGE_SIZE[0], IMAGE_SIZE[1]] * (np.array([0.0, 1.0]) + shown[..., :2] * [1.0, -1.0])
        assert np.abs(pixels - projected(scenes.performance, person)).max() < MAX_IMAGE_ERROR * IMAGE_SIZE[0]


@needs_blender
@pytest.mark.parametrize("scene", ["blend", "captured"])
def test_scene_has_the_time_the_image_and_the_floor_of_the_clip(scene: str, scenes: Scenes) -> None:
    shown = scenes.shown[scene]
    assert shown["fps"] == pytest.approx(float(FPS), rel=1e-6)
    assert (shown["frames"], shown["image_size"]) == ([0, FRAME_COUNT - 1], list(IMAGE_SIZE))
    (background,) = shown["backgrounds"]
    assert background["first_frame"] == 0
    assert Path(background["video"]).name == ("dance.mp4" if scene == "blend" else "second.mp4")
    floor = np.array(shown["floor"])
    assert np.abs(floor[:, 2]).max() == 0
    people = np.concatenate([kinematics.joint_positions(p.motion).reshape(-1, 3) for p in scenes.performance.people])
    feet = people @ WORLD_FROM_BLENDER
    assert (floor.min(axis=0)[:2] <= feet.min(axis=0)[:2]).all()
    assert (floor.max(axis=0)[:2] >= feet.max(axis=0)[:2]).all()


@needs_blender
def test_people_are_characters_where_there_are_files(scenes: Scenes) -> None:
    assert sorted(scenes.shown["blend"]["meshes"]) == ["person1", "person2"]
    assert len(scenes.shown["captured"]["meshes"]) == 1


@needs_blender
def test_armature_has_the_fingers_of_the_person(scenes: Scenes) -> None:
    person = scenes.performance.people[1]
    assert person.hands is not None
    shown = list(scenes.shown["captured"]["armatures"].values())[1]
    distance = np.array([frame["leftThumbMetacarpal"][2] - frame["leftHand"][2] for frame in shown])
    hand, wrist = person.hands, person.motion.skeleton.index("leftHand")
    world = kinematics.world_rotations(person.motion.skeleton.parents, person.motion.rotations)[:, wrist]
    view = scenes.performance.camera.camera_from_world[person.track.frames, 2, :3]
    expected = np.sum(view * rotation.rotate(world, hand.rest_offsets[0]), axis=1)
    builders.assert_same(distance[person.track.frames], expected, MAX_DEPTH_ERROR_M)


@needs_blender
def test_performance_moves_an_armature_with_axes_of_its_own(scenes: Scenes) -> None:
    person = scenes.performance.people[1]
    animated = retarget_to_character(person.motion, builders.character(seed=3))
    joints = pose_matrices(animated.character, animated.rotations, animated.hips_translation)[..., :3, 3]
    names = animated.character.skeleton.joint_names
    for frames in scenes.shown["applied"]:
        in_blender = np.array([[frames[f][name] for name in names] for f in person.track.frames])
        shown = in_blender @ WORLD_FROM_BLENDER.T / RIG_SCALE
        assert np.abs(shown - shown[:, :1] - (joints - joints[:, :1])).max() < APPLY_TOLERANCE_M
        # The path is that of other soles: an armature without meshes has none.
        ratio = np.sum(shown[:, 0] * joints[:, 0]) / np.sum(joints[:, 0] ** 2)
        assert 0.95 < ratio < 1.05
        assert np.abs(shown[:, 0] - ratio * joints[:, 0]).max() < APPLY_TOLERANCE_M


@needs_blender
def test_panel_has_a_button_per_task(scenes: Scenes) -> None:
    assert scenes.shown["buttons"] == ["Capture Video", "Open Capture", "Apply to Selected Armature"]


@needs_blender
def test_errors_are_one_line(scenes: Scenes) -> None:
    assert {key: message.removeprefix("Error: ") for key, message in scenes.shown["errors"].items()} == {
        "no file": "choose a file in the panel first",
        "not a capture": f"{scenes.rig} is not a bodydouble performance file, or is damaged",
        "not installed": "bodydouble was not found as '/nowhere/bodydouble': install it, and name its program in the "
        "add-on's preferences",
        "failure": "bodydouble failed: no people",
        "nobody": "there is no person 'nobody'; the capture has person1, person2",
    }


@needs_blender
def test_blender_stays_usable_while_the_program_runs(scenes: Scenes) -> None:
    assert scenes.shown["in a window"] == {
        "done": [["INFO", "used the files"], ["FINISHED"]],
        "failed": [["ERROR", "bodydouble failed: no people"], ["CANCELLED"]],
        "cancelled": [["CANCELLED"]],
    }


@needs_blender
def test_add_on_leaves_nothing_behind(scenes: Scenes) -> None:
    assert scenes.shown["is_removed"]


@needs_blender
def test_blender_accepts_the_manifest(tmp_path: Path) -> None:
    build_addon.build(tmp_path / "add_on.zip")
    (validator,) = PYTHON.parents[1].glob("lib/*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    command = map(str, [PYTHON, validator, "validate", tmp_path / "add_on.zip"])
    done = subprocess.run([*command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zip_file_is_reproducible(tmp_path: Path) -> None:
    for name in ("a", "b"):
        build_addon.build(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert f"-{bodydouble.__version__}.zip" in build_addon.default_path().name
