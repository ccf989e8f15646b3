"""Faces on characters: names of all conventions, VRM expressions, and the gaze."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from bodydouble.characters.expression_fit import EMOTIONS, VOWELS, fit_expressions
from bodydouble.characters.face_controls import find_face_controls
from bodydouble.characters.face_weights import animate_face
from bodydouble.characters.load import load_character
from bodydouble.data import Character, Face, FloatArray, MorphTarget
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.gaze import MAX_GAZE_ANGLE
from bodydouble.skeletons import face_names
from bodydouble.skeletons.arkit import BLENDSHAPES, INDEX
from tests import builders
from tests.builders import assert_same

FRAMES = 7
ARKIT_ALIKE = ("ARKit_{}", "Face.M_F00_000_00_{}", "{}", "blendShape1.{}", "head_{}_")


def with_targets(*names: str, at_rest: float = 0.0) -> Character:
    """A character whose mesh has a morph target of each name."""
    character = builders.character()
    (mesh,) = character.meshes
    targets = tuple(MorphTarget(name, 0.01 * mesh.normals, weight=at_rest) for name in names)
    return replace(character, meshes=(replace(mesh, morph_targets=targets),))


def face_of(gaze: tuple[float, float] = (0.0, 0.0), **weights: float) -> Face:
    """A face with constant weights and gaze."""
    rows = np.zeros((FRAMES, len(BLENDSHAPES)))
    for name, weight in weights.items():
        rows[:, INDEX[name]] = weight
    return Face(np.ones(FRAMES, dtype=bool), rows, np.tile(gaze, (FRAMES, 1)))


def weights_of(face: Face, character: Character) -> dict[str, FloatArray]:
    """Name of each morph target -> its weights."""
    motion = animate_face(face, character)
    return {
        target.name: weights[:, k]
        for mesh, weights in zip(character.meshes, motion.weights, strict=True)
        if weights is not None
        for k, target in enumerate(mesh.morph_targets)
    }


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("eyeBlink_L", "eyeBlinkLeft"), ("EYEBLINKRIGHT", "eyeBlinkRight"), ("ARKit_JawOpen", "jawOpen"),
        ("Face.M_F00_000_00_mouthSmile_R", "mouthSmileRight"), ("Mouth_Smile_L", "mouthSmileLeft"),
        ("browInnerUp", "browInnerUp"), ("jawL", "jawLeft"), ("tongue-out", "tongueOut"), ("MouthLeft", "mouthLeft"),
        ("Fcl_MTH_A", None), ("smile", None), ("あ", None),
    ],
)  # fmt: skip
def test_names_of_arkits_shapes_are_known(name: str, shape: str | None) -> None:
    assert face_names.arkit_shape(name) == shape


def test_every_shape_is_its_own_name() -> None:
    assert [face_names.arkit_shape(name) for name in BLENDSHAPES] == list(BLENDSHAPES)
    assert [face_names.arkit_shape(name.replace("Left", "_L").replace("Right", "_R")) for name in BLENDSHAPES] == list(
        BLENDSHAPES
    )


@pytest.mark.parametrize(
    ("name", "preset"),
    [
        ("Face.M_F00_000_00_Fcl_MTH_O", "oh"), ("Fcl_EYE_Close_L", "blinkLeft"), ("viseme_aa", "aa"),
        ("まばたき", "blink"), ("ｳｨﾝｸ２右", "blinkRight"),
        ("困る", "sad"), ("い", "ih"), ("Joy", "happy"), ("LookUp", "lookUp"), ("hair", None),
    ],
)  # fmt: skip
def test_names_of_expressions_are_known(name: str, preset: str | None) -> None:
    assert face_names.preset_expression(name) == preset


@pytest.mark.parametrize("pattern", ARKIT_ALIKE[:4])
def test_shapes_keep_their_weights(pattern: str) -> None:
    face = builders.face(FRAMES, seed=2)
    names = [pattern.format(name) for name in BLENDSHAPES]
    found = weights_of(face, with_targets("breathing", *names, at_rest=0.25))
    assert_same(found["breathing"], np.full(FRAMES, 0.25), 0.0)
    for k, name in enumerate(BLENDSHAPES):
        if not name.startswith("eyeLook"):
            assert_same(found[names[k]], face.weights[:, k], 1e-12)


def test_a_character_without_known_names_stays_as_it_is() -> None:
    motion = animate_face(builders.face(FRAMES), with_targets("hat", "shoes"))
    assert motion.weights == (None,)
    assert not motion.eyes


@pytest.mark.parametrize("expression", VOWELS + EMOTIONS)
def test_the_recipe_of_an_expression_gives_that_expression(expression: str) -> None:
    recipe = face_names.PRESET_RECIPES[expression]
    fitted = fit_expressions(face_of((0.0, 0.0), **recipe).weights, (*VOWELS, *EMOTIONS))
    assert fitted[expression].min() > 0.85
    assert max(values.max() for name, values in fitted.items() if name != expression) < 0.15


def test_expressions_are_between_0_and_1() -> None:
    fitted = fit_expressions(builders.face(FRAMES).weights, face_names.PRESET_NAMES)
    assert all(values.min() >= 0.0 and values.max() <= 1.0 for values in fitted.values())
    assert "blink" not in fitted  # both lids have their own


def test_vowels_of_mmd_and_vroid_speak() -> None:
    for names in (
        ("あ", "い", "う", "え", "お", "まばたき"),
        ("Fcl_MTH_A", "Fcl_MTH_I", "Fcl_MTH_U", "Fcl_MTH_E", "Fcl_EYE_Close"),
    ):
        found = weights_of(face_of(jawOpen=0.7, eyeBlinkLeft=0.9, eyeBlinkRight=0.8), with_targets(*names))
        assert found[names[0]].min() > 0.9
        assert_same(found[names[-1]], np.full(FRAMES, 0.8), 1e-12)


def test_one_wink_is_not_a_blink_of_both_eyes() -> None:
    assert weights_of(face_of(eyeBlinkLeft=1.0), with_targets("blink"))["blink"].max() == 0.0
    found = weights_of(face_of(eyeBlinkLeft=1.0), with_targets("blink", "blink_l", "blink_r"))
    assert [found[name].max() for name in ("blink", "blink_l", "blink_r")] == [0.0, 1.0, 0.0]


def test_perfect_sync_leaves_the_presets_at_0() -> None:
    found = weights_of(face_of(jawOpen=0.7, mouthSmileLeft=1.0), with_targets("A", "Joy", *BLENDSHAPES))
    assert found["jawOpen"].min() == 0.7
    assert found["A"].max() == found["Joy"].max() == 0.0


def test_declared_expressions_bind_morph_targets() -> None:
    binds = [{"mesh": "boxes", "index": 1, "weight": 0.5}]
    character = with_targets("x", "y")
    vrm = {"expressions": {"preset": {"aa": {"morphTargetBinds": binds}}}}
    found = weights_of(face_of(jawOpen=0.7), replace(character, vrm=vrm))
    assert 0.45 < found["y"].min() <= 0.5
    assert found["x"].max() == 0.0
    custom = {name[0].upper() + name[1:]: {"morphTargetBinds": binds} for name in BLENDSHAPES[:20]}
    found = weights_of(face_of(cheekPuff=0.6), replace(character, vrm={"expressions": {"custom": custom}}))
    assert_same(found["y"], np.full(FRAMES, 0.3), 1e-12)


def test_an_emotion_that_excludes_blinks_weakens_them() -> None:
    character = with_targets("joy", "blink")
    smile = face_of(mouthSmileLeft=1.0, mouthSmileRight=1.0, eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    assert weights_of(smile, character)["blink"].min() == 1.0
    binds = [{"mesh": "boxes", "index": 0, "weight": 1.0}]
    happy = {"happy": {"morphTargetBinds": binds, "overrideBlink": "block"}}
    assert weights_of(smile, replace(character, vrm={"expressions": {"preset": happy}}))["blink"].max() < 0.1


def test_the_gaze_moves_the_look_shapes_of_both_eyes() -> None:
    found = weights_of(face_of(gaze=(0.3, -0.6), eyeLookUpLeft=1.0), with_targets(*BLENDSHAPES))
    looks = {name: found[name][0] for name in BLENDSHAPES if name.startswith("eyeLook") and found[name][0]}
    assert looks == {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5, "eyeLookDownLeft": 1.0, "eyeLookDownRight": 1.0}


def test_range_maps_limit_the_look_shapes() -> None:
    look_at = {"type": "expression", "rangeMapVerticalUp": {"inputMaxValue": 20.0, "outputScale": 0.8}}
    character = replace(with_targets(*BLENDSHAPES), vrm={"lookAt": look_at})
    found = weights_of(face_of(gaze=(0.0, np.radians(10.0))), character)
    assert_same([found["eyeLookUpLeft"], found["eyeLookUpRight"]], np.full((2, FRAMES), 0.4), 1e-9)


def with_eyes(seed: int | None, look_at: Mapping[str, object]) -> Character:
    """A character with eye joints below the head, whose axes are random if a seed is given, and all shapes."""
    character = with_targets(*BLENDSHAPES)
    skeleton, head = character.skeleton, character.humanoid["head"]
    count = len(skeleton.parents)
    (mesh,) = character.meshes
    joints = mesh.joints.copy()
    joints[:4, 0], joints[4:8, 0] = count, count + 1
    eyes = np.array([[0.03, 0.07, 0.08], [-0.03, 0.07, 0.08]])
    rest = np.tile(rotation.IDENTITY, (2, 1))
    if seed is not None:
        rest = builders.random_quaternions(np.random.default_rng(seed), (2,))
    return replace(
        character,
        skeleton=replace(
            skeleton,
            joint_names=(*skeleton.joint_names, "eye_a", "eye_b"),
            parents=(*skeleton.parents, head, head),
            rest_offsets=np.concatenate([skeleton.rest_offsets, eyes]),
        ),
        rest_rotations=np.concatenate([character.rest_rotations, rest]),
        meshes=(replace(mesh, joints=joints),),
        vrm={"humanBones": {"leftEye": count, "rightEye": count + 1}, "lookAt": look_at},
    )


@pytest.mark.parametrize("seed", [None, 3])
def test_the_gaze_turns_eye_joints_of_any_axes(seed: int | None) -> None:
    character = with_eyes(seed, {"type": "bone"})
    gaze = (0.4, 0.2)
    motion = animate_face(face_of(gaze=gaze), character)
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    rest_forward = rotation.rotate(rotation.conjugate(character.rest_rotations), np.array([0.0, 0.0, 1.0]))
    for joint, rotations in motion.eyes.items():
        poses = np.tile(local, (FRAMES, 1, 1))
        poses[:, joint] = rotations
        world = kinematics.world_rotations(character.skeleton.parents, poses)
        forward = rotation.rotate(world[0, joint], rest_forward[joint])
        assert_same([np.arctan2(forward[0], forward[2]), np.arcsin(forward[1])], gaze, 1e-9)
    assert len(motion.eyes) == 2


def test_eye_joints_and_look_shapes_never_move_both() -> None:
    for look_at, moves_joints in (({"type": "bone"}, True), ({"type": "expression"}, False), ({}, False)):
        character = with_eyes(None, look_at)
        motion = animate_face(face_of(gaze=(0.3, 0.1)), character)
        (weights,) = motion.weights
        assert weights is not None
        looks = weights[:, [k for k, name in enumerate(BLENDSHAPES) if name.startswith("eyeLook")]]
        assert (bool(motion.eyes), bool(looks.any())) == (moves_joints, not moves_joints)


@pytest.mark.parametrize(
    ("left", "right"),
    [("eye.L", "eye.R"), ("mixamorig:LeftEye", "mixamorig:RightEye"), ("CC_Base_L_Eye", "CC_Base_R_Eye")],
)
def test_eyes_are_found_by_the_names_of_joints(left: str, right: str) -> None:
    character = with_eyes(None, {})
    (mesh,) = character.meshes
    names = (*character.skeleton.joint_names[:-2], left, right)
    bare = replace(
        character,
        skeleton=replace(character.skeleton, joint_names=names),
        meshes=(replace(mesh, morph_targets=()),),
        vrm={},
    )
    assert find_face_controls(bare).eyes == {"leftEye": len(names) - 2, "rightEye": len(names) - 1}


def test_eye_joints_that_move_nothing_do_not_count() -> None:
    character = with_eyes(None, {"type": "bone"})
    (mesh,) = character.meshes
    unskinned = replace(mesh, joints=np.minimum(mesh.joints, len(character.skeleton.parents) - 3))
    controls = find_face_controls(replace(character, meshes=(unskinned,)))
    assert not controls.eyes
    assert "eyeLookUpLeft" in controls.shapes


def test_range_maps_limit_the_eyes() -> None:
    ranges = {"rangeMapHorizontalOuter": {"inputMaxValue": 20.0, "outputScale": 8.0}}
    ranges |= {"rangeMapHorizontalInner": {"inputMaxValue": 20.0, "outputScale": 5.0}}
    motion = animate_face(face_of(gaze=(1.0, 1.0)), with_eyes(None, {"type": "bone", **ranges}))
    angles = [np.degrees(rotation.to_rotvec(eye[0])) for eye in motion.eyes.values()]
    up = rotation.from_rotvec(np.array([-MAX_GAZE_ANGLE, 0.0, 0.0]))
    for found, limit in zip(angles, (8.0, 5.0), strict=True):
        expected = rotation.multiply(rotation.from_rotvec(np.array([0.0, np.radians(limit), 0.0])), up)
        assert_same(found, np.degrees(rotation.to_rotvec(expected)), 1e-6)


def test_the_mannequin_has_a_control_for_every_shape() -> None:
    controls = find_face_controls(load_character("mannequin"))
    assert set(controls.shapes) == set(BLENDSHAPES)
    assert not controls.expressions
    assert not controls.eyes
