"""Commands ``bench``: speed, memory and accuracy of bodydouble on this machine."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.bench_film import bench_film
from bodydouble.cli.bench_resolve import bench_resolve
from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import (
    BenchArguments,
    HtmlOption,
    JsonOption,
    MarkdownOption,
    Quality,
    QualityOption,
    VideoArgument,
    expand_arguments,
    print_json,
)

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Measure speed, memory and accuracy on this machine."
)

app.command("film")(bench_film)
app.command("resolve")(bench_resolve)


class ClipSet(StrEnum):
    """Sets of synthetic clips."""

    PUBLIC = "public"
    PRIVATE = "private"


@app.command("speed")
def bench_speed(
    video: VideoArgument,
    quality: QualityOption = Quality.BALANCED,
    repeat: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Number of times that VIDEO is played, to make start-up time negligible."
        ),
    ] = 1,
    mediapipe: Annotated[
        str | None,
        typer.Option(metavar="PYTHON", help="Python with mediapipe 0.10.21; compares the speed with MediaPipe Pose."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure frames per second and peak memory of animate."""
    with report_errors():
        from bodydouble.bench.speed import measure_speed
        from bodydouble.cli.summary import print_speed

        report = measure_speed(Path(video), quality=quality, repeat=repeat, mediapipe=mediapipe)
        if as_json:
            print_json(report)
        else:
            print_speed(report)


@app.command("memory")
def bench_memory(
    video: VideoArgument,
    quality: QualityOption = Quality.BALANCED,
    repeat: Annotated[
        int, typer.Option(min=2, metavar="N", help="Number of times that VIDEO is played in the longer run.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Measure the growth of peak memory with video length."""
    with report_errors():
        from bodydouble.bench.speed import measure_memory_growth
        from bodydouble.cli.summary import print_growth

        report = measure_memory_growth(Path(video), quality=quality, repeat=repeat)
        if as_json:
            print_json(report)
        else:
            print_growth(report)


@app.command("truth")
@expand_arguments
def bench_truth(
    arguments: BenchArguments,
    clip_set: Annotated[
        ClipSet,
        typer.Option("--set", help="Set of clips. public: motions of a PyPI package; private: those of --mocap."),
    ] = ClipSet.PUBLIC,
    mocap: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Archive of motion capture. --set private needs it.")
    ] = None,
    oracle: Annotated[
        bool,
        typer.Option("--oracle", help="Run the oracle study: substitute ground truth stage by stage."),
    ] = False,
    html: HtmlOption = None,
) -> None:
    """Measure the accuracy on synthetic data with ground truth.

    Prints all metrics beside those of three baselines. Resumes an interrupted run.
    """
    with report_errors():
        from bodydouble.cli import bench_runner

        measure = bench_runner.measure_oracle_steps if oracle else bench_runner.measure_accuracy
        bench_runner.run(partial(measure, clip_set=clip_set, mocap=mocap), arguments, html)


@app.command("tables")
@expand_arguments
def bench_tables(arguments: BenchArguments) -> None:
    """Measure accuracy, time and naturalness for comparisons.

    Prints the two tables in which methods from video to animation are compared.
    """
    with report_errors():
        from bodydouble.cli import bench_runner

        bench_runner.run(bench_runner.measure_tables, arguments)


@app.command("low-fps")
@expand_arguments
def bench_low_fps(arguments: BenchArguments) -> None:
    """Measure the accuracy at low frame rates.

    Compares with interpolation, and measures the loss of peak speed in punches and kicks.
    """
    with report_errors():
        from bodydouble.cli import bench_runner

        bench_runner.run(bench_runner.measure_frame_rates, arguments)


@app.command("looks")
@expand_arguments
def bench_looks(arguments: BenchArguments) -> None:
    """Measure colours, garments and hair of rendered people."""
    with report_errors():
        from bodydouble.cli import bench_runner

        bench_runner.run(bench_runner.measure_looks, arguments)


@app.command("people")
@expand_arguments
def bench_people(
    arguments: BenchArguments,
    mocap: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Archive of motion capture with dancing partners. Default: they are left out."
        ),
    ] = None,
) -> None:
    """Measure identity association of several people.

    Prints IDF1, HOTA, coverage, distances and poses on clips with occlusions, exits and cuts.
    """
    with report_errors():
        from bodydouble.cli import bench_runner

        bench_runner.run(partial(bench_runner.measure_people, mocap=mocap), arguments)


@app.command("hands")
@expand_arguments
def bench_hands(arguments: BenchArguments) -> None:
    """Measure the accuracy of fingers on rendered close-ups.

    Prints errors of fingertips and bends beside those of the landmark network alone, by size of the hand.
    """
    with report_errors():
        from bodydouble.cli import bench_runner

        bench_runner.run(bench_runner.measure_hands, arguments)


@app.command("faces")
@expand_arguments
def bench_faces(arguments: BenchArguments) -> None:
    """Measure the accuracy of faces on rendered close-ups.

    Prints correlations of all weights, and errors of gaze, blinks and head by size of the face.
    """
    with report_errors():
        from bodydouble.cli import bench_runner

        bench_runner.run(bench_runner.measure_faces, arguments)


