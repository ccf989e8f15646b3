"""Export of motions: named motions -> files of other programs, one writer per suffix."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.characters.load import LIKE_ME, load_character
from bodydouble.characters.t_pose import t_pose
from bodydouble.data import FloatArray
from bodydouble.errors import InvalidDataError
from bodydouble.formats import bvh, c3d, fbx, gltf, motion_json, motion_table, trc, usd, vmd, vrm, vrma
from bodydouble.formats.atomic import ensure_folder
from bodydouble.geometry import kinematics
from bodydouble.motion.body.joint_angles import compute_joint_angles
from bodydouble.motion.hands.merge import without_fingers
from bodydouble.motion.loop import resample_loop
from bodydouble.motion.resampling.face import interpolate_face, resample_face
from bodydouble.motion.resampling.motion import resample_motion
from bodydouble.pipeline.animated_characters import AnimatedCharacter
from bodydouble.pipeline.avatar_content import avatar_content
from bodydouble.pipeline.face_export import mmd_morphs, tracks_of_any_character, tracks_of_character, write_live_link
from bodydouble.pipeline.foot_quality import FootQuality, measure_feet
from bodydouble.pipeline.motion_files import NamedMotion
from bodydouble.pipeline.performing import perform
from bodydouble.pipeline.root_motion import (
    RootMotion,
    add_root_bone,
    compute_travel,
    keep_character_in_place,
    keep_in_place,
    separate_travel,
)
from bodydouble.skeletons.rigs import mmd_standard
from bodydouble.skeletons.rigs.export_names import BONE_NAMES

DEFAULT_CHARACTER = "mannequin"


@dataclass(frozen=True, slots=True)
class Performed:
    """A motion and the character that performs it."""

    named: NamedMotion
    animated: AnimatedCharacter
    travel: FloatArray | None = None
    """(T, 3) m, horizontal path that a root bone carries from the origin; None: the hips carry it."""

    def with_root_bone(self) -> tuple[AnimatedCharacter, FloatArray | None]:
        """Returns the character with a root bone if one is needed, and the translation (T, 3) m of joint 0."""
        if self.travel is None:
            return self.animated, None
        rooted = add_root_bone(self.animated)
        return rooted, rooted.character.skeleton.rest_offsets[0] + self.travel


@dataclass(frozen=True, slots=True)
class RetargetResult:
    """Files of retargeted motions, and the quality of their feet."""

    files: tuple[Path, ...]
    feet: Mapping[str, tuple[FootQuality, FootQuality]]
    """Name of the motion -> feet before and after foot planting; without characters that have no feet."""
    notes: tuple[str, ...] = ()
    """Lines for the user: what of the character's file was not kept."""


def export_motions(
    motions: Sequence[NamedMotion],
    path: Path,
    *,
    character: str = DEFAULT_CHARACTER,
    fps: Fraction | None = None,
    bone_names: str | None = None,
    root: RootMotion = RootMotion.HIPS,
    scene: bool = False,
    fingers: bool = False,
) -> tuple[Path, ...]:
    """Writes motions in the format of a file's suffix.

    Args:
        motions: at least one.
        path: file to write. Formats of one motion get a file per person, ``NAME_person1.bvh``, if there are several;
            .fbx and USD files hold all people. Takes become animations of one .glb, and a file each elsewhere.
        character: built-in character or file, for the formats with a mesh: .glb, .vrm, .fbx, .usda, .usdc, .usdz.
        fps: frame rate of the file; default: that of the motion. MMD's is always 30.
        bone_names: names of the bones of a .bvh file: a key of BONE_NAMES; default: those of the VRM humanoid.
        root: part of the file that carries the horizontal path.
        scene: whether one file holds all motions at the same time, each with a character of its own.
        fingers: whether a .bvh file has the finger bones of the motion; all other formats have them.

    Returns:
        The files that were written.

    Raises:
        InvalidDataError: the suffix is unknown, or its format lacks bone names, a root bone or scenes.
        BodydoubleError: the character cannot be read or a file cannot be written.
    """
    suffix = _check_suffix(path, SUFFIXES)
    if bone_names is not None and suffix != ".bvh":
        raise InvalidDataError(f"bone names can be chosen for .bvh files, not for {path.name}")
    if fingers and suffix != ".bvh":
        raise InvalidDataError(f"fingers can be chosen for .bvh files, not for {path.name}, which has them anyway")
    if suffix in _CHARACTER_WRITERS:
        return retarget_motions(motions, character, path, fps=fps, root=root, scene=scene).files
    _check_scene(path, scene)
    _check_root(path, root)
    rate = Fraction(mmd_standard.FPS) if suffix == ".vmd" else fps
    ensure_folder(path.parent)
    files = person_files(path, [motion.name for motion in motions])
    for file, named in zip(files, _resample(motions, rate), strict=True):
        shown = replace(named, motion=without_fingers(named.motion)) if suffix == ".bvh" and not fingers else named
        _write_motion(file, shown, root, BONE_NAMES[bone_names or "vrm"])
    return files


