"""Commands ``train``: training of bodydouble's own networks."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import SeedOption
from bodydouble.errors import MissingExtraError

if TYPE_CHECKING:
    from bodydouble.pipeline import Progress

DEFAULT_START = Path("default")
"""Value of ``--start`` for the lifter that bodydouble contains."""

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Train the networks of bodydouble.")


@app.command()
def lifter(
    motions: Annotated[
        list[Path],
        typer.Argument(
            metavar="MOTION...", help="Files or folders of motion capture; test subjects are excluded from training."
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of state, log, curves and lifter.onnx.")
    ],
    clips: Annotated[int, typer.Option(min=8, metavar="N", help="Number of synthetic clips for training.")] = 1000,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Number of training steps.")] = 15_000,
    seed: SeedOption = 0,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="NETWORK",
            help="Network (lifter.onnx) to start from; 'default' is the one that bodydouble contains.",
        ),
    ] = None,
    unlabelled: Annotated[
        list[Path] | None,
        typer.Option(
            "--unlabelled", metavar="VIDEO", help="Video without labels for semi-supervised training. Repeatable."
        ),
    ] = None,
    annotated: Annotated[
        list[Path] | None,
        typer.Option(
            "--annotated",
            metavar="PERFORMANCE|DIR",
            help="A performance.npz with annotations.json beside it, or a folder of such pairs. Repeatable.",
        ),
    ] = None,
) -> None:
    """Train the lifter, the network from 2D tracks to 3D motion.

    Resumes an interrupted run. Needs PyTorch and onnx (the extra "train").
    """
    with report_errors():
        from bodydouble.cli.progress import ProgressBars

        with ProgressBars() as progress:
            file = train_lifter(motions, output, clips, steps, seed, start, unlabelled or [], annotated or [], progress)
        typer.echo(file)


def train_lifter(
    motions: Sequence[Path],
    folder: Path,
    clips: int,
    steps: int,
    seed: int,
    start: Path | None,
    unlabelled: Sequence[Path],
    annotated: Sequence[Path],
    progress: "Progress",
) -> Path:
    """Trains the lifter and returns the network file.

    Raises:
        MissingExtraError: PyTorch or onnx is not installed.
    """
    from importlib import import_module

    try:
        for package in ("torch", "onnx"):
            import_module(package)
    except ModuleNotFoundError as error:
        raise MissingExtraError("training needs PyTorch and onnx: pip install 'bodydouble[train]'") from error
    from bodydouble.motion.lifting.lifter import MODEL
    from bodydouble.training.lifter_pipeline import LifterOptions, train_lifter

    start = MODEL if start == DEFAULT_START else start
    options = LifterOptions(clips, steps, seed, start, tuple(unlabelled), tuple(annotated))
    return train_lifter(motions, folder, options, progress)
