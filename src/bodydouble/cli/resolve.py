"""Command ``resolve``: annotations and corrections of a capture by hand."""

from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import JsonOption, print_json
from bodydouble.errors import InvalidDataError


def resolve(
    performance: Annotated[
        Path, typer.Argument(metavar="PERFORMANCE", help="The performance.npz of a capture; it stays as it is.")
    ],
    corrections: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Corrections. Default: PERFORMANCE_corrections.json or corrections.json beside the performance.",
        ),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Annotated keypoints. Default: PERFORMANCE_annotations.json or annotations.json beside it.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Corrected performance. Default: PERFORMANCE_corrected.npz."
        ),
    ] = None,
    animate: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for all files of animate, of the corrected motion. Default: none."),
    ] = None,
    character: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Character of --animate. Default: mannequin.")
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Video of the performance, for --animate. Default: VIDEO beside VIDEO_bodydouble."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Apply annotations and corrections by hand to a captured performance, without the video.

    Writes the corrected performance to another file, which export, retarget, film and render take as well.
    """
    with report_errors():
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.summary import print_result, summarize
        from bodydouble.pipeline import resolving

        for option, value in (("--character", character), ("--video", video)):
            if animate is None and value is not None:
                raise InvalidDataError(f"{option} is for --animate")
        animation = None
        if animate is not None:
            animation = resolving.AnimationRequest(animate, character or "mannequin", video)
        with ProgressBars() as progress:
            result = resolving.resolve(
                performance, corrections, output, annotations=annotations, animation=animation, progress=progress
            )
        if as_json:
            counts = {
                "corrections": len(result.performance.corrections),
                "annotations": len(result.performance.annotations.keypoints),
            }
            print_json(summarize(result, progress) | counts)
        else:
            print_result(result, progress)
