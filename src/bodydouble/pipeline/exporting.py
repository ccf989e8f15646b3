"""Export of motions: named motions -> files of other programs, one writer per suffix."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from bodydouble.characters.load import load_character
from bodydouble.characters.t_pose import t_pose
from bodydouble.errors import InvalidDataError
from bodydouble.formats import bvh, c3d, fbx, gltf, motion_json, motion_table, trc, usd, vmd, vrm, vrma
from bodydouble.formats.atomic import ensure_folder
from bodydouble.geometry import kinematics
from bodydouble.motion.body.joint_angles import compute_joint_angles
from bodydouble.motion.resampling.motion import resample_motion
from bodydouble.pipeline.animating import AnimatedCharacter, retarget_to_character
from bodydouble.pipeline.avatar_content import avatar_content
from bodydouble.pipeline.foot_quality import FootQuality, measure_feet
from bodydouble.pipeline.motion_files import NamedMotion
from bodydouble.skeletons.rigs import mmd_standard
from bodydouble.skeletons.rigs.export_names import BONE_NAMES

DEFAULT_CHARACTER = "mannequin"


@dataclass(frozen=True, slots=True)
class Performed:
    """A motion and the character that performs it."""

    named: NamedMotion
    animated: AnimatedCharacter


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
) -> tuple[Path, ...]:
    """Writes motions in the format of a file's suffix.

    Args:
        motions: at least one.
        path: file to write. Formats of one motion get a file per person, ``NAME_person1.bvh``, if there are several;
            .fbx, .usda, .usdc and .usdz hold all people. Several animations of one file become animations of one .glb.
        character: built-in character or file, for the formats with a mesh: .glb, .vrm, .fbx, .usda, .usdc, .usdz.
        fps: frame rate of the file; default: that of the motion. MMD's is always 30.
        bone_names: names of the bones of a .bvh file: a key of BONE_NAMES; default: those of the VRM humanoid.

    Returns:
        The files that were written.

    Raises:
        InvalidDataError: the suffix is unknown, or has no bone names to choose.
        BodydoubleError: the character cannot be read or a file cannot be written.
    """
    suffix = _check_suffix(path, SUFFIXES)
    if bone_names is not None and suffix != ".bvh":
        raise InvalidDataError(f"bone names can be chosen for .bvh files, not for {path.name}")
    if suffix in _CHARACTER_WRITERS:
        return retarget_motions(motions, character, path, fps=fps).files
    rate = Fraction(mmd_standard.FPS) if suffix == ".vmd" else fps
    ensure_folder(path.parent)
    files = person_files(path, [motion.name for motion in motions])
    for file, motion in zip(files, _resample(motions, rate), strict=True):
        if suffix == ".bvh":
            bvh.write(file, motion.motion, BONE_NAMES[bone_names or "vrm"])
        else:
            _MOTION_WRITERS[suffix](file, motion)
    return files


def retarget_motions(
    motions: Sequence[NamedMotion], character: str, path: Path, *, fps: Fraction | None = None
) -> RetargetResult:
    """Puts motions on a character and writes it with its mesh; arguments and errors are as in export_motions."""
    suffix = _check_suffix(path, tuple(_CHARACTER_WRITERS))
    template = load_character(character)
    ensure_folder(path.parent)
    performed = [Performed(named, retarget_to_character(named.motion, template)) for named in _resample(motions, fps)]
    files = _CHARACTER_WRITERS[suffix](path, performed)
    feet = {p.named.name: measured for p in performed if (measured := measure_feet(p.named.motion, p.animated))}
    return RetargetResult(files, feet, template.notes)


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
            named,
            motion=resample_motion(named.motion, fps),
            first_frame=round(named.first_frame * fps / named.motion.fps),
        )
        for named in motions
    ]


def person_files(path: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """Returns one file per name: the path itself for one, else the path with each name appended to its stem."""
    return (path,) if len(names) == 1 else tuple(path.with_stem(f"{path.stem}_{name}") for name in names)


def _write_json(path: Path, motion: NamedMotion) -> None:
    motion_json.write(path, motion.motion)


def _write_vmd(path: Path, motion: NamedMotion) -> None:
    vmd.write(path, motion.motion)


def _write_vrma(path: Path, motion: NamedMotion) -> None:
    vrma.write(path, motion.motion, motion.name)


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
    if len(performed) > 1 and all(p.named.is_take for p in performed):
        character = performed[0].animated.character
        animations = [_named_animation(p) for p in performed]
        gltf.write_animations(path, character, animations, **avatar_content(character))
        return (path,)
    files = person_files(path, [p.named.name for p in performed])
    for file, p in zip(files, performed, strict=True):
        a, fps = p.animated, p.named.motion.fps
        content = avatar_content(a.character)
        gltf.write(file, a.character, a.rotations, a.hips_translation, fps, p.named.name, **content)
    return files


def _named_animation(performed: Performed) -> gltf.NamedAnimation:
    animated = performed.animated
    fps = performed.named.motion.fps
    return gltf.NamedAnimation(performed.named.name, animated.rotations, animated.hips_translation, fps)


def _write_fbx(path: Path, performed: Sequence[Performed]) -> tuple[Path, ...]:
    models = [
        fbx.AnimatedModel(
            p.named.name, p.animated.character, p.animated.rotations, p.animated.hips_translation, p.named.first_frame
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
        vrma.write_of_character(animation, a.character, motion, p.named.motion.fps, p.named.name, pose)
        files += [file, animation]
    return tuple(files)


def _write_usd(path: Path, performed: Sequence[Performed]) -> tuple[Path, ...]:
    usd.write(path, [_usd_animation(p.named, p.animated) for p in performed], performed[0].named.motion.fps)
    return (path,)


def _usd_animation(named: NamedMotion, animated: AnimatedCharacter) -> usd.UsdAnimation:
    return usd.UsdAnimation(
        named.name, animated.character, animated.rotations, animated.hips_translation, named.first_frame
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