def export_faces(motions: Sequence[NamedMotion], path: Path, fps: Fraction | None = None) -> tuple[Path, ...]:
    """Writes faces as the app Live Link Face does.

    Args:
        motions: at least one; those without a face are left out.
        path: .csv file to write; several people get a file each.
        fps: frame rate of the files; default: that of the motions.

    Returns:
        The files that were written.

    Raises:
        InvalidDataError: no motion has a face, or the suffix is not .csv.
        OutputError: a file cannot be written.
    """
    _check_suffix(path, (".csv",))
    with_face = _resample([named for named in motions if named.face is not None], fps)
    if not with_face:
        raise InvalidDataError(f"{', '.join(named.name for named in motions)}: no face was captured")
    ensure_folder(path.parent)
    files = person_files(path, [named.name for named in with_face])
    for file, named in zip(files, with_face, strict=True):
        write_live_link(file, named)
    return files


def _write_motion(path: Path, named: NamedMotion, root: RootMotion, bone_names: Mapping[str, str]) -> None:
    placed = named
    if root is RootMotion.IN_PLACE:
        placed = replace(named, motion=keep_in_place(named.motion, named.is_loop))
    suffix = path.suffix.lower()
    if suffix == ".bvh":
        root_path = compute_travel(named.motion.root_position, named.is_loop) if root is RootMotion.ROOT else None
        bvh.write(path, placed.motion, bone_names, root_path)
    else:
        _MOTION_WRITERS[suffix](path, placed)


def retarget_motions(
    motions: Sequence[NamedMotion],
    character: str,
    path: Path,
    *,
    fps: Fraction | None = None,
    root: RootMotion = RootMotion.HIPS,
    scene: bool = False,
) -> RetargetResult:
    """Puts motions on a character and writes it with its mesh; arguments and errors are as in export_motions."""
    suffix = _check_suffix(path, tuple(_CHARACTER_WRITERS))
    _check_scene(path, scene)
    _check_root(path, root)
    if character == LIKE_ME:
        raise InvalidDataError(f"{LIKE_ME} needs a video: animate writes looks, and anime:person1.toml is a character")
    template = load_character(character)
    ensure_folder(path.parent)
    is_one_character = not scene and all(named.is_take for named in motions)
    resampled = _resample(motions, _common_rate(motions) if scene and fps is None else fps)
    performed = [
        Performed(*pair) for pair in zip(resampled, perform(resampled, template, is_one_character), strict=True)
    ]
    placed = [_place_root(p, root) for p in performed]
    files = _write_characters(suffix, path, placed, scene)
    feet = {p.named.name: measured for p in performed if (measured := measure_feet(p.named.motion, p.animated))}
    return RetargetResult(files, feet, template.notes)


def _check_scene(path: Path, scene: bool) -> None:
    if scene and path.suffix.lower() not in SCENE_SUFFIXES:
        raise InvalidDataError(f"{path.name} cannot hold a scene; {', '.join(SCENE_SUFFIXES)} files can")


