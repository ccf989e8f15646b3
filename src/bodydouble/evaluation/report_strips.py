"""Who is in the clip, and when: for each person a thumbnail and a time line of observed, filled and absent frames."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from bodydouble.data import IntArray
from bodydouble.evaluation import pages
from bodydouble.evaluation.report_figures import PersonFigures

STATES = ("absent", "observed", "filled")
"""What a frame can be for a person; the index is the state. Absent: before the first or after the last frame."""


def states(person: PersonFigures) -> IntArray:
    """The state (F,) of every frame of the clip."""
    found = np.zeros(person.frame_count, dtype=int)
    found[person.frames] = np.where(person.observed, STATES.index("observed"), STATES.index("filled"))
    return found


def section(people: Sequence[PersonFigures], thumbnails: Mapping[str, bytes]) -> str:
    """A row for each person, as HTML; nothing if there are none.

    Args:
        people: the figures of everybody.
        thumbnails: JPEG files by name; those who lack one get an empty field.
    """
    if not people:
        return ""
    rows = "".join(_row(person, thumbnails.get(person.name)) for person in people)
    return f'{pages.state_legend((*STATES[1:], STATES[0]))}<ul class="cast">\n{rows}</ul>\n'


def _row(person: PersonFigures, jpeg: bytes | None) -> str:
    absent = 1 - len(person.frames) / person.frame_count
    named = (("observed", person.observed_share), ("filled", person.filled_share), ("absent", absent))
    shares = ", ".join(f"{name} {_percent(share)}" for name, share in named)
    line = pages.state_line(states(person), STATES, 1 / person.fps, f"{person.name}: {shares}")
    shares_text = escape(shares).replace(" %", "&nbsp;%")
    seconds = person.frame_count / person.fps
    return (
        f'<li><div class="face">{_thumbnail(person.name, jpeg)}</div><div class="line">\n'
        f"<p><strong>{escape(person.name)}</strong> <small>{shares_text}</small></p>\n"
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
