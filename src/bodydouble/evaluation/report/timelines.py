"""Who is in the clip, and when: for each person a thumbnail and a time line of observed, filled and absent frames."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from bodydouble.data import IntArray, Performance, Track
from bodydouble.evaluation import html

STATES = ("absent", "observed", "filled")
"""What a frame can be for a person; the index is the state. Absent: before the first or after the last frame."""
STILL = "never moves: a statue or a picture?"
LEFT_OUT = f"{STILL} Left out"


@dataclass(frozen=True, slots=True)
class Strip:
    """When a person is in the clip."""

    name: str
    states: IntArray
    """(F,) the state of every frame of the clip."""
    fps: float
    remark: str = ""
    """What is odd about the person."""

    def share(self, state: str) -> float:
        """Of the frames of the clip."""
        return float((self.states == STATES.index(state)).mean())


def strips(performance: Performance, still: Mapping[str, Track]) -> list[Strip]:
    """The people of a performance, then those who were left out since they never move.

    Args:
        performance: what was captured.
        still: those who never move, by name.
    """
    tracks = {person.name: person.track for person in performance.people}
    remarks = {name: STILL if name in tracks else LEFT_OUT for name in still}
    return [
        Strip(name, states(track, performance.frame_count), float(performance.fps), remarks.get(name, ""))
        for name, track in (tracks | {name: still[name] for name in still if name not in tracks}).items()
    ]


def states(track: Track, frame_count: int) -> IntArray:
    """The state (F,) of every frame of the clip."""
    found = np.zeros(frame_count, dtype=int)
    found[track.frames] = np.where(track.observed, STATES.index("observed"), STATES.index("filled"))
    return found


def section(people: Sequence[Strip], thumbnails: Mapping[str, bytes]) -> str:
    """A row for each person, as HTML; nothing if there are none.

    Args:
        people: when everybody is in the clip.
        thumbnails: JPEG files by name; those who lack one get an empty field.
    """
    if not people:
        return ""
    rows = "".join(_row(person, thumbnails.get(person.name)) for person in people)
    return f'{html.state_legend((*STATES[1:], STATES[0]))}<ul class="cast">\n{rows}</ul>\n'


def _row(person: Strip, jpeg: bytes | None) -> str:
    shares = ", ".join(f"{state} {_percent(person.share(state))}" for state in (*STATES[1:], STATES[0]))
    line = html.state_line(person.states, STATES, 1 / person.fps, f"{person.name}: {shares}")
    shares_text = escape(shares).replace(" %", "&nbsp;%")
    remark = f"<br>{escape(person.remark)}" if person.remark else ""
    seconds = len(person.states) / person.fps
    return (
        f'<li><div class="face">{_thumbnail(person.name, jpeg)}</div><div class="line">\n'
        f"<p><strong>{escape(person.name)}</strong> <small>{shares_text}</small>{remark}</p>\n"
        f'{line}<p class="ends"><small>0 s</small><small>{seconds:.1f} s</small></p></div></li>\n'
    )


def _thumbnail(name: str, jpeg: bytes | None) -> str:
    if jpeg is None:
        return "<small>no picture</small>"
    return f'<img src="data:image/jpeg;base64,{b64encode(jpeg).decode("ascii")}" alt="{escape(name)}">'


def _percent(share: float) -> str:
    """A share in whole %; little is never told as nothing, nor nearly all as all."""
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
