"""Command ``bench film``: place and size of the characters of a film, and the time of its parts."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.film_options import PictureArguments
from bodydouble.cli.options import JsonOption, expand_arguments, print_json


@expand_arguments
def bench_film(
    performance: Annotated[Path, typer.Argument(metavar="PERFORMANCE", help="A performance.npz.")],
    picture: PictureArguments,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="True performance.npz of the clip. Default: the captured one is compared to."
        ),
    ] = None,
    frames: Annotated[int, typer.Option(min=1, metavar="N", help="Number of frames whose time is measured.")] = 90,
    as_json: JsonOption = False,
) -> None:
    """Measure place and size of the characters of a film, and the time of its parts.

    Prints the distance of the feet from those of the person in percent of the picture's height, and the difference of
    the heights in px. Then milliseconds per frame, elapsed and of all cores together, of each part on its own. Last
    the speed of the whole film, whose parts run at the same time.
    """
    with report_errors():
        from bodydouble.bench import film
        from bodydouble.cli.tables import print_table

        measured = film.measure_film(performance, picture.source_video, truth, picture.film_options(), frames)
        people, speed = film.summarize_place(measured.errors), measured.speed
        if as_json:
            times = {part: asdict(value) for part, value in measured.times.items()}
            print_json({"people": people, "seconds_per_frame": times, "speed": film.summarize_speed(speed)})
            return
        rows = [[str(value) if key == "person" else f"{value:.2f}" for key, value in row.items()] for row in people]
        print_table(["person", "feet %, median", "95th percentile", "size %, median", "95th percentile"], rows)
        parts = [(part, value.elapsed, value.cpu) for part, value in measured.times.items()]
        parts.append(("total", *(sum(column) for column in zip(*((p[1], p[2]) for p in parts), strict=True))))
        rows = [[part, f"{1000 * elapsed:.1f}", f"{1000 * cpu:.1f}"] for part, elapsed, cpu in parts]
        print_table(["part, one after the other", "ms per frame", "of all cores"], rows)
        rows = [[stage, f"{seconds:.2f}", f"{speed.frame_count / seconds:.1f}"] for stage, seconds in speed.stages]
        print_table(["film of all frames, at once", "s", "frames/s"], rows)
