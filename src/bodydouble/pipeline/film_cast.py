"""Cast of a film: names of characters and the people of a performance -> figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bodydouble.characters import load as character_files
from bodydouble.data import Character, FloatArray, Performance, Person
from bodydouble.film.fading import compute_opacity
from bodydouble.film.figures import Figure
from bodydouble.motion.face.natural_blinks import add_natural_blinks
from bodydouble.pipeline.animated_characters import animate_characters, person_sized_matrices
from bodydouble.pipeline.casting import cast_characters, parse_look_files
from bodydouble.pipeline.film_close_ups import place_by_head
from bodydouble.pipeline.film_options import FilmOptions
from bodydouble.render.preview import is_drawn


@dataclass(frozen=True, slots=True)
class CastRequest:
    """Names of characters, one per person in order of prominence; further people get the last one."""

    names: tuple[str, ...]
    templates: Mapping[str, Character]
    """By name; look-alikes have none."""
    look_files: Mapping[str, Path] = field(default_factory=dict)
    """Files of looks by the name of the person, which replace look-alikes."""


def load_casts(options: FilmOptions) -> list[CastRequest]:
    """Loads the characters of all casts of a film.

    Raises:
        BodydoubleError: a character or a look cannot be read.
    """
    names = {name for cast in (options.characters, *options.further_casts) for name in cast}
    all_names = character_files.LIKE_ME if character_files.LIKE_ME in names else options.characters[0]
    look_files = parse_look_files(all_names, options.looks)
    loaded = {name: character_files.load_character(name) for name in names - {character_files.LIKE_ME}}
    return [CastRequest(tuple(cast), loaded, look_files) for cast in (options.characters, *options.further_casts)]


def choose_characters(performance: Performance, request: CastRequest) -> list[Character]:
    """Returns the character of each person of a performance."""
    people, looks, templates = performance.people, request.look_files, request.templates
    last = len(request.names) - 1
    if last == 0:
        return cast_characters(request.names[0], templates.get(request.names[0]), people, looks)
    names = [request.names[min(i, last)] for i in range(len(people))]
    return [cast_characters(name, templates.get(name), people[: i + 1], looks)[i] for i, name in enumerate(names)]


def create_figures(performance: Performance, characters: Sequence[Character]) -> list[Figure]:
    """Animates the character of each person, in the person's size and place; eyes that were not seen blink."""
    blinking = replace(performance, people=tuple(add_natural_blinks(person) for person in performance.people))
    return [
        Figure(
            animated.character,
            place_by_head(person, performance.camera, animated.character, person_sized_matrices(person, animated)),
            _compute_opacity(person, performance),
            int(person.track.frames[0]),
            animated.face_weights,
        )
        for person, animated in zip(blinking.people, animate_characters(blinking, characters), strict=True)
    ]


def _compute_opacity(person: Person, performance: Performance) -> FloatArray:
    fps, shot_starts = float(performance.fps), performance.shot_starts
    drawn = is_drawn(person.track, fps, shot_starts)
    return compute_opacity(drawn, fps, int(person.track.frames[0]), performance.frame_count, shot_starts)
