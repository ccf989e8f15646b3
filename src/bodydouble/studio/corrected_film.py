"""Films of a take: the automatic one, and those of its corrections, each of one version."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bodydouble.characters.load import LIKE_ME
from bodydouble.formats import performance as performance_files
from bodydouble.jobs.stages import FILM_FILE
from bodydouble.pipeline.drawn_characters import write_look
from bodydouble.pipeline.film_options import FilmOptions
from bodydouble.pipeline.filming import film
from bodydouble.studio.corrected_cast import cast_current_looks
from bodydouble.studio.correction_store import compute_version, load_current, read_version
from bodydouble.studio.takes import EXPORTS

MAX_FILMS = 3
"""Number of films of corrections that are kept for a take."""


def film_path(folder: Path, version: str) -> Path:
    """Returns the path of the film of a version of the corrections in a folder of results; it may not exist."""
    return folder / (FILM_FILE if version == compute_version(()) else f"film_{version}.mp4")


def has_films(folder: Path) -> bool:
    """Returns whether a folder of results has a film of any version."""
    return (folder / FILM_FILE).is_file() or bool(_list_films(folder))


def draw_film(folder: Path, video: Path, character: str) -> None:
    """Draws the film of the current performance, with the character or the looks that its people have in the take.

    Args:
        folder: the folder of results.
        video: the video as it was uploaded.
        character: character of the take, as ``animate`` takes it.

    Raises:
        BodydoubleError: the film cannot be drawn or written.
    """
    current, looks = load_current(folder), cast_current_looks(folder)
    target = film_path(folder, read_version(folder))
    # Names of people come from the page; those of files are made up here.
    names = [f"person{number}" for number in range(1, len(current.people) + 1)]
    renamed = [replace(person, name=name) for person, name in zip(current.people, names, strict=True)]
    with TemporaryDirectory(dir=folder.parent / EXPORTS) as temporary:
        source = Path(temporary) / "performance.npz"
        performance_files.save(source, replace(current, people=tuple(renamed)))
        options = FilmOptions((character,))
        if character == LIKE_ME:
            files = [source.with_name(f"{name}.toml") for name in names]
            for file, person in zip(files, current.people, strict=True):
                write_look(file, looks[person.name])
            options = FilmOptions(looks=tuple(files))
        film(source, target, options=options, video=video)
    for old in _list_films(folder)[:-MAX_FILMS]:
        old.unlink(missing_ok=True)


def _list_films(folder: Path) -> Sequence[Path]:
    """Returns the films of corrections, the oldest first."""
    return sorted(folder.glob("film_*.mp4"), key=lambda file: file.stat().st_mtime_ns)
