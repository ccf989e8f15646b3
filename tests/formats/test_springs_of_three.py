"""Baked spring bones agree with those that three-vrm simulates while it plays the same file."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.spring_bones import swing_springs
from bodydouble.data import Character, FloatArray
from bodydouble.formats import gltf
from bodydouble.geometry import kinematics, rotation
from bodydouble.pipeline.avatar_content import avatar_content
from tests.characters.cast.characters_of_presets import drawn
from tests.formats.test_vrm_content import avatar, edit_vrm0, edit_vrm1
from tests.formats.test_vrm_glb import play

FPS, FRAMES = 60, 90
TOLERANCE_DEG = 3.0
"""Bones that two colliders touch at once are pushed in another order."""


def girl(_: Path) -> Character:
    return drawn("girl")


def avatar_1(folder: Path) -> Character:
    return with_drag(load_character(str(avatar(folder, edit_vrm1))))


def avatar_0(folder: Path) -> Character:
    """An avatar whose first bone begins outside of its collider; from one inside, three-vrm does not push ends out."""
    character = load_character(str(avatar(folder, edit_vrm0)))
    shape = character.vrm["VRMC_springBone"]["colliders"][0]["shape"]
    shape["sphere"]["radius"] = 0.02
    return character


def with_drag(character: Character) -> Character:
    """Gives the springs a drag, whose default three-vrm does not take from the specification."""
    extension = dict(character.vrm["VRMC_springBone"])
    extension["springs"] = [
        {**spring, "joints": [{**joint, "dragForce": 0.3} for joint in spring["joints"]]}
        for spring in extension["springs"]
    ]
    return replace(character, vrm={**character.vrm, "VRMC_springBone": extension})


def dance(character: Character) -> tuple[FloatArray, FloatArray]:
    """Turns hips and head, and moves the hips, while the legs stay at rest."""
    t = np.arange(FRAMES) / FPS
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    rotations = np.tile(local, (FRAMES, 1, 1))
    for bone, turn in (
        ("hips", [0.2 * np.sin(4 * t), 0.9 * np.sin(4 * t), 0 * t]),
        ("head", [0.5 * np.sin(7 * t), 0 * t, 0.4 * np.sin(5 * t)]),
    ):
        joint = character.humanoid[bone]
        rotations[:, joint] = rotation.multiply(rotation.from_rotvec(np.stack(turn, axis=1)), rotations[:, joint])
    step = np.stack([0.2 * np.sin(6 * t), 0.05 * np.sin(9 * t), 0.3 * np.sin(3 * t)], axis=1)
    return rotations, character.skeleton.rest_offsets[character.humanoid["hips"]] + step


@pytest.mark.parametrize("create", [girl, avatar_1, avatar_0])
def test_three_swings_hair_and_skirt_as_we_do(create: Callable[[Path], Character], tmp_path: Path) -> None:
    character = create(tmp_path)
    rotations, hips = dance(character)
    swung = swing_springs(character, rotations, hips, FPS)
    gltf.write(tmp_path / "a.glb", character, swung, hips, Fraction(FPS), "dance", **avatar_content(character))
    played = play(tmp_path / "a.glb", "aa", fps=FPS, frames=FRAMES, steps=300)
    for spring in character.vrm["VRMC_springBone"]["springs"]:
        joints = [joint["node"] for joint in spring["joints"]]
        ours, theirs = (np.diff(places[:, joints], axis=1) for places in (played.positions, played.with_springs))
        sine = np.linalg.norm(np.cross(rotation.normalize(ours), rotation.normalize(theirs)), axis=-1)
        assert np.degrees(np.arcsin(np.minimum(sine, 1))).max() < TOLERANCE_DEG
    joints = [joint["node"] for joint in character.vrm["VRMC_springBone"]["springs"][0]["joints"]]
    assert rotation.angle_between(swung[1:, joints], swung[:1, joints]).max() > np.radians(2)
