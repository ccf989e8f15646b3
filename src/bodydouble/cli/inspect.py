"""Command ``inspect``: the contents of a video, performance, motion or character file."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import JsonOption, MapOption, print_json

if TYPE_CHECKING:
    from bodydouble.characters.gltf_arrays import GltfFile
    from bodydouble.characters.humanoid_map import HumanoidMap
    from bodydouble.data import Character, FloatArray, Motion
    from bodydouble.formats.fbx.scene import FbxScene


def inspect(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A video, performance.npz, .bvh, .fbx, .glb, .gltf, .vrm or .vrma file."),
    ],
    bone_map: MapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Describe the contents of FILE."""
    with report_errors():
        facts = describe_file(file, bone_map)
        if as_json:
            print_json(facts)
        else:
            _print_facts(facts)


def _print_facts(facts: Mapping[str, Any]) -> None:
    for key, value in facts.items():
        if isinstance(value, Mapping):
            typer.echo(f"{key}:")
            for inner_key, inner_value in value.items():
                typer.echo(f"  {inner_key}: {inner_value}")
        else:
            typer.echo(f"{key}: {', '.join(value) or 'none' if isinstance(value, list) else value}")


def describe_file(file: str, bone_map: Path | None = None) -> dict[str, Any]:
    """Describes a video, performance, motion or character file.

    Args:
        file: the file.
        bone_map: TOML file that overrides the humanoid map of a motion or character.

    Raises:
        BodydoubleError: the file cannot be read.
    """
    suffix = Path(file).suffix.lower()
    if suffix in RIG_READERS:
        from bodydouble.characters.humanoid_map import read_map_file

        return RIG_READERS[suffix](file, None if bone_map is None else read_map_file(bone_map))
    return _performance(file) if suffix == ".npz" else _video(file)


def _video(file: str) -> dict[str, Any]:
    from bodydouble.formats.media import probe

    clip = probe(file)
    facts: dict[str, Any] = {"kind": "video", "size": "{}x{}".format(*clip.image_size), "fps": str(clip.fps)}
    if clip.frame_count is not None:
        facts |= {"frames": clip.frame_count, "seconds": round(float(clip.frame_count / clip.fps), 3)}
    focal = (
        {} if clip.focal_length_35mm is None else {"focal length, 35 mm equivalent": f"{clip.focal_length_35mm:g} mm"}
    )
    return facts | {"sound": clip.has_audio} | focal


def _motion(motion: "Motion") -> dict[str, Any]:
    frames = len(motion.rotations)
    return {
        "joints": len(motion.skeleton.joint_names),
        "fps": str(motion.fps),
        "frames": frames,
        "seconds": round(float(frames / motion.fps), 3),
    }


def _bvh(file: str, overrides: Mapping[str, str] | None) -> dict[str, Any]:
    from bodydouble.characters.to_humanoid import describe_rig
    from bodydouble.errors import FormatError
    from bodydouble.formats import bvh

    content = bvh.read_file(Path(file))
    facts = {"kind": "BVH motion"} | _motion(content.motion)
    names = content.motion.skeleton.joint_names
    try:
        rig = describe_rig(content.motion, overrides=overrides)
    except FormatError as error:
        if overrides:
            raise
        return facts | {"joint names": list(names), "humanoid": f"no: {error}"} | _list_notes(content.notes)
    facts |= {"unit": rig.unit, "height, m": round(rig.stature, 3)}
    return facts | _humanoid(rig.humanoid, names, rig.rest_positions, content.notes)


