"""Commands ``animate`` and ``capture``: video in, motion and animated characters out."""

from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import CaptureArguments, MapOption, expand_arguments, print_json
from bodydouble.cli.values import parse_frame_rate, parse_length

if TYPE_CHECKING:
    from bodydouble.cli.progress import ProgressBars
    from bodydouble.pipeline import AnimationResult


class FbxBones(StrEnum):
    """Names of the bones of FBX files: the values of ``formats.fbx``, which needs NumPy."""

    CHARACTER = "character"
    MIXAMO = "mixamo"
    UNREAL = "unreal"


@expand_arguments
def animate(
    arguments: CaptureArguments,
    character: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="Built-in character, your own rig as a .glb, .vrm or .fbx file, or like-me: a drawn look-alike of "
            "each person.",
        ),
    ] = "mannequin",
    look: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PERSON.toml",
            help="Look of a person that replaces the look-alike, such as an edited person1.toml. Repeatable.",
        ),
    ] = None,
    bone_map: MapOption = None,
    preview: Annotated[
        bool, typer.Option("--preview/--no-preview", help="Render preview.mp4 with the source and the characters.")
    ] = True,
    keyframe_tolerance: Annotated[
        str | None,
        typer.Option(
            metavar="LENGTH",
            help="Maximum error of a joint position in the .glb files that keyframe reduction may cause, such as 5mm. "
            "Default: a key in every frame.",
        ),
    ] = None,
    fbx: Annotated[
        FbxBones | None,
        typer.Option(
            help="Write PERSON.fbx as well, with bones named as in the character, by Mixamo or by Unreal. "
            "Default: no .fbx."
        ),
    ] = None,
) -> None:
    """Animate a rigged character with the motion of each person.

    Writes PERSON.glb, PERSON.bvh, performance.npz, preview.mp4 and report.html; look-alikes also PERSON.toml.
    """
    with report_errors():
        from bodydouble import pipeline
        from bodydouble.characters.humanoid_map import read_map_file
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.formats.fbx import BoneNaming

        fps = _file_frame_rate(arguments)
        tolerance = None if keyframe_tolerance is None else parse_length(keyframe_tolerance)
        with ProgressBars() as progress:
            result = pipeline.animate(
                arguments.video,
                arguments.output,
                character=character,
                bone_map=None if bone_map is None else read_map_file(bone_map),
                preview=preview,
                fps=fps,
                keyframe_tolerance=tolerance,
                fbx_bones=None if fbx is None else BoneNaming(fbx),
                looks=look or (),
                save_face_embeddings=arguments.save_face_embeddings,
                progress=progress,
                **arguments.capture_options(),
            )
        _print(result, progress, as_json=arguments.as_json)


@expand_arguments
def capture(arguments: CaptureArguments) -> None:
    """Write the motion of all people to performance.npz.

    Creates no characters and no preview.
    """
    with report_errors():
        from bodydouble import pipeline
        from bodydouble.cli.progress import ProgressBars

        fps = _file_frame_rate(arguments)
        with ProgressBars() as progress:
            result = pipeline.capture_to_folder(
                arguments.video,
                arguments.output,
                fps=fps,
                save_face_embeddings=arguments.save_face_embeddings,
                progress=progress,
                **arguments.capture_options(),
            )
        _print(result, progress, as_json=arguments.as_json)


def _file_frame_rate(arguments: CaptureArguments) -> Fraction | None:
    return None if arguments.fps is None else parse_frame_rate(arguments.fps)


def _print(result: "AnimationResult", progress: "ProgressBars", *, as_json: bool) -> None:
    from bodydouble.cli.summary import print_result, summarize

    if as_json:
        print_json(summarize(result, progress))
    else:
        print_result(result, progress)
