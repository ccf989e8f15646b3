"""Still images: one frame of a film of a performance -> PNG file."""

from contextlib import closing
from itertools import islice
from pathlib import Path

from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.film.layouts import Layout
from bodydouble.film.painter import Painter
from bodydouble.formats.atomic import ensure_folder
from bodydouble.formats.media.images import write_png
from bodydouble.pipeline.film_cast import choose_characters, load_casts
from bodydouble.pipeline.film_options import FilmOptions
from bodydouble.pipeline.film_planning import plan_film
from bodydouble.pipeline.film_source import find_place, load_footage
from bodydouble.pipeline.filming import check_options, open_surroundings

STILL_LAYOUTS = (Layout.REPLACE, Layout.SIDE_BY_SIDE, Layout.CHARACTER)
"""Layouts of which a frame can be drawn."""


def render_still(
    performance: Path,
    frame: int,
    path: Path,
    *,
    options: FilmOptions | None = None,
    video: Path | None = None,
    people: str = "all",
) -> None:
    """Draws one frame of a film of a performance.

    Args:
        performance: a performance.npz.
        frame: frame of the performance, from 0.
        path: the .png file.
        options: options of the film.
        video: the video of the performance, for backgrounds that show it.
        people: selection of people, as for ``capture``.

    Raises:
        InvalidDataError: there is no such frame, or an option has an invalid value.
        BodydoubleError: the performance, the video, a character or the output cannot be used.
    """
    options = options or FilmOptions()
    check_options(options)
    if path.suffix.lower() != ".png":
        raise FormatError(f"cannot write {path.name}: a still image ends in .png")
    if options.layout not in STILL_LAYOUTS:
        raise InvalidDataError(f"the layout {options.layout.value} has no frames; make it with bodydouble film")
    footage = load_footage(performance, find_place(performance, video).video, people)
    captured = footage.performance
    if not 0 <= frame < captured.frame_count:
        raise InvalidDataError(f"there is no frame {frame}; {performance} has frames 0 to {captured.frame_count - 1}")
    casts = load_casts(options)
    plan = plan_film(footage, captured, [choose_characters(captured, cast) for cast in casts], options)
    ensure_folder(path.parent)
    with (
        closing(open_surroundings(footage, plan, options)) as surroundings,
        Painter(plan, is_transparent=options.is_transparent) as painter,
    ):
        write_png(path, painter.paint(frame, next(islice(surroundings, frame, None))))