def _humanoid(
    found: "HumanoidMap", names: Sequence[str], positions: "Mapping[str, FloatArray]", notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Describes a humanoid map and the rest pose."""
    from bodydouble.characters.humanoid_map import describe_pose

    pose = describe_pose(positions)
    return {
        "rest pose": pose.pose,
        "up axis": pose.up,
        "facing": pose.facing,
        "humanoid bones": len(found.bones),
        "missing bones": list(found.missing),
        "bones found by": found.source,
        "bones": {bone: names[joint] for bone, joint in found.bones.items()},
    } | _list_notes(tuple(dict.fromkeys((*notes, *found.notes))))


def _list_notes(notes: Sequence[str]) -> dict[str, Any]:
    return {"notes": list(notes)} if notes else {}


def _fbx(file: str, overrides: Mapping[str, str] | None) -> dict[str, Any]:
    from bodydouble.characters.fbx_rig import read_fbx_map, read_fbx_motion
    from bodydouble.characters.load import load_character
    from bodydouble.formats.fbx.scene import read_scene

    path = Path(file)
    scene = read_scene(path)
    found, names, positions = read_fbx_map(path, overrides)
    notes: Sequence[str] = ()
    facts: dict[str, Any] = {"kind": "FBX motion"}
    if scene.take is not None:
        motion, rest_rotations = read_fbx_motion(path)
        facts |= _motion(motion) | {"animations": _fbx_takes(scene), "height, m": _stature(motion, rest_rotations)}
    if scene.objects.all_of("Geometry"):
        character = load_character(file, overrides)
        notes = character.notes
        facts |= _describe_meshes(character)
    in_file = {bone: position @ scene.metres_from_file[:3, :3] for bone, position in positions.items()}
    return facts | {"unit": _fbx_unit(scene)} | _humanoid(found, names, in_file, notes)


def _fbx_takes(scene: "FbxScene") -> dict[str, str]:
    """Describes the animations of a file, of which one is read."""
    names = [scene.objects.name(stack) for stack in scene.objects.all_of("AnimationStack")]
    if scene.take is None:
        return {}
    read = {scene.take.name: _duration(scene.take.frame_count, scene.fps)}
    return read | {name: "not read" for name in names if name != scene.take.name}


def _fbx_unit(scene: "FbxScene") -> str:
    """Returns the unit that a file declares."""
    metres = float((scene.metres_from_file[:3, 0] ** 2).sum() ** 0.5)
    units = {"mm": 0.001, "cm": 0.01, "inch": 0.0254, "foot": 0.3048, "m": 1.0}
    return next((name for name, size in units.items() if abs(metres / size - 1) < 1e-6), f"{100 * metres:g} cm")


def _stature(motion: "Motion", rest_rotations: "FloatArray | None" = None) -> float:
    """Returns the estimated height of the person who moves, m."""
    from bodydouble.characters.to_humanoid import describe_rig

    return round(describe_rig(motion, rest_rotations).stature, 3)


def _duration(frames: int, fps: Fraction) -> str:
    return f"{frames} frames, {float(frames / fps):.3f} s, {fps} frames/s"


def _performance(file: str) -> dict[str, Any]:
    from bodydouble.formats import performance

    loaded = performance.load(Path(file))
    people = {
        p.name: f"frames {p.track.frames[0]} to {p.track.frames[-1]}, {p.track.observed.mean():.0%} of them observed"
        for p in loaded.people
    }
    return {
        "kind": "bodydouble performance",
        "size": "{}x{}".format(*loaded.camera.image_size),
        "fps": str(loaded.fps),
        "frames": loaded.frame_count,
    } | people


def _character(file: str, overrides: Mapping[str, str] | None) -> dict[str, Any]:
    from bodydouble.characters.gltf_arrays import GltfFile
    from bodydouble.characters.gltf_rig import map_rig
    from bodydouble.characters.load import load_character

    character = load_character(file, overrides)
    opened = GltfFile(Path(file))
    found, nodes = map_rig(opened, overrides)
    positions = {bone: nodes.positions[node] for bone, node in found.bones.items()}
    animations = _gltf_animations(opened)
    return _describe_meshes(character) | animations | _humanoid(found, nodes.names, positions, character.notes)


def _vrma(file: str, overrides: Mapping[str, str] | None) -> dict[str, Any]:
    from bodydouble.characters.gltf_animation import read_animation_map, read_animations
    from bodydouble.characters.gltf_arrays import GltfFile
    from bodydouble.errors import FormatError

    if overrides:
        raise FormatError(f"{file}: a VRM animation declares its bones; --map is for other files")
    path = Path(file)
    motions = read_animations(path)
    opened = GltfFile(path)
    found, names, positions = read_animation_map(opened)
    facts = {"kind": "VRM animation", "unit": "m", "height, m": _stature(next(iter(motions.values())))}
    return facts | _gltf_animations(opened) | _humanoid(found, names, positions)


def _gltf_animations(file: "GltfFile") -> dict[str, Any]:
    from bodydouble.characters.gltf_animation import describe_animations

    found = {name: _duration(*facts) for name, facts in describe_animations(file).items()}
    return {"animations": found} if found else {}


def _describe_meshes(character: "Character") -> dict[str, Any]:
    from bodydouble.characters.rest_pose import character_height

    return {
        "kind": "character",
        "name": character.name,
        "joints": len(character.skeleton.joint_names),
        "triangles": sum(len(mesh.triangles) for mesh in character.meshes),
        "unit": "m",
        "height, m": round(character_height(character), 3),
        "face": _describe_face(character),
    }


def _describe_face(character: "Character") -> str:
    """Describes the controls of a character's face."""
    from bodydouble.characters.face_controls import find_face_controls

    controls = find_face_controls(character)
    parts = [f"{len(controls.shapes)} shapes of ARKit"] if controls.shapes else []
    parts += [f"expressions {' '.join(controls.expressions)}"] if controls.expressions else []
    parts += ["eye joints"] if controls.eyes else []
    return ", ".join(parts) or "does not move"


RIG_READERS = {".bvh": _bvh, ".fbx": _fbx, ".glb": _character, ".gltf": _character, ".vrm": _character, ".vrma": _vrma}
"""File name extension -> reader of a file with a rig."""
