"""Commands ``film`` and ``render``: a video or a performance in, a film or a still image of drawn characters out."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.film_options import FormatName, PictureArguments
from bodydouble.cli.options import JsonOption, PeopleOption, PerceptionArguments, expand_arguments, print_json
from bodydouble.cli.values import FILM_RATE_RANGE, parse_frame_rate
from bodydouble.errors import InvalidDataError

FilmSourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="VIDEO|PERFORMANCE", help="A video, as for animate, or the performance.npz of one that was captured."
    ),
]
FilmFpsOption = Annotated[
    str | None,
    typer.Option(
        "--fps",
        metavar="RATE",
        help="Frame rate of the film in frames/s, such as 60. Default: that of the video.",
    ),
]


@dataclass(frozen=True, slots=True)
class FilmSourceArguments(PerceptionArguments):
    """Arguments of ``animate`` for a video, or a performance."""

    video: FilmSourceArgument

    def check(self) -> None:
        """Raises InvalidDataError if options of capturing are given for a performance."""
        if Path(self.video).suffix.lower() != ".npz":
            return
        for field in fields(PerceptionArguments):
            if field.name not in {"video", "people"} and getattr(self, field.name) != field.default:
                option = field.name.replace("_", "-")
                raise InvalidDataError(f"--{option} is for videos; the motion of {self.video} is captured already")


@expand_arguments
def film(
    source: FilmSourceArguments,
    picture: PictureArguments,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Film to write: .mp4, .webm, .gif, .apng, or .png for a folder of images. "
            "Default: VIDEO_film.mp4 beside the video.",
        ),
    ] = None,
    file_format: Annotated[
        FormatName | None,
        typer.Option("--format", help="Format of the film. Default: that of the suffix; webm without background."),
    ] = None,
    on_twos: Annotated[
        bool, typer.Option("--on-twos", help="Draw 12 poses a second, as by hand; the background moves smoothly.")
    ] = False,
    smears: Annotated[bool, typer.Option("--smears", help="Draw fast hands out along their way.")] = False,
    fps: FilmFpsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a film in which drawn characters stand where the people stood.

    Keeps the motion as VIDEO_performance.npz beside the film, of which further films are made without capturing again.
    """
    with report_errors():
        from bodydouble.cli.progress import ProgressBars
        from bodydouble.cli.summary import print_result, summarize
        from bodydouble.formats.media.encodings import VideoFormat
        from bodydouble.pipeline import filming

        source.check()
        options = picture.film_options(
            on_twos=on_twos,
            smears=smears,
            fps=None if fps is None else parse_frame_rate(fps, FILM_RATE_RANGE),
            video_format=None if file_format is None else VideoFormat(file_format),
        )
        with ProgressBars() as progress:
            result = filming.film(
                source.video,
                output,
                options=options,
                video=picture.source_video,
                progress=progress,
                **source.capture_options(),
            )
        if as_json:
            print_json(summarize(result, progress))
            return
        print_result(result, progress)
        if len(result.files) > 1:
            performance_file = result.files[1]
            typer.echo(f"the next film needs no capture: bodydouble film {performance_file} --video {source.video}")


@expand_arguments
def render(
    performance: Annotated[Path, typer.Argument(metavar="PERFORMANCE", help="A performance.npz.")],
    picture: PictureArguments,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Image to write: .png.")],
    frame: Annotated[int, typer.Option(min=0, metavar="N", help="Frame, counted from 0.")] = 0,
    people: PeopleOption = "all",
) -> None:
    """Draw one frame of a film as a still image."""
    with report_errors():
        from bodydouble.pipeline.still_image import render_still

        options = picture.film_options()
        render_still(performance, frame, output, options=options, video=picture.source_video, people=people)
        typer.echo(output)
