"""The commands of those who measure, render truth and train: ``bodydouble bench | truth | train``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.common import JsonOption, Quality, QualityOption, VideoArgument, print_json, report_errors

bench = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Measure bodydouble on this machine.")
synth = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Make rendered people whose motion is known.")
train = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Train bodydouble's own networks.")

PRIVATE_ARCHIVE = Path("../shared/data/mocap.tar.xz")


class ClipSet(StrEnum):
    """Sets of rendered clips."""

    PUBLIC = "public"
    PRIVATE = "private"


class CameraMove(StrEnum):
    """What a virtual camera does."""

    ANY = "any"
    STATIC = "static"
    PAN = "pan"
    HANDHELD = "handheld"
    DOLLY = "dolly"


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
    with report_errors():
        from bodydouble.bench.speed import measure_speed
        from bodydouble.cli.summary import print_speed

        report = measure_speed(Path(video), quality=quality, repeat=repeat)
        if as_json:
            print_json(report)
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
    with report_errors():
        from bodydouble.bench.speed import measure_memory_growth
        from bodydouble.cli.summary import print_growth

        report = measure_memory_growth(Path(video), quality=quality, repeat=repeat)
        if as_json:
            print_json(report)
        else:
            print_growth(report)


@bench.command("truth")
def bench_truth(
    clip_set: Annotated[
        ClipSet, typer.Option("--set", help="Motions that anyone can install, or the larger set of --mocap.")
    ] = ClipSet.PUBLIC,
    clips: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only N clips, spread over the set.")] = None,
    oracle: Annotated[
        bool, typer.Option("--oracle", help="Feed the truth in after each stage in turn, instead of the baselines.")
    ] = False,
    cache_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where clips and captures are kept [default: the user's cache].")
    ] = None,
    mocap: Annotated[Path, typer.Option(metavar="FILE", help="The archive of the private set.")] = PRIVATE_ARCHIVE,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as a page, too.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write them as docs/accuracy.md, too.")] = None,
    quality: QualityOption = Quality.BEST,
    as_json: JsonOption = False,
) -> None:
    """Measure the error on rendered people, beside the network's own 3D landmarks. An interrupted run goes on."""
    with report_errors():
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.synthetic import run_accuracy, run_oracle_study

        with ProgressBars() as monitor:
            deliver = run_oracle_study if oracle else run_accuracy
            finish = deliver(clip_set, clips, cache_dir, mocap, quality, monitor)
        finish(html, markdown, as_json)


@bench.command("tables")
def bench_tables(
    clips: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only N clips, spread over the set.")] = None,
    cache_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where clips and captures are kept [default: the user's cache].")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the tables as Markdown, too.")] = None,
    quality: QualityOption = Quality.BEST,
    as_json: JsonOption = False,
) -> None:
    """Print the two tables of accuracy and of naturalness by which video-to-animation methods are compared."""
    with report_errors():
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.synthetic import run_comparison_tables

        with ProgressBars() as monitor:
            finish = run_comparison_tables(clips, cache_dir, quality, monitor)
        finish(markdown, as_json)


@bench.command("low-fps")
def bench_low_fps(
    clips: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only N clips, spread over the set.")] = None,
    cache_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where clips and captures are kept [default: the user's cache].")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the tables as docs/low-frame-rates.md.")
    ] = None,
    quality: QualityOption = Quality.BEST,
    as_json: JsonOption = False,
) -> None:
    """Measure motion at low rates beside interpolation, and how much of the speed of hits is lost."""
    with report_errors():
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.synthetic import run_frame_rates

        with ProgressBars() as monitor:
            finish = run_frame_rates(clips, cache_dir, quality, monitor)
        finish(markdown, as_json)


@bench.command("people")
def bench_people(
    clips: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only N clips, spread over the set.")] = None,
    cache_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where clips and captures are kept [default: the user's cache].")
    ] = None,
    mocap: Annotated[
        Path, typer.Option(metavar="FILE", help="The archive with dancing partners; without it they are left out.")
    ] = PRIVATE_ARCHIVE,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the tables as docs/people.md.")] = None,
    quality: QualityOption = Quality.BEST,
    as_json: JsonOption = False,
) -> None:
    """Measure whether several people who cross, hide each other and leave keep their names, places and poses."""
    with report_errors():
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.synthetic import run_people

        with ProgressBars() as monitor:
            finish = run_people(clips, cache_dir, mocap, quality, monitor)
        finish(markdown, as_json)


@bench.command("h36m")
def bench_h36m(
    positions: Annotated[Path, typer.Argument(metavar="POSITIONS_3D.npz", help="A data set, as VideoPose3D has it.")],
    predicted: Annotated[Path, typer.Argument(metavar="PREDICTED.npz", help="Predictions in the same layout.")],
    cameras: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Cameras in whose axes PREDICTED is [default: world axes].")
    ] = None,
    subjects: Annotated[
        str | None, typer.Option(metavar="S9,S11", help="Who is compared [default: the usual test subjects].")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how far PREDICTED is from a data set's 3D positions, by protocols 1 and 2 of Human3.6M, for each action."""
    with report_errors():
        from bodydouble.cli.h36m import as_dict, compare_positions, print_positions

        chosen = None if subjects is None else [name.strip() for name in subjects.split(",")]
        found = compare_positions(positions, predicted, cameras, chosen)
        if as_json:
            print_json(as_dict(found))
        else:
            print_positions(found)


@synth.command("render")
def synth_render(
    motions: Annotated[
        list[Path],
        typer.Argument(metavar="MOTION...", help="Motion capture: .bvh, DeepMimic .txt or performance.npz."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the clips go.")],
    clips: Annotated[int, typer.Option(min=1, metavar="N", help="How many clips.")] = 1,
    people: Annotated[int, typer.Option(min=1, max=6, metavar="N", help="People in each clip.")] = 1,
    camera: Annotated[CameraMove, typer.Option(help="What the camera does.")] = CameraMove.ANY,
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
    with report_errors():
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.synthetic import render_clips

        with ProgressBars() as monitor:
            files = render_clips(motions, output, clips, people, camera, portrait, fps, seed, preview, monitor)
        for file in files:
            typer.echo(file)


@train.command("lifter")
def train_lifter(
    motions: Annotated[
        list[Path],
        typer.Argument(
            metavar="MOTION...", help="Folders or files of motion capture; subjects for tests are left out."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="State, log, curves and lifter.onnx.")],
    clips: Annotated[int, typer.Option(min=8, metavar="N", help="Clips to render for training.")] = 1000,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Steps of training.")] = 15_000,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of all that is random.")] = 0,
    unlabelled: Annotated[
        list[Path] | None,
        typer.Option("--unlabelled", metavar="VIDEO", help="Learn from this video, too; may be given several times."),
    ] = None,
) -> None:
    """Train the network that lifts 2D tracks into space. An interrupted run goes on. Needs the extra ``train``."""
    with report_errors():
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.train import train_lifter

        with ProgressBars() as monitor:
            made = train_lifter(motions, output, clips, steps, seed, unlabelled or [], monitor)
        typer.echo(made)