@app.command("retarget")
def bench_retarget(
    mocap: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Archive of motion capture. Default: it is left out.")
    ] = None,
    motions: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Further motion, as for retarget. May be given several times."),
    ] = None,
    characters: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Further character: a .glb, .vrm or .fbx file. May be given several times."),
    ] = None,
    markdown: MarkdownOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure retargeting to other proportions.

    Prints foot slide, penetration, hand contacts and arms in the body before and after correction, and the time.
    """
    with report_errors():
        from bodydouble.cli import bench_runner

        measure = partial(bench_runner.measure_retargeting, mocap=mocap, motions=motions, characters=characters)
        bench_runner.run(measure, BenchArguments(markdown=markdown, as_json=as_json))


@app.command("cast")
def bench_cast(
    looks: Annotated[int, typer.Option(min=0, metavar="N", help="Number of random looks beside the presets.")] = 6,
    poses: Annotated[int, typer.Option(min=18, metavar="N", help="Number of poses of the motion library.")] = 200,
    markdown: MarkdownOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the clothes of drawn characters.

    Prints covered skin that comes through each garment in poses of the motion library, and the time to build a look.
    """
    with report_errors():
        from bodydouble.cli import bench_runner

        measure = partial(bench_runner.measure_clothes, looks=looks, poses=poses)
        bench_runner.run(measure, BenchArguments(markdown=markdown, as_json=as_json))


@app.command("real")
def bench_real(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of videos with ground truth (docs/formats.md).")
    ],
    quality: QualityOption = Quality.BALANCED,
    as_json: JsonOption = False,
) -> None:
    """Measure MPJPE on real video with 3D ground truth.

    Prints MPJPE and PA-MPJPE of the most observed person in each view, and the error of the up direction. Ground
    truth is a *_truth.npz file, or triangulated from the views of a calibrated camera array.
    """
    with report_errors():
        from bodydouble.bench import hand_accuracy, real
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.tables import print_table

        with ProgressBars() as progress:
            errors = real.measure_folder(folder, quality, progress)
        if as_json:
            print_json(real.as_dict(errors))
            return
        for views in (errors.views, *(array.views for array in errors.arrays)):
            if views:
                print_table(*real.tabulate(views))
        for array in errors.arrays:
            print_table(*hand_accuracy.tabulate(array.hands))
            typer.echo(real.describe_ground_truth(array))


@app.command("facing")
def bench_facing(
    videos: Annotated[
        list[Path],
        typer.Argument(metavar="VIDEO...", help="Videos; clips of synth have their ground truth beside them."),
    ],
    quality: QualityOption = Quality.BALANCED,
    as_json: JsonOption = False,
) -> None:
    """Measure how often people are shown from the wrong side.

    Prints the frames in which shoulders or hips contradict the keypoints, and errors where there is ground truth.
    """
    with report_errors():
        from bodydouble.bench import facing
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.tables import print_table

        with ProgressBars() as progress:
            errors = facing.measure_clips(videos, quality, progress)
        if as_json:
            print_json(facing.as_dict(quality, errors))
        else:
            print_table(*facing.tabulate(errors))


@app.command("backgrounds")
def bench_backgrounds(
    videos: Annotated[
        list[Path] | None, typer.Argument(metavar="[VIDEO...]", help="Videos. Default: rendered clips with truth.")
    ] = None,
    quality: QualityOption = Quality.BALANCED,
    as_json: JsonOption = False,
) -> None:
    """Measure the backgrounds of films.

    Prints flicker and time, and on rendered clips the errors where people stood and the share that remains visible.
    """
    with report_errors():
        from bodydouble.bench import backgrounds
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.tables import print_table

        with ProgressBars() as progress:
            if videos:
                figures = backgrounds.measure_videos(videos, quality, progress)
            else:
                figures = backgrounds.measure_rendered(quality, progress)
        if as_json:
            print_json(backgrounds.as_dict(quality, figures))
        else:
            print_table(*backgrounds.tabulate(figures))


@app.command("queue")
def bench_queue(
    videos: Annotated[
        list[Path], typer.Argument(metavar="VIDEO...", help="Videos with a person, from which the clips are cut.")
    ],
    clips: Annotated[
        int, typer.Option(min=20, metavar="N", help="Number of clips of 0.3 s; one kill per ten clips.")
    ] = 200,
    markdown: MarkdownOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the queue of batches.

    Kills workers and the command at random moments, and prints defects of the results, the overhead per clip, the
    throughput of a Ray cluster beside that of processes, and what becomes of a damaged clip.
    """
    with report_errors():
        from bodydouble.bench.queue import measure_queue
        from bodydouble.cli import bench_runner

        measure: bench_runner.Measurement = lambda _, progress: measure_queue(videos, clips, progress)  # noqa: E731
        bench_runner.run(measure, BenchArguments(markdown=markdown, as_json=as_json))


@app.command("h36m")
def bench_h36m(
    positions: Annotated[
        Path,
        typer.Argument(metavar="POSITIONS_3D.npz", help="3D positions of a data set, in the layout of VideoPose3D."),
    ],
    predicted: Annotated[Path, typer.Argument(metavar="PREDICTED.npz", help="Predictions in the same layout.")],
    cameras: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="Cameras, if PREDICTED is in camera coordinates. Default: world coordinates."
        ),
    ] = None,
    subjects: Annotated[
        str | None,
        typer.Option(metavar="S9,S11", help="Subjects to compare. Default: the usual test subjects of the data set."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure MPJPE by the protocols of Human3.6M.

    Prints MPJPE (protocol 1), PA-MPJPE (protocol 2) and MPJVE per action, also for HumanEva.
    """
    with report_errors():
        from bodydouble.cli.h36m import as_dict, compare_positions, print_positions

        selected = None if subjects is None else [name.strip() for name in subjects.split(",")]
        report = compare_positions(positions, predicted, cameras, selected)
        if as_json:
            print_json(as_dict(report))
        else:
            print_positions(report)
