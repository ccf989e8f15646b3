"""Command ``inspect``: the contents of a video, performance, motion or character file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import JsonOption, print_json

if TYPE_CHECKING:
    from bodydouble.data import Motion


def inspect(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A video, performance.npz, .bvh, .fbx, .glb or .vrm file.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Describe the contents of FILE."""
    with report_errors():
        facts = describe_file(file)
        if as_json:
            print_json(facts)
        else:
            for key, value in facts.items():
                typer.echo(f"{key}: {value}")


def describe_file(file: str) -> dict[str, Any]:
    """Describes a video, performance, motion or character file.

    Raises:
        BodydoubleError: the file cannot be read.
    """
    characters = dict.fromkeys((".glb", ".gltf", ".vrm"), _character)
    readers = {".npz": _performance, ".bvh": _bvh, ".fbx": _fbx} | characters
    return readers.get(Path(file).suffix.lower(), _video)(file)


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


def _bvh(file: str) -> dict[str, Any]:
    from bodydouble.formats import bvh

    return {"kind": "BVH motion"} | _motion(bvh.read(Path(file)))


def _fbx(file: str) -> dict[str, Any]:
    from bodydouble.characters.fbx_rig import read_fbx_motion
    from bodydouble.formats.fbx.scene import read_scene

    scene = read_scene(Path(file))
    facts = _character(file) if scene.objects.all_of("Geometry") else {"kind": "FBX motion"}
    return facts if scene.take is None else _motion(read_fbx_motion(Path(file))[0]) | facts


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


def _character(file: str) -> dict[str, Any]:
    from bodydouble.characters.load import load_character
    from bodydouble.skeletons import humanoid

    character = load_character(file)
    return {
        "kind": "character",
        "name": character.name,
        "joints": len(character.skeleton.joint_names),
        "triangles": sum(len(mesh.triangles) for mesh in character.meshes),
        "humanoid bones": len(character.humanoid),
        "missing bones": ", ".join(name for name in humanoid.JOINTS if name not in character.humanoid) or "none",
    }
