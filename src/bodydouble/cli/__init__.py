"""The command line: ``bodydouble animate dance.mp4``.

Exit status 0: done; 1: failed, with one line on standard error; 2: bad usage.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bodydouble import __version__
from bodydouble.errors import BodydoubleError

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
bench = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Measure bodydouble on this machine.")
app.add_typer(bench, name="bench")
truth = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Make rendered people whose motion is known.")
app.add_typer(truth, name="truth")

PRIVATE_ARCHIVE = Path("../shared/data/mocap.tar.xz")

_debug = False


class Quality(StrEnum):
    """Balances of speed and accuracy."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


class TruthSet(StrEnum):
    """Sets of rendered clips."""

    PUBLIC = "public"
    PRIVATE = "private"


class Camera(StrEnum):
    """What a virtual camera does."""

    ANY = "any"
    STATIC = "static"
    PAN = "pan"
    HANDHELD = "handheld"
    DOLLY = "dolly"


VideoArgument = Annotated[
    str, typer.Argument(metavar="VIDEO", help="A video, GIF, picture, folder of pictures or pattern ('shots/*.png').")
]
FolderOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where the files go [default: VIDEO_bodydouble].")
]
PeopleOption = Annotated[
    str, typer.Option(metavar="all|main|N", help="Everybody, the most prominent person, or the N most prominent.")
]
QualityOption = Annotated[Quality, typer.Option(help="Which networks look at the video.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]


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
    global _debug  # noqa: PLW0603 - the one switch that all commands share
    _debug = debug


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turn errors into one line on standard error and exit status 1."""
    if _debug:
        yield
        return
    try:
        yield
    except BodydoubleError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted; files that were complete stay")
    except MemoryError:
        _fail("out of memory; use --quality fast, or a shorter or smaller video")
    except Exception as error:
        _fail(f"unexpected {type(error).__name__}: {error}; run again as `bodydouble --debug ...` to see where")


def _fail(message: str) -> None:
    typer.echo(f"bodydouble: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


@app.command()
def animate(
    video: VideoArgument,
    output: FolderOption = None,
    people: PeopleOption = "all",
    character: Annotated[
        str, typer.Option(metavar="NAME|FILE.glb", help="A built-in character or your own rig (.glb, .vrm).")
    ] = "mannequin",
    film: Annotated[bool, typer.Option("--film/--no-film", help="Render preview.mp4.")] = True,
    quality: QualityOption = Quality.BALANCED,
    as_json: JsonOption = False,
) -> None:
    """Give each person in VIDEO a rigged character that performs the same motion."""
    with _one_line_errors():
        from bodydouble import pipeline
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.cli.summary import print_delivery, summary

        with ProgressMonitor() as monitor:
            delivery = pipeline.animate(
                video, output, people=people, character=character, film=film, quality=quality, monitor=monitor
            )
        if as_json:
            _print_json(summary(delivery, monitor))
        else:
            print_delivery(delivery, monitor)


@app.command()
def capture(
    video: VideoArgument,
    output: FolderOption = None,
    people: PeopleOption = "all",
    quality: QualityOption = Quality.BALANCED,
    as_json: JsonOption = False,
) -> None:
    """Write the motion of the people in VIDEO to performance.npz; no character, no film."""
    with _one_line_errors():
        from bodydouble import pipeline
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.cli.summary import print_delivery, summary

        with ProgressMonitor() as monitor:
            delivery = pipeline.capture_to_folder(video, output, people=people, quality=quality, monitor=monitor)
        if as_json:
            _print_json(summary(delivery, monitor))
        else:
            print_delivery(delivery, monitor)


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A video, performance.npz, .bvh, .glb or .vrm.")],
    as_json: JsonOption = False,
) -> None:
    """Say what is in FILE."""
    with _one_line_errors():
        from bodydouble.cli.inspect import facts

        found = facts(file)
        if as_json:
            _print_json(found)
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
    with _one_line_errors():
        from bodydouble.cli.evaluate import compared_files, print_comparison, write_page

        found = compared_files(predicted, truth)
        if html is not None:
            write_page(found, html, predicted.name)
        if as_json:
            _print_json(found.as_dict())
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
    with _one_line_errors():
        from bodydouble.cli.rate import collect_scores

        collect_scores(takes, output, rater, port, browser)


@app.command()
def characters() -> None:
    """List the built-in characters."""
    with _one_line_errors():
        from bodydouble.characters.load import builtin_names

        for name in builtin_names():
            typer.echo(name)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed, which accelerator is used, whether films can be rendered, and all licences."""
    with _one_line_errors():
        from bodydouble.cli.doctor import diagnosis, print_diagnosis

        found = diagnosis()
        if as_json:
            _print_json(found)
        else:
            print_diagnosis(found)


@bench.command("speed")
def bench_speed(
    video: VideoArgument,
    quality: QualityOption = Quality.BALANCED,
    repeat: Annotated[
        int, typer.Option(min=1, metavar="N", help="Play VIDEO that many times over, so that start-up counts little.")
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure frames per second, peak memory and the ratio to the networks' own time."""
    with _one_line_errors():
        from bodydouble.bench.speed import measure
        from bodydouble.cli.summary import print_speed

        report = measure(Path(video), quality=quality, repeat=repeat)
        if as_json:
            _print_json(report)
        else:
            print_speed(report)


@bench.command("memory")
def bench_memory(
    video: VideoArgument,
    quality: QualityOption = Quality.BALANCED,
    repeat: Annotated[
        int, typer.Option(min=2, metavar="N", help="Compare with VIDEO played that many times over.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Measure by how much peak memory grows when VIDEO becomes longer."""
    with _one_line_errors():
        from bodydouble.bench.speed import measure_growth
        from bodydouble.cli.summary import print_growth

        report = measure_growth(Path(video), quality=quality, repeat=repeat)
        if as_json:
            _print_json(report)
        else:
            print_growth(report)


@bench.command("truth")
def bench_truth(
    which: Annotated[
        TruthSet, typer.Option("--set", help="Motions that anyone can install, or the larger set of --mocap.")
    ] = TruthSet.PUBLIC,
    clips: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only N clips, spread over the set.")] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Feed the truth in after each stage in turn, instead of the baselines.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where clips and captures are kept [default: the user's cache].")
    ] = None,
    mocap: Annotated[Path, typer.Option(metavar="FILE", help="The archive of the private set.")] = PRIVATE_ARCHIVE,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as a page, too.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write them as docs/accuracy.md, too.")] = None,
    quality: QualityOption = Quality.BEST,
    as_json: JsonOption = False,
) -> None:
    """Measure the error on rendered people, beside the network's own 3D landmarks. An interrupted run goes on."""
    with _one_line_errors():
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.cli.truth import deliver_ablation, deliver_truth

        with ProgressMonitor() as monitor:
            deliver = deliver_ablation if ablate else deliver_truth
            finish = deliver(which, clips, keep, mocap, quality, monitor)
        finish(html, markdown, as_json)


@bench.command("tables")
def bench_tables(
    clips: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only N clips, spread over the set.")] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where clips and captures are kept [default: the user's cache].")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the tables as Markdown, too.")] = None,
    quality: QualityOption = Quality.BEST,
    as_json: JsonOption = False,
) -> None:
    """Print the two tables of accuracy and of naturalness by which video-to-animation methods are compared."""
    with _one_line_errors():
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.cli.truth import deliver_tables

        with ProgressMonitor() as monitor:
            finish = deliver_tables(clips, keep, quality, monitor)
        finish(markdown, as_json)


@truth.command("make")
def truth_make(
    motions: Annotated[
        list[Path],
        typer.Argument(metavar="MOTION...", help="Motion capture: .bvh, DeepMimic .txt or performance.npz."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the clips go.")],
    clips: Annotated[int, typer.Option(min=1, metavar="N", help="How many clips.")] = 1,
    people: Annotated[int, typer.Option(min=1, max=6, metavar="N", help="People in each clip.")] = 1,
    camera: Annotated[Camera, typer.Option(help="What the camera does.")] = Camera.ANY,
    portrait: Annotated[bool, typer.Option("--portrait", help="Upright pictures.")] = False,
    fps: Annotated[
        str, typer.Option(metavar="RATE", help="Frames per second, 10 to 60, such as 30 or 30000/1001.")
    ] = "30",
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of all that is random.")] = 0,
    preview: Annotated[
        bool, typer.Option("--preview", help="Write preview.png: a frame of each clip, truth drawn in.")
    ] = False,
) -> None:
    """Render people who perform MOTION, as a phone would film them, with the true performance beside each video."""
    with _one_line_errors():
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.cli.truth import make_clips

        with ProgressMonitor() as monitor:
            files = make_clips(motions, output, clips, people, camera, portrait, fps, seed, preview, monitor)
        for file in files:
            typer.echo(file)


def main() -> None:
    """Entry point of the ``bodydouble`` command."""
    try:
        app()
    except BrokenPipeError:
        sys.exit(1)
