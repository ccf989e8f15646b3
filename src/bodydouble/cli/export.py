"""Command ``export``: the motions or the 2D keypoints of a capture as files of other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import JsonOption, print_json
from bodydouble.cli.values import parse_frame_rate


class KeypointFormat(StrEnum):
    """File formats of 2D keypoints: the values of ``formats.keypoint_files``, which needs NumPy."""

    COCO = "coco"
    ALPHAPOSE = "alphapose"
    OPENPOSE = "openpose"


class BoneNames(StrEnum):
    """Names of bones: the keys of ``skeletons.rigs.export_names``."""

    VRM = "vrm"
    MIXAMO = "mixamo"
    UNREAL = "unreal"
    CMU = "cmu"


def export(
    motion: Annotated[
        Path, typer.Argument(metavar="MOTION", help="A performance.npz, or a .bvh, .glb, .vrm, .vrma or .fbx file.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Output file: .glb, .vrm, .fbx, .bvh, .vrma, .usda, .usdc, .usdz, .vmd, .trc, .c3d, .mot, .csv, "
            ".json or .blend. Several people get a file each, such as FILE_person1.bvh. With --format openpose a new "
            "or empty folder.",
        ),
    ],
    keypoint_format: Annotated[
        KeypointFormat | None,
        typer.Option("--format", help="Export the 2D keypoints of a performance in this file format."),
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
    fps: Annotated[
        str | None,
        typer.Option(metavar="RATE", help="Frame rate in frames/s, such as 60 or 30000/1001. Default: as captured."),
    ] = None,
    bone_names: Annotated[
        BoneNames | None, typer.Option("--bone-names", help="Names of the bones of a .bvh file. Default: vrm.")
    ] = None,
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
    """Write motions, joint angles or 2D keypoints for other programs."""
    with report_errors():
        if keypoint_format is not None:
            facts, files = _export_keypoints(motion, output, keypoint_format)
        elif output.suffix.lower() == ".blend":
            facts, files = _export_scene(motion, output, people, character, fps, video, blender)
        else:
            facts, files = _export_motions(motion, output, people, character, fps, bone_names)
        if as_json:
            print_json(facts)
        else:
            for file in files:
                typer.echo(file)


def _export_keypoints(
    path: Path, output: Path, keypoint_format: KeypointFormat
) -> tuple[dict[str, object], tuple[Path, ...]]:
    from bodydouble.formats import keypoint_files
    from bodydouble.formats.performance import load

    captured = load(path)
    file_format = keypoint_files.KeypointFormat(keypoint_format)
    rows = keypoint_files.collect_keypoints(captured, file_format)
    keypoint_files.write_keypoints(output, rows, file_format, captured.frame_count)
    facts: dict[str, object] = {
        "people": len(captured.people),
        "frames": captured.frame_count,
        "poses": len(rows.frames),
    }
    return facts | {"file": str(output)}, (output,)


def _export_scene(
    path: Path,
    output: Path,
    people: str | None,
    character: str,
    fps: str | None,
    video: Path | None,
    blender: str,
) -> tuple[dict[str, object], tuple[Path, ...]]:
    from bodydouble.errors import InvalidDataError
    from bodydouble.pipeline.blender_scene import write_scene

    if fps is not None:
        raise InvalidDataError(f"{output.name} has the frame rate of the capture; use --fps of animate or capture")
    scene = write_scene(path, output, people=people, character=character, video=video, blender=blender)
    for note in scene.notes:
        typer.echo(f"note: {note}", err=True)
    return {"people": list(scene.people), "files": [str(scene.path)]}, (scene.path,)


def _export_motions(
    path: Path, output: Path, people: str | None, character: str, fps: str | None, bone_names: str | None
) -> tuple[dict[str, object], tuple[Path, ...]]:
    from bodydouble.pipeline.exporting import export_motions
    from bodydouble.pipeline.motion_files import load_motions, select_motions

    rate = None if fps is None else parse_frame_rate(fps)
    motions = select_motions(load_motions(path), people)
    files = export_motions(motions, output, character=character, fps=rate, bone_names=bone_names)
    return {"people": [motion.name for motion in motions], "files": [str(file) for file in files]}, files