def _check_root(path: Path, root: RootMotion) -> None:
    if root is RootMotion.ROOT and path.suffix.lower() not in ROOT_SUFFIXES:
        raise InvalidDataError(f"{path.name} cannot have a root bone that moves; {', '.join(ROOT_SUFFIXES)} files can")


def _common_rate(motions: Sequence[NamedMotion]) -> Fraction | None:
    """Returns the highest frame rate if there are several."""
    rates = {named.motion.fps for named in motions}
    return max(rates) if len(rates) > 1 else None


def _place_root(performed: Performed, root: RootMotion) -> Performed:
    named, animated = performed.named, performed.animated
    if root is RootMotion.IN_PLACE:
        return replace(performed, animated=keep_character_in_place(animated, named.is_loop))
    if root is RootMotion.ROOT:
        return Performed(named, *separate_travel(animated, named.is_loop))
    return performed


def _write_characters(suffix: str, path: Path, performed: Sequence[Performed], scene: bool) -> tuple[Path, ...]:
    """Writes takes to a file each, unless the format holds several animations or they make up a scene."""
    if scene and suffix == ".glb":
        return _write_glb_scene(path, performed)
    write = _CHARACTER_WRITERS[suffix]
    if scene or suffix == ".glb" or not all(p.named.is_take for p in performed):
        return write(path, performed)
    files = person_files(path, [p.named.name for p in performed])
    return tuple(file for name, p in zip(files, performed, strict=True) for file in write(name, [p]))


def _check_suffix(path: Path, suffixes: Sequence[str]) -> str:
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise InvalidDataError(f"cannot write {path.name}: choose a name that ends in {', '.join(suffixes)}")
    return suffix


def _resample(motions: Sequence[NamedMotion], fps: Fraction | None) -> list[NamedMotion]:
    if fps is None:
        return list(motions)
    return [
        replace(
            _resample_loop(named, fps) if named.is_loop else _resample_take(named, fps),
            first_frame=round(named.first_frame * fps / named.motion.fps),
        )
        for named in motions
    ]


def _resample_take(named: NamedMotion, fps: Fraction) -> NamedMotion:
    face = None if named.face is None else resample_face(named.face, named.motion.fps, fps)
    return replace(named, motion=resample_motion(named.motion, fps), face=face)


def _resample_loop(named: NamedMotion, fps: Fraction) -> NamedMotion:
    motion = resample_loop(named.motion, fps)
    times = np.linspace(0, len(named.motion.rotations) - 1, len(motion.rotations))
    face = None if named.face is None else interpolate_face(named.face, times)
    return replace(named, motion=motion, face=face)


