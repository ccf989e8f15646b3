"""Commands ``annotations``: exchange of annotated keypoints with other tools."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.errors import report_errors

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Exchange annotated keypoints as COCO data sets.",
)
PerformanceArgument = Annotated[
    Path, typer.Argument(metavar="PERFORMANCE", help="The performance.npz that is annotated.")
]


class KeypointSet(StrEnum):
    """Keypoints of a COCO data set."""

    BLAZEPOSE = "33"
    COCO = "17"


@app.command("export")
def export_annotations(
    performance: PerformanceArgument,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The COCO data set, a .json file.")],
    annotations: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Annotated keypoints. Default: PERFORMANCE_annotations.json or annotations.json beside it.",
        ),
    ] = None,
    keypoints: Annotated[
        KeypointSet, typer.Option(help="All 33 landmarks, or the 17 keypoints of COCO.")
    ] = KeypointSet.BLAZEPOSE,
) -> None:
    """Write annotations as a COCO data set."""
    with report_errors():
        from bodydouble.pipeline.annotating import export_coco
        from bodydouble.skeletons import blazepose, coco

        landmarks = blazepose.LANDMARKS if keypoints is KeypointSet.BLAZEPOSE else coco.KEYPOINTS
        export_coco(performance, output, annotations, landmarks)
        typer.echo(output)


@app.command("import")
def import_annotations(
    performance: PerformanceArgument,
    data_set: Annotated[Path, typer.Argument(metavar="COCO.json", help="A COCO data set of the video's frames.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Annotated keypoints. Default: annotations.json beside PERFORMANCE."
        ),
    ] = None,
    first_frame: Annotated[
        int, typer.Option(min=0, metavar="N", help="Number that the first frame of the video has in COCO.json.")
    ] = 0,
) -> None:
    """Read annotations from a COCO data set, such as CVAT and Label Studio write.

    Each pose belongs to the person with its name, or to the nearest one in that frame. Annotations that FILE has
    already are kept, unless the data set has the same landmark in the same frame.
    """
    with report_errors():
        from bodydouble.pipeline.annotating import ANNOTATIONS_FILE, import_coco

        target = output or performance.with_name(ANNOTATIONS_FILE)
        read = import_coco(performance, data_set, target, first_frame)
        typer.echo(f"{len(read.annotations.keypoints)} keypoints")
        if read.left_out:
            typer.echo(f"{read.left_out} poses left out: they show nobody of the performance", err=True)
        typer.echo(target)
