"""Command ``export``: the 2D keypoints of a performance as a file of another program."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import JsonOption, print_json


class KeypointFormat(StrEnum):
    """File formats of 2D keypoints: the values of ``formats.keypoint_files``, which needs NumPy."""

    COCO = "coco"
    ALPHAPOSE = "alphapose"
    OPENPOSE = "openpose"


def export(
    performance: Annotated[Path, typer.Argument(metavar="PERFORMANCE.npz", help="A captured performance.")],
    keypoint_format: Annotated[KeypointFormat, typer.Option("--format", help="File format of the 2D keypoints.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE.json|DIR", help="Output file; for openpose a new or empty folder."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Write 2D keypoints as COCO, AlphaPose or OpenPose files."""
    with report_errors():
        from bodydouble.formats import keypoint_files
        from bodydouble.formats.performance import load

        captured = load(performance)
        file_format = keypoint_files.KeypointFormat(keypoint_format)
        rows = keypoint_files.collect_keypoints(captured, file_format)
        keypoint_files.write_keypoints(output, rows, file_format, captured.frame_count)
        if as_json:
            facts = {"people": len(captured.people), "frames": captured.frame_count, "poses": len(rows.frames)}
            print_json(facts | {"file": str(output)})
        else:
            typer.echo(output)
