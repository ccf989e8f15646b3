"""``bodydouble export``: what was seen of the people, for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.common import JsonOption, print_json, report_errors


class KeypointFormat(StrEnum):
    """Whose files of 2D keypoints; the values of formats.keypoint_files.Layout, which takes NumPy to import."""

    COCO = "coco"
    ALPHAPOSE = "alphapose"
    OPENPOSE = "openpose"


def export(
    performance: Annotated[Path, typer.Argument(metavar="PERFORMANCE.npz", help="A performance that was captured.")],
    keypoint_format: Annotated[KeypointFormat, typer.Option("--format", help="Whose layout of 2D keypoints.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.json|DIR", help="A file; for openpose a new folder.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Write the 2D keypoints of PERFORMANCE.npz as other programs have them."""
    with report_errors():
        from bodydouble.formats.keypoint_files import Layout, sightings, write_keypoints
        from bodydouble.formats.performance import load

        captured = load(performance)
        keypoints = sightings(captured, Layout(keypoint_format))
        write_keypoints(output, keypoints, Layout(keypoint_format), captured.frame_count)
        if as_json:
            facts = {"people": len(captured.people), "frames": captured.frame_count, "poses": len(keypoints.frames)}
            print_json(facts | {"file": str(output)})
        else:
            typer.echo(output)
