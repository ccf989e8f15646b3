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
    DetectorOption,
    Enhancement,
    EnhanceOption,
    FocalLengthOption,
    FolderOption,
    FpsOption,
    HeightOption,
    JsonOption,
    KeypointsOption,
    PeopleCommand,
    PeopleOption,
    Quality,
    QualityOption,
    SaveFaceEmbeddingsOption,
    VideoArgument,
    capture_options,
    enable_tracebacks,
    print_json,
    report_errors,
)
from bodydouble.cli.export import export

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(bench.bench, name="bench")
app.add_typer(bench.synth, name="synth")
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
        enable_tracebacks()


@app.command(cls=PeopleCommand)
def animate(
    video: VideoArgument,
    output: FolderOption = None,
    people: PeopleOption = "all",
    character: Annotated[
        str, typer.Option(metavar="NAME|FILE.glb", help="A built-in character or your own rig (.glb, .vrm).")
    ] = "mannequin",
    preview: Annotated[bool, typer.Option("--preview/--no-preview", help="Render preview.mp4.")] = True,
    quality: QualityOption = Quality.BALANCED,
    camera: CameraOption = CameraMotion.AUTO,
    focal_length: FocalLengthOption = None,
    height: HeightOption = None,
    keypoints: KeypointsOption = None,
    detector: DetectorOption = None,
    enhance: EnhanceOption = Enhancement.AUTO,
    fps: FpsOption = None,
    keyframe_tolerance: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="Keys in few frames of the .glb; joints stay within LENGTH, such as 5mm."),
    ] = None,
    save_face_embeddings: SaveFaceEmbeddingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give each person in VIDEO a rigged character that performs the same motion."""
    with report_errors():
        from bodydouble import pipeline
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.summary import print_result, summarize
        from bodydouble.cli.values import parse_frame_rate, parse_length

        file_fps = None if fps is None else parse_frame_rate(fps)
        tolerance = None if keyframe_tolerance is None else parse_length(keyframe_tolerance)
        with ProgressBars() as progress:
            result = pipeline.animate(
                video,
                output,
                character=character,
                preview=preview,
                fps=file_fps,
                keyframe_tolerance=tolerance,
                save_face_embeddings=save_face_embeddings,
                progress=progress,
                **capture_options(people, quality, camera, focal_length, height, keypoints, detector, enhance),
            )
        if as_json:
            print_json(summarize(result, progress))
        else:
            print_result(result, progress)


@app.command(cls=PeopleCommand)
def capture(
    video: VideoArgument,
    output: FolderOption = None,
    people: PeopleOption = "all",
    quality: QualityOption = Quality.BALANCED,
    camera: CameraOption = CameraMotion.AUTO,
    focal_length: FocalLengthOption = None,
    height: HeightOption = None,
    keypoints: KeypointsOption = None,
    detector: DetectorOption = None,
    enhance: EnhanceOption = Enhancement.AUTO,
    fps: FpsOption = None,
    save_face_embeddings: SaveFaceEmbeddingsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the motion of the people in VIDEO to performance.npz; no character, no film."""
    with report_errors():
        from bodydouble import pipeline
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.summary import print_result, summarize
        from bodydouble.cli.values import parse_frame_rate

        file_fps = None if fps is None else parse_frame_rate(fps)
        with ProgressBars() as progress:
            result = pipeline.capture_to_folder(
                video,
                output,
                fps=file_fps,
                save_face_embeddings=save_face_embeddings,
                progress=progress,
                **capture_options(people, quality, camera, focal_length, height, keypoints, detector, enhance),
            )
        if as_json:
            print_json(summarize(result, progress))
        else:
            print_result(result, progress)


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A video, performance.npz, .bvh, .glb or .vrm.")],
    as_json: JsonOption = False,
) -> None:
    """Say what is in FILE."""
    with report_errors():
        from bodydouble.cli.inspect import describe_file

        found = describe_file(file)
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
    with report_errors():
        from bodydouble.cli.evaluate import compare_files, print_comparison, write_page

        comparison = compare_files(predicted, truth)
        if html is not None:
            write_page(comparison, html, predicted.name)
        if as_json:
            print_json(comparison.as_dict())
        else:
            print_comparison(comparison)


@app.command("user-study")
def user_study(
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
    with report_errors():
        from bodydouble.cli.user_study import collect_scores

        collect_scores(takes, output, rater, port, browser)


app.command("export")(export)


@app.command()
def characters() -> None:
    """List the built-in characters."""
    with report_errors():
        from bodydouble.characters.load import builtin_names

        for name in builtin_names():
            typer.echo(name)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed, which accelerator is used, whether films can be rendered, and all licences."""
    with report_errors():
        from bodydouble.cli.doctor import diagnose, print_diagnosis

        found = diagnose()
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
