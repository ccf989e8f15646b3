"""Animations of glTF and VRMA files are read back as the motion that was written."""

import json
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.gltf_animation import _Channel, read_animations
from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import retarget
from bodydouble.data import Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.formats import gltf, vrma
from bodydouble.geometry import kinematics, rotation
from bodydouble.pipeline.animated_characters import retarget_to_character
from bodydouble.pipeline.exporting import retarget_motions
from bodydouble.pipeline.motion_files import load_motions
from bodydouble.skeletons import adult_template, humanoid
from tests import builders
from tests.formats.validator import serious_issues

ADULT = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))
TWO_MM, HALF_A_DEGREE = 2e-3, np.radians(0.5)


def assert_same_motion(actual: Motion, expected: Motion) -> None:
    assert actual.fps == expected.fps
    builders.assert_same(kinematics.joint_positions(actual), kinematics.joint_positions(expected), TWO_MM)
    assert rotation.angle_between(actual.rotations, expected.rotations).max() < HALF_A_DEGREE


@pytest.mark.parametrize("fps", [Fraction(30), Fraction(60), Fraction(25), Fraction(30000, 1001)])
def test_vrma_round_trip(fps: Fraction, tmp_path: Path) -> None:
    motion = builders.smooth_motion(frames=20, seed=2, fps=fps, skeleton=ADULT)
    vrma.write(tmp_path / "a.vrma", motion, "dance")
    ((name, back),) = read_animations(tmp_path / "a.vrma").items()
    assert name == "dance"
    assert_same_motion(back, motion)


def test_vrma_is_valid_and_declares_its_bones(tmp_path: Path) -> None:
    path = tmp_path / "a.vrma"
    motion = builders.smooth_motion(frames=5)
    vrma.write(path, motion, "dance")
    assert serious_issues(path) == []
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + length])
    extension = document["extensions"]["VRMC_vrm_animation"]
    assert (extension["specVersion"], document["extensionsUsed"]) == ("1.0", ["VRMC_vrm_animation"])
    for bone, entry in extension["humanoid"]["humanBones"].items():
        assert document["nodes"][entry["node"]]["name"] == bone
    # Players scale the path by the height of the hips at rest.
    assert document["nodes"][0]["translation"][1] > 0.5


def test_mannequin_round_trip(tmp_path: Path) -> None:
    motion = builders.smooth_motion(frames=20, seed=6, skeleton=ADULT)
    animated = retarget_to_character(motion, load_character("mannequin"))
    path = tmp_path / "a.glb"
    gltf.write(path, animated.character, animated.rotations, animated.hips_translation, motion.fps, "take")
    (named,) = load_motions(path)
    assert named.name == "take"
    assert_same_motion(named.motion, motion)
    assert np.isfinite(named.motion.contacts).all()


def test_rig_with_other_axes_gives_the_same_motion(tmp_path: Path) -> None:
    motion = builders.smooth_motion(frames=12, seed=7)
    character = builders.character(seed=3)
    path = tmp_path / "a.glb"
    gltf.write(path, character, *retarget(motion, character), motion.fps, "take")
    back = kinematics.joint_positions(read_animations(path)["take"])
    expected = kinematics.joint_positions(motion)
    # The path of the hips is scaled to the height of the character's hips above its soles.
    builders.assert_same(back - back[:, :1], expected - expected[:, :1], TWO_MM)


def test_interpolation_of_keys() -> None:
    times, values = np.array([0.0, 1.0, 3.0]), np.array([[0.0, 0, 0], [1.0, 0, 0], [1.0, 2.0, 0]])
    sampled = np.array([-1.0, 0.5, 1.0, 2.0, 9.0])

    def sample(interpolation: str, keys: builders.Floats) -> builders.Floats:
        return np.asarray(_Channel(0, "translation", times, keys, interpolation).sample(sampled), dtype=np.float64)

    linear = np.array([[0, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 1, 0], [1, 2, 0]])
    builders.assert_same(sample("LINEAR", values), linear, 1e-12)
    builders.assert_same(sample("STEP", values), [[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 2, 0]], 1e-12)
    # With the slope of the line as tangents, a Hermite spline is that line.
    slopes = np.diff(values, axis=0) / np.diff(times)[:, None]
    cubic = np.zeros((3, 3, 3))
    cubic[:, 1] = values
    cubic[1:, 0], cubic[:-1, 2] = slopes, slopes
    builders.assert_same(sample("CUBICSPLINE", cubic.reshape(9, 3)), linear, 1e-12)


def test_rotations_take_the_shortest_arc() -> None:
    half = rotation.from_rotvec(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    half[1] *= -1.0
    middle = _Channel(0, "rotation", np.array([0.0, 1.0]), half, "LINEAR").sample(np.array([0.5]))
    assert rotation.angle_between(middle[0], rotation.from_rotvec(np.array([0.0, 0.0, 0.5]))) < 1e-9


def test_single_key_is_a_still_pose(tmp_path: Path) -> None:
    motion = builders.smooth_motion(frames=1)
    vrma.write(tmp_path / "a.vrma", motion, "pose")
    back = read_animations(tmp_path / "a.vrma")["pose"]
    builders.assert_same(kinematics.joint_positions(back), kinematics.joint_positions(motion), TWO_MM)


def test_takes_of_one_rig_are_written_to_one_file(tmp_path: Path) -> None:
    takes = {"walk": 4, "run, fast": 5}
    animations = []
    for name, seed in takes.items():
        motion = builders.smooth_motion(frames=6, seed=seed, skeleton=ADULT)
        animated = retarget_to_character(motion, load_character("mannequin"))
        animations.append(gltf.NamedAnimation(name, animated.rotations, animated.hips_translation, motion.fps))
    source = tmp_path / "takes.glb"
    gltf.write_animations(source, animated.character, animations)
    assert serious_issues(source) == []
    (file,) = retarget_motions(load_motions(source), "mannequin", tmp_path / "out.glb").files
    assert serious_issues(file) == []
    motions = read_animations(file)
    assert list(motions) == list(takes)
    for name, seed in takes.items():
        assert_same_motion(motions[name], builders.smooth_motion(frames=6, seed=seed, skeleton=ADULT))


def test_file_without_animation_is_refused() -> None:
    mannequin = Path(gltf.__file__).parents[1] / "characters" / "builtin" / "mannequin.glb"
    with pytest.raises(FormatError, match=r"mannequin\.glb: no animation moves its skeleton"):
        read_animations(mannequin)


def test_damaged_curves_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.vrma"
    vrma.write(path, builders.smooth_motion(frames=5), "pose")
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + length])
    samplers = document["animations"][0]["samplers"]
    samplers[0]["output"], samplers[0]["input"] = samplers[0]["input"], samplers[0]["output"]
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    (tmp_path / "b.vrma").write_bytes(
        struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest))
        + struct.pack("<I4s", len(text), b"JSON")
        + text
        + rest
    )
    with pytest.raises(FormatError, match=r"b\.vrma: "):
        read_animations(tmp_path / "b.vrma")
