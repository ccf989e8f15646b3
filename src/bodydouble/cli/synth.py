"""Commands ``synth``: synthetic clips of rendered people with ground truth."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import SeedOption
from bodydouble.cli.values import parse_frame_rate

if TYPE_CHECKING:
    from bodydouble.bench.requested_clips import ClipOptions
    from bodydouble.pipeline import Progress

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Render synthetic data with ground truth.")


class CameraMove(StrEnum):
    """Motion of the virtual camera."""

    ANY = "any"
    STATIC = "static"
    PAN = "pan"
    HANDHELD = "handheld"
    DOLLY = "dolly"


@app.command()
def render(
    motions: Annotated[
        list[Path],
        typer.Argument(metavar="MOTION...", help="Motion capture: .bvh, DeepMimic .txt or performance.npz files."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the clips (.mp4) and ground truth (.npz).")
    ],
    clips: Annotated[int, typer.Option(min=1, metavar="N", help="Number of clips.")] = 1,
    people: Annotated[int, typer.Option(min=1, max=6, metavar="N", help="Number of people per clip.")] = 1,
    camera: Annotated[
        CameraMove, typer.Option(help="Motion of the virtual camera. any: a random one per clip.")
    ] = CameraMove.ANY,
    portrait: Annotated[bool, typer.Option("--portrait", help="Render portrait instead of landscape images.")] = False,
    fps: Annotated[
        str, typer.Option(metavar="RATE", help="Frame rate in frames/s, 10 to 60, such as 30 or 30000/1001.")
    ] = "30",
    seed: SeedOption = 0,
    preview: Annotated[
        bool, typer.Option("--preview", help="Write preview.png: a frame of each clip with its true landmarks.")
    ] = False,
) -> None:
    """Render videos of people with ground truth.

    Each clip is a video of people who perform MOTION, with its ground-truth performance.npz.
    """
    with report_errors():
        from bodydouble.bench.requested_clips import FRAME_RATE_RANGE, ClipOptions
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.synthetic.cameras import CameraMotion

        move = None if camera is CameraMove.ANY else CameraMotion(camera)
        options = ClipOptions(people, move, portrait, parse_frame_rate(fps, FRAME_RATE_RANGE), seed)
        with ProgressBars() as progress:
            files = render_clips(motions, output, clips, options, progress, preview=preview)
        for file in files:
            typer.echo(file)


def render_clips(
    motions: Sequence[Path],
    folder: Path,
    count: int,
    options: "ClipOptions",
    progress: "Progress",
    *,
    preview: bool,
) -> list[Path]:
    """Renders clips into a folder and returns the files written.

    Raises:
        BodydoubleError: a motion cannot be read or a clip cannot be written.
    """
    from bodydouble.bench import requested_clips
    from bodydouble.formats.atomic import ensure_folder
    from bodydouble.synthetic import rendered_clip

    loaded = requested_clips.load_motions(motions)
    ensure_folder(folder)
    pairs = [(folder / f"clip{n:04d}.mp4", folder / f"clip{n:04d}.npz") for n in range(count)]
    with progress.stage("rendering", count):
        for number in progress.track(range(count)):
            rendered_clip.render(requested_clips.build_clip_scene(loaded, number, options), *pairs[number])
    files = [file for pair in pairs for file in pair]
    if preview:
        requested_clips.write_contact_sheet(pairs, folder / "preview.png", options.seed)
        files.append(folder / "preview.png")
    return files
