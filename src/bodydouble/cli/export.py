"""Command ``export``: the motions or the 2D keypoints of a capture as files of other programs."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.motion_options import (
    FpsOption,
    LoopOption,
    MotionsArgument,
    RootMotion,
    RootOption,
    SceneOption,
    load_motions,
)
from bodydouble.cli.options import JsonOption, print_json
from bodydouble.cli.values import parse_frame_rate
from bodydouble.errors import InvalidDataError

if TYPE_CHECKING:
    from fractions import Fraction

    from bodydouble.pipeline.motion_files import NamedMotion


class FileFormat(StrEnum):
    """Formats that no suffix tells: those of 2D keypoints in ``formats.keypoint_files``, and of faces."""

    COCO = "coco"
    ALPHAPOSE = "alphapose"
    OPENPOSE = "openpose"
    LIVELINK = "livelink"


class BoneNames(StrEnum):
    """Names of bones: the keys of ``skeletons.rigs.export_names``."""

    VRM = "vrm"
    MIXAMO = "mixamo"
    UNREAL = "unreal"
    CMU = "cmu"


def export(
    motions: MotionsArgument,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Output file: .glb, .vrm, .fbx, .bvh, .vrma, .usda, .usdc, .usdz, .vmd, .trc, .c3d, .mot, .csv, .json "
            "or .blend. Several people get a file each, such as FILE_person1.bvh, unless --scene is given. With "
            "--format openpose a new or empty folder.",
        ),
    ],
    file_format: Annotated[
        FileFormat | None,
        typer.Option(
            "--format",
            help="Export the 2D keypoints of a performance in this file format, or its faces as the .csv files of "
            "Live Link Face (livelink).",
        ),
    ] = None,
    people: Annotated[
        str | None, typer.Option(metavar="NAMES", help="People to export, such as person1,person3. Default: all.")
    ] = None,
    character: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE", help="Character of formats with a mesh: .glb, .vrm, .fbx, .usda, .usdc, .usdz."
        ),
    ] = "mannequin",
    fps: FpsOption = None,
    root: RootOption = RootMotion.HIPS,
    loop: LoopOption = False,
    scene: SceneOption = False,
    bone_names: Annotated[
        BoneNames | None, typer.Option("--bone-names", help="Names of the bones of a .bvh file. Default: vrm.")
    ] = None,
    fingers: Annotated[
        bool, typer.Option("--fingers", help="Write the finger bones to a .bvh file, too; other formats have them.")
    ] = False,
    video: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Video behind the scene of a .blend file. Default: VIDEO of a performance in VIDEO_bodydouble.",
        ),
    ] = None,
    blender: Annotated[
        str,
        typer.Option(metavar="PROGRAM", help="Blender 4.2 or later, or a Python with bpy, which writes .blend files."),
    ] = "blender",
    as_json: JsonOption = False,
) -> None:
    """Write motions, joint angles, faces or 2D keypoints for other programs."""
    with report_errors():
        if file_format is FileFormat.LIVELINK:
            rate = None if fps is None else parse_frame_rate(fps)
            facts, files = _export_faces(load_motions(motions, people, loop), output, rate)
        elif file_format is not None:
            facts, files = _export_keypoints(motions, output, file_format)
        elif output.suffix.lower() == ".blend":
            _check_blend_options(output, {"--fps": fps, "--loop": loop, "--root": root != RootMotion.HIPS})
            facts, files = _export_blend(motions, output, people, character, video, blender)
        else:
            options = {
                "character": character,
                "fps": None if fps is None else parse_frame_rate(fps),
                "bone_names": bone_names,
                "fingers": fingers,
                "root": root,
                "scene": scene,
            }
            facts, files = _export_motions(load_motions(motions, people, loop), output, options)
        if as_json:
            print_json(facts)
        else:
            for file in files:
                typer.echo(file)


def _export_keypoints(
    sources: list[str], output: Path, wanted: FileFormat
) -> tuple[dict[str, object], tuple[Path, ...]]:
    from bodydouble.formats import keypoint_files
    from bodydouble.formats.performance import load

    if len(sources) > 1:
        raise InvalidDataError(f"2D keypoints are those of one performance, not of {len(sources)} files")
    captured = load(sources[0])
    file_format = keypoint_files.KeypointFormat(wanted)
    rows = keypoint_files.collect_keypoints(captured, file_format)
    keypoint_files.write_keypoints(output, rows, file_format, captured.frame_count)
    facts: dict[str, object] = {
        "people": len(captured.people),
        "frames": captured.frame_count,
        "poses": len(rows.frames),
    }
    return facts | {"file": str(output)}, (output,)


def _check_blend_options(output: Path, given: dict[str, object]) -> None:
    for option in (option for option, value in given.items() if value):
        raise InvalidDataError(f"{output.name} shows the capture as it is; {option} is for other formats")


def _export_blend(
    sources: list[str], output: Path, people: str | None, character: str, video: Path | None, blender: str
) -> tuple[dict[str, object], tuple[Path, ...]]:
    from bodydouble.pipeline.blender_scene import write_scene

    if len(sources) > 1:
        raise InvalidDataError(f"{output.name} shows one performance, not {len(sources)} files")
    scene = write_scene(Path(sources[0]), output, people=people, character=character, video=video, blender=blender)
    for note in scene.notes:
        typer.echo(f"note: {note}", err=True)
    return {"people": list(scene.people), "files": [str(scene.path)]}, (scene.path,)


def _export_faces(
    motions: "tuple[NamedMotion, ...]", output: Path, rate: "Fraction | None"
) -> tuple[dict[str, object], tuple[Path, ...]]:
    from bodydouble.pipeline.exporting import export_faces

    files = export_faces(motions, output, rate)
    return {"people": [motion.name for motion in motions], "files": [str(file) for file in files]}, files


def _export_motions(
    motions: "tuple[NamedMotion, ...]", output: Path, options: dict[str, Any]
) -> tuple[dict[str, object], tuple[Path, ...]]:
    from bodydouble.pipeline.exporting import export_motions
    from bodydouble.pipeline.root_motion import RootMotion

    files = export_motions(motions, output, **options | {"root": RootMotion(options["root"])})
    return {"people": [motion.name for motion in motions], "files": [str(file) for file in files]}, files