def person_files(path: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """Returns one file per name: the path itself for one, else the path with each name appended to its stem."""
    return (path,) if len(names) == 1 else tuple(path.with_stem(f"{path.stem}_{name}") for name in names)


def _write_json(path: Path, motion: NamedMotion) -> None:
    motion_json.write(path, motion.motion)


def _write_vmd(path: Path, motion: NamedMotion) -> None:
    face = motion.face
    vmd.write(path, motion.motion, None if face is None else mmd_morphs(face), None if face is None else face.gaze)


def _write_vrma(path: Path, motion: NamedMotion) -> None:
    face = None if motion.face is None else tracks_of_any_character(motion.face)
    vrma.write(path, motion.motion, motion.name, face)


def _write_trc(path: Path, motion: NamedMotion) -> None:
    trc.write(path, motion.motion.skeleton.joint_names, kinematics.joint_positions(motion.motion), motion.motion.fps)


def _write_c3d(path: Path, motion: NamedMotion) -> None:
    c3d.write(path, motion.motion.skeleton.joint_names, kinematics.joint_positions(motion.motion), motion.motion.fps)


def _write_mot(path: Path, motion: NamedMotion) -> None:
    angles = compute_joint_angles(motion.motion)
    motion_table.write_mot(path, angles.names, angles.values, motion.motion.fps)


def _write_csv(path: Path, motion: NamedMotion) -> None:
    angles = compute_joint_angles(motion.motion)
    motion_table.write_csv(path, angles.names, angles.values, motion.motion.fps)


def _write_glb(path: Path, performed: Sequence[Performed]) -> tuple[Path, ...]:
    models = [_gltf_model(p) for p in performed]
    if len(performed) > 1 and all(p.named.is_take for p in performed):
        character = models[0].character
        gltf.write_animations(path, character, [model.animation for model in models], **avatar_content(character))
        return (path,)
    files = person_files(path, [p.named.name for p in performed])
    for file, model in zip(files, models, strict=True):
        gltf.write_animations(file, model.character, [model.animation], **avatar_content(model.character))
    return files


def _write_glb_scene(path: Path, performed: Sequence[Performed]) -> tuple[Path, ...]:
    gltf.write_scene(path, [_gltf_model(p, p.named.first_frame) for p in performed], path.stem)
    return (path,)


def _gltf_model(performed: Performed, first_frame: int = 0) -> gltf.AnimatedModel:
    animated, root_translation = performed.with_root_bone()
    named, motion = performed.named, (animated.rotations, animated.hips_translation)
    animation = gltf.NamedAnimation(
        named.name, *motion, named.motion.fps, root_translation, first_frame, animated.face_weights
    )
    return gltf.AnimatedModel(animated.character, animation)


def _write_fbx(path: Path, performed: Sequence[Performed]) -> tuple[Path, ...]:
    models = [
        fbx.AnimatedModel(
            p.named.name,
            p.animated.character,
            p.animated.rotations,
            p.animated.hips_translation,
            p.named.first_frame,
            p.travel,
            p.animated.face_weights,
        )
        for p in performed
    ]
    fbx.write(path, models, performed[0].named.motion.fps, path.stem)
    return (path,)


def _write_vrm(path: Path, performed: Sequence[Performed]) -> tuple[Path, ...]:
    """Writes each character as VRM and its motion as VRMA beside it, since VRM characters carry no motion."""
    files: list[Path] = []
    for file, p in zip(person_files(path, [p.named.name for p in performed]), performed, strict=True):
        a, pose = p.animated, t_pose(p.animated.character)
        animation = file.with_suffix(".vrma")
        vrm.write(file, a.character, pose)
        motion = a.rotations, a.hips_translation
        face = None if p.named.face is None else tracks_of_character(p.named.face, a.character)
        vrma.write_of_character(animation, a.character, motion, p.named.motion.fps, p.named.name, pose, face)
        files += [file, animation]
    return tuple(files)


def _write_usd(path: Path, performed: Sequence[Performed]) -> tuple[Path, ...]:
    usd.write(path, [_usd_animation(p) for p in performed], performed[0].named.motion.fps)
    return (path,)


def _usd_animation(performed: Performed) -> usd.UsdAnimation:
    animated, root_translation = performed.with_root_bone()
    named, motion = performed.named, (animated.rotations, animated.hips_translation)
    return usd.UsdAnimation(
        named.name, animated.character, *motion, named.first_frame, root_translation, animated.face_weights
    )


_MOTION_WRITERS: dict[str, Callable[[Path, NamedMotion], None]] = {
    ".vrma": _write_vrma,
    ".trc": _write_trc,
    ".c3d": _write_c3d,
    ".mot": _write_mot,
    ".csv": _write_csv,
    ".json": _write_json,
    ".vmd": _write_vmd,
}
_CHARACTER_WRITERS: dict[str, Callable[[Path, Sequence[Performed]], tuple[Path, ...]]] = {
    ".glb": _write_glb,
    ".fbx": _write_fbx,
    ".vrm": _write_vrm,
    ".usda": _write_usd,
    ".usdc": _write_usd,
    ".usdz": _write_usd,
}
SUFFIXES = (*_CHARACTER_WRITERS, ".bvh", *_MOTION_WRITERS)
"""Suffixes of the formats that motions are exported to."""
SCENE_SUFFIXES = (".glb", ".fbx", ".usda", ".usdc", ".usdz")
"""Suffixes of the formats that hold several characters at the same time."""
ROOT_SUFFIXES = (*SCENE_SUFFIXES, ".bvh")
"""Suffixes of the formats with a root bone that carries the horizontal path."""
