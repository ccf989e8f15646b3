"""The command line: ``bodydouble animate dance.mp4``.

Exit status 0: done; 1: failed, with one line on standard error; 2: bad usage.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bodydouble import __version__
from bodydouble.cli import bench
from bodydouble.cli.common import (
    CameraMotion,
    CameraOption,
    Denoise,
    DenoiseOption,
    DetectorOption,
    FocalOption,
    FolderOption,
    FpsOption,
    HeightOption,
    JsonOption,
    KeepEmbeddingsOption,
    KeypointsOption,
    PeopleCommand,
    PeopleOption,
    Quality,
    QualityOption,
    VideoArgument,
    capture_options,
    one_line_errors,
    print_json,
    show_where_errors_come_from,
)
from bodydouble.cli.export import export

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(bench.bench, name="bench")
app.add_typer(bench.truth, name="truth")
app.add_typer(bench.train, name="train")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bodydouble {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback does all
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Ordinary video in, animated 3D characters out."""
    if debug:
        show_where_errors_come_from()


@app.command(cls=PeopleCommand)
def animate(
    video: VideoArgument,
    output: FolderOption = None,
    people: PeopleOption = "all",
    character: Annotated[
        str, typer.Option(metavar="NAME|FILE.glb", help="A built-in character or your own rig (.glb, .vrm).")
    ] = "mannequin",
    film: Annotated[bool, typer.Option("--film/--no-film", help="Render preview.mp4.")] = True,
    quality: QualityOption = Quality.BALANCED,
    camera: CameraOption = CameraMotion.AUTO,
    focal: FocalOption = None,
    height: HeightOption = None,
    keypoints: KeypointsOption = None,
    detector: DetectorOption = None,
    denoise: DenoiseOption = Denoise.AUTO,
    fps: FpsOption = None,
    keyframes: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="Keys in few frames of the .glb; joints stay within LENGTH, such as 5mm."),
    ] = None,
    keep_embeddings: KeepEmbeddingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give each person in VIDEO a rigged character that performs the same motion."""
    with one_line_errors():
        from bodydouble import pipeline
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.cli.summary import print_delivery, summary
        from bodydouble.cli.values import bound, rate

        rate_of_files = None if fps is None else rate(fps)
        bound_of_keys = None if keyframes is None else bound(keyframes)
        with ProgressMonitor() as monitor:
            delivery = pipeline.animate(
                video,
                output,
                character=character,
                film=film,
                fps=rate_of_files,
                keyframes=bound_of_keys,
                keep_embeddings=keep_embeddings,
                monitor=monitor,
                **capture_options(people, quality, camera, focal, height, keypoints, detector, denoise),
            )
        if as_json:
            print_json(summary(delivery, monitor))
        else:
            print_delivery(delivery, monitor)


@app.command(cls=PeopleCommand)
def capture(
    video: VideoArgument,
    output: FolderOption = None,
    people: PeopleOption = "all",
    quality: QualityOption = Quality.BALANCED,
    camera: CameraOption = CameraMotion.AUTO,
    focal: FocalOption = None,
    height: HeightOption = None,
    keypoints: KeypointsOption = None,
    detector: DetectorOption = None,
    denoise: DenoiseOption = Denoise.AUTO,
    fps: FpsOption = None,
    keep_embeddings: KeepEmbeddingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the motion of the people in VIDEO to performance.npz; no character, no film."""
    with one_line_errors():
        from bodydouble import pipeline
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.cli.summary import print_delivery, summary
        from bodydouble.cli.values import rate

        rate_of_file = None if fps is None else rate(fps)
        with ProgressMonitor() as monitor:
            delivery = pipeline.capture_to_folder(
                video,
                output,
                fps=rate_of_file,
                keep_embeddings=keep_embeddings,
                monitor=monitor,
                **capture_options(people, quality, camera, focal, height, keypoints, detector, denoise),
            )
        if as_json:
            print_json(summary(delivery, monitor))
        else:
            print_delivery(delivery, monitor)


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A video, performance.npz, .bvh, .glb or .vrm.")],
    as_json: JsonOption = False,
) -> None:
    """Say what is in FILE."""
    with one_line_errors():
        from bodydouble.cli.inspect import facts

        found = facts(file)
        if as_json:
            print_json(found)
        else:
            for key, value in found.items():
                typer.echo(f"{key}: {value}")


@app.command()
def evaluate(
    predicted: Annotated[Path, typer.Argument(metavar="PREDICTED.npz", help="A performance that was captured.")],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH.npz", help="The performance that really took place.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with all figures and plots as well.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how far PREDICTED is from TRUTH."""
    with one_line_errors():
        from bodydouble.cli.evaluate import compared_files, print_comparison, write_page

        found = compared_files(predicted, truth)
        if html is not None:
            write_page(found, html, predicted.name)
        if as_json:
            print_json(found.as_dict())
        else:
            print_comparison(found)


@app.command()
def rate(
    takes: Annotated[
        list[Path],
        typer.Argument(metavar="TAKES...", help="Folders of videos, one a method; a file name is a clip. Or videos."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Scores are added to this CSV file.")],
    rater: Annotated[str, typer.Option(metavar="NAME", help="Who rates.")] = "anonymous",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="Of the page; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
) -> None:
    """Show TAKES blind, side by side, on a page of this computer, and keep the scores that people give."""
    with one_line_errors():
        from bodydouble.cli.user_study import collect_scores

        collect_scores(takes, output, rater, port, browser)


app.command("export")(export)


@app.command()
def characters() -> None:
    """List the built-in characters."""
    with one_line_errors():
        from bodydouble.characters.load import builtin_names

        for name in builtin_names():
            typer.echo(name)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed, which accelerator is used, whether films can be rendered, and all licences."""
    with one_line_errors():
        from bodydouble.cli.doctor import diagnosis, print_diagnosis

        found = diagnosis()
        if as_json:
            print_json(found)
        else:
            print_diagnosis(found)


def main() -> None:
    """Entry point of the ``bodydouble`` command."""
    try:
        app()
    except BrokenPipeError:
        sys.exit(1)
