"""Timelines of the people of a clip: a thumbnail and a bar of observed, filled and absent frames for each.

In: a ``Performance``, the tracks of static people and JPEG thumbnails. Out: HTML, the first section of
the report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from bodydouble.data import IntArray, Performance, Track
from bodydouble.evaluation import html

STATES = ("absent", "observed", "filled")
"""States of a frame, by index. A person is absent before the first and after the last frame of the track."""
STATIC_REMARK = "never moves: a statue or a picture?"
"""Remark beside a static person."""
EXCLUDED_REMARK = f"{STATIC_REMARK} Left out"
"""Remark beside a static person who is excluded from the performance."""


@dataclass(frozen=True, slots=True)
class PersonTimeline:
    """State of a person in every frame of the clip."""

    name: str
    states: IntArray
    """(F,) the state of every frame of the clip."""
    fps: float
    remark: str = ""
    """Remark about the person; may be empty."""

    def fraction(self, state: str) -> float:
        """Returns the fraction of the clip's frames in a state."""
        return float((self.states == STATES.index(state)).mean())


def build_timelines(performance: Performance, static_people: Mapping[str, Track]) -> list[PersonTimeline]:
    """Builds the timelines of the people of a performance, then of excluded static people.

    Args:
        performance: the captured performance.
        static_people: tracks of static people by name.
    """
    tracks = {person.name: person.track for person in performance.people}
    remarks = {name: STATIC_REMARK if name in tracks else EXCLUDED_REMARK for name in static_people}
    return [
        PersonTimeline(
            name, frame_states(track, performance.frame_count), float(performance.fps), remarks.get(name, "")
        )
        for name, track in (
            tracks | {name: static_people[name] for name in static_people if name not in tracks}
        ).items()
    ]


def frame_states(track: Track, frame_count: int) -> IntArray:
    """Returns the state (F,) of every frame of the clip."""
    result = np.zeros(frame_count, dtype=int)
    result[track.frames] = np.where(track.observed, STATES.index("observed"), STATES.index("filled"))
    return result


def timelines_section(timelines: Sequence[PersonTimeline], thumbnails: Mapping[str, bytes]) -> str:
    """Builds the HTML list of timelines; an empty string if there are none.

    Args:
        timelines: one for each person.
        thumbnails: JPEG files by name; people without one get a note instead.
    """
    if not timelines:
        return ""
    rows = "".join(_row(person, thumbnails.get(person.name)) for person in timelines)
    return f'{html.state_legend((*STATES[1:], STATES[0]))}<ul class="people">\n{rows}</ul>\n'


def _row(timeline: PersonTimeline, jpeg: bytes | None) -> str:
    fractions = ", ".join(f"{state} {_format_percent(timeline.fraction(state))}" for state in (*STATES[1:], STATES[0]))
    bar = html.state_bar(timeline.states, STATES, 1 / timeline.fps, f"{timeline.name}: {fractions}")
    fractions_text = escape(fractions).replace(" %", "&nbsp;%")
    remark = f"<br>{escape(timeline.remark)}" if timeline.remark else ""
    seconds = len(timeline.states) / timeline.fps
    return (
        f'<li><div class="thumbnail">{_thumbnail(timeline.name, jpeg)}</div><div class="timeline">\n'
        f"<p><strong>{escape(timeline.name)}</strong> <small>{fractions_text}</small>{remark}</p>\n"
        f'{bar}<p class="ends"><small>0 s</small><small>{seconds:.1f} s</small></p></div></li>\n'
    )


def _thumbnail(name: str, jpeg: bytes | None) -> str:
    if jpeg is None:
        return "<small>no image</small>"
    return html.jpeg_image(jpeg, name)


def _format_percent(fraction: float) -> str:
    """Formats a fraction in whole %; small fractions are shown as <1 %, nearly complete ones as >99 %."""
    if 0 < fraction < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= fraction < 1 else f"{100 * fraction:.0f} %"
