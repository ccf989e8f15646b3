"""Commands ``batch``: many clips through a queue that survives whatever happens to the computer."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from bodydouble.cli.capture import FbxBones
from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import (
    CameraMode,
    CameraOption,
    DetailMode,
    Enhancement,
    EnhanceOption,
    FaceOption,
    HandsOption,
    HeightOption,
    JsonOption,
    PeopleOption,
    Quality,
    QualityOption,
    SpeechOption,
    print_json,
)
from bodydouble.errors import InvalidDataError

if TYPE_CHECKING:
    from bodydouble.jobs.job import Job
    from bodydouble.jobs.ray_engine import RayOptions
    from bodydouble.jobs.supervisor import QueueOptions


class Engine(StrEnum):
    """Programs that run the clips of a batch."""

    LOCAL = "local"
    RAY = "ray"


class BatchGroup(TyperGroup):
    """Group whose command ``run`` needs no name: ``batch clips`` is ``batch run clips``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts ``run`` before words that begin with no command of the group."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=BatchGroup, rich_markup_mode=None, no_args_is_help=True,
    help="Animate many clips: batch SOURCE... -o DIR is the same as batch run.",
)  # fmt: skip

OutputFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Output folder of a batch.")]


@app.command()
def run(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Folders of videos, patterns, text files with a clip per line, videos."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the results.")],
    workers: Annotated[int, typer.Option(min=1, max=256, metavar="N", help="Number of clips at a time.")] = 1,
    engine: Annotated[
        Engine, typer.Option(help="What runs the clips: processes of this computer, or a Ray cluster.")
    ] = Engine.LOCAL,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Address of the Ray cluster. Default: one that is started here for the run."
        ),
    ] = None,
    people: PeopleOption = "all",
    quality: QualityOption = Quality.BALANCED,
    camera: CameraOption = CameraMode.AUTO,
    height: HeightOption = None,
    enhance: EnhanceOption = Enhancement.AUTO,
    hands: HandsOption = DetailMode.AUTO,
    face: FaceOption = DetailMode.AUTO,
    speech: SpeechOption = DetailMode.AUTO,
    character: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Built-in character, or your own rig as a .glb, .vrm or .fbx file.")
    ] = "mannequin",
    preview: Annotated[bool, typer.Option("--preview/--no-preview", help="Render preview.mp4 of each clip.")] = True,
    fbx: Annotated[FbxBones | None, typer.Option(help="Write PERSON.fbx as well. Default: no .fbx.")] = None,
    film: Annotated[bool, typer.Option("--film", help="Make film.mp4 with drawn look-alikes as well.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Animate each clip into a folder of its own below DIR.

    Run it again to go on after a stop of any kind: finished clips are not done again, others go on from their last
    complete stage. Writes batch.csv and batch.html. Exit status 1 if a clip failed.
    """
    options: dict[str, Any] = {
        "people": people, "quality": quality, "camera": camera, "enhance": enhance, "hands": hands, "face": face,
        "speech": speech, "character": character, "preview": preview, "film": film,
    }  # fmt: skip
    options |= {name: value for name, value in (("height", height), ("fbx_bones", fbx)) if value is not None}
    with report_errors():
        from bodydouble.cli.batch_progress import BatchProgress
        from bodydouble.jobs.batch import run_batch

        chosen = _choose_engine(engine, address, workers)
        with BatchProgress(workers) as progress:
            jobs = run_batch(sources, output, options, chosen, progress.show)
    _report(output, jobs, as_json=as_json)


@app.command()
def status(output: OutputFolder, as_json: JsonOption = False) -> None:
    """Show how far a batch is, also while it runs."""
    with report_errors():
        from bodydouble.jobs.batch import read_batch

        jobs = read_batch(output)
    _report(output, jobs, as_json=as_json)


@app.command()
def retry(output: OutputFolder) -> None:
    """Let the clips that failed run again with the next batch run."""
    with report_errors():
        from bodydouble.jobs.batch import retry_batch

        count = retry_batch(output)
        typer.echo(f"{count} clips will run again with the next `bodydouble batch ... -o {output}`")


def _choose_engine(engine: Engine, address: str | None, workers: int) -> "QueueOptions | RayOptions":
    from bodydouble.jobs.ray_engine import LOCAL, RayOptions
    from bodydouble.jobs.supervisor import QueueOptions

    if engine is Engine.RAY:
        return RayOptions(address or LOCAL, workers)
    if address is not None:
        raise InvalidDataError("--address is that of a Ray cluster; give --engine ray as well")
    return QueueOptions(workers)


def _report(output: Path, jobs: Sequence["Job"], *, as_json: bool) -> None:
    """Prints jobs; exit status 1 if one failed."""
    from bodydouble.jobs.job import JobState
    from bodydouble.jobs.summary import CSV_FILE, HTML_FILE, describe_states

    failed = [job for job in jobs if job.state is JobState.FAILED]
    if as_json:
        print_json({"clips": [_describe(job) for job in jobs]})
    else:
        typer.echo(describe_states(jobs))
        for job in jobs:
            if job.state is JobState.RUNNING:
                typer.echo(f"  {job.request.folder}: {_describe_stage(job)}")
        for name in (CSV_FILE, HTML_FILE):
            if (output / name).is_file():
                typer.echo(f"  {output / name}")
    for job in failed:
        typer.echo(f"bodydouble: {job.request.folder}: {job.error}", err=True)
    if failed:
        typer.echo(f"bodydouble: {len(failed)} failed; `bodydouble batch retry {output}` lets them run again", err=True)
        raise typer.Exit(1)


def _describe_stage(job: "Job") -> str:
    from bodydouble.jobs.job_progress import estimate_fraction

    return f"{job.stage}, {100 * estimate_fraction(job):.0f} % of the clip" if job.stage else "begins"


def _describe(job: "Job") -> dict[str, Any]:
    return {
        "clip": job.request.folder, "video": str(job.request.video), "state": str(job.state), "stage": job.stage,
        "failures": job.failures, "losses": job.losses, "error": job.error, "seconds": round(job.seconds, 3),
        **job.summary,
    }  # fmt: skip
