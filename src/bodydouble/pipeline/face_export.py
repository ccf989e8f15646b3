"""Faces of motions in files of their own kind: tracks of VRM animations, and rows of Live Link Face."""

from pathlib import Path

import numpy as np

from bodydouble.characters.expression_fit import fit_expressions
from bodydouble.characters.face_controls import LOOK_SHAPES, find_face_controls
from bodydouble.data import Character, Face, FloatArray, Motion
from bodydouble.formats import live_link_csv
from bodydouble.formats.vrma import FaceTracks
from bodydouble.geometry import kinematics, rotation
from bodydouble.pipeline.motion_files import NamedMotion
from bodydouble.skeletons.arkit import INDEX
from bodydouble.skeletons.face_names import PRESET_NAMES
from bodydouble.skeletons.rigs.mmd_standard import BLINK, SHAPE_MORPHS, VOWEL_MORPHS, WINKS


def tracks_of_any_character(face: Face) -> FaceTracks:
    """Returns the tracks of a VRM animation for any character: preset expressions and the gaze."""
    return FaceTracks(presets=fit_expressions(face.weights, PRESET_NAMES), gaze=face.gaze)


def tracks_of_character(face: Face, character: Character) -> FaceTracks:
    """Returns the tracks of a VRM animation for one character: its 52 custom expressions if it has them."""
    controls = find_face_controls(character)
    if not controls.shapes:
        return FaceTracks(presets=fit_expressions(face.weights, controls.expressions), gaze=face.gaze)
    declared = {name.lower(): name for name in character.vrm.get("expressions", {}).get("custom", {})}
    customs = {
        declared.get(shape.lower(), shape): face.weights[:, INDEX[shape]]
        for shape in controls.shapes
        if shape not in LOOK_SHAPES
    }
    return FaceTracks(customs=customs, gaze=face.gaze)


def mmd_morphs(face: Face) -> dict[str, FloatArray]:
    """Returns the weights (T,) of the morphs of a standard model of MikuMikuDance.

    Both eyes are closed by one morph as far as both are closed, since models without morphs of winks have that one.
    """
    vowels = fit_expressions(face.weights, VOWEL_MORPHS)
    shapes = {
        morph: face.weights[:, [INDEX[shape] for shape in shapes]].mean(axis=1)
        for morph, shapes in SHAPE_MORPHS.items()
    }
    eyes = [face.weights[:, INDEX[name]] for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    blink = np.minimum(*eyes)
    shapes |= {BLINK: blink} | {wink: eye - blink for wink, eye in zip(WINKS, eyes, strict=True)}
    return shapes | {VOWEL_MORPHS[vowel]: weights for vowel, weights in vowels.items()}


def write_live_link(path: Path, named: NamedMotion) -> None:
    """Writes the face of a motion that has one as Live Link Face does; raises OutputError if it cannot be written."""
    assert named.face is not None
    live_link_csv.write(path, named.face, chest_from_head(named.motion), named.motion.fps, named.first_frame)


def chest_from_head(motion: Motion) -> FloatArray:
    """Returns the rotations (T, 4) of the head relative to the upper chest."""
    skeleton = motion.skeleton
    world = kinematics.world_rotations(skeleton.parents, motion.rotations)
    chest, head = world[:, skeleton.index("upperChest")], world[:, skeleton.index("head")]
    return np.asarray(rotation.multiply(rotation.conjugate(chest), head))
