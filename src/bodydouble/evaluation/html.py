"""Self-contained HTML pages of text, tables and plots, readable on a phone, offline and on paper.

In: text, cells and arrays. Out: HTML, in which all text is escaped; ``page`` wraps the parts into a document.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray

UNKNOWN = "–"  # noqa: RUF001, an en dash
"""Text of a value that is not known."""

_STYLE = """
:root { --paper: #fff; --ink: #1b1f24; --faint: #626b76; --rule: #d9dee4; --shade: #f1f3f6; --warn: #b3401a;
  --line-1: #1767b3; --line-2: #c2550a; --line-3: #2a8248; --line-4: #8a3f9c; --line-5: #9a7b00; --line-6: #5a6672; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p { margin: .5rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; margin: .5rem 0; }
th, td { padding: .3rem .7rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
th { color: var(--faint); font-weight: 600; }
td:not(:first-child), th:not(:first-child) { text-align: right; padding-left: .7rem; }
td:not(:first-child) { white-space: nowrap; }
ul { padding-left: 1.2rem; }
figure { margin: .75rem 0 1.25rem; max-width: 38rem; }
figcaption { font-weight: 600; font-size: .9rem; }
img, video, svg { max-width: 100%; height: auto; }
svg { display: block; width: 100%; }
svg text { fill: var(--faint); font: 11px system-ui, sans-serif; }
.legend { font-size: .85rem; color: var(--faint); }
.legend span { margin-right: 1rem; white-space: nowrap; }
.legend i { display: inline-block; width: 1.2em; height: .2em; margin-right: .4em; vertical-align: middle; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); column-gap: 1.5rem; }
.legend i.state { height: .8em; border: 1px solid var(--rule); }
.absent { fill: var(--shade); background: var(--shade); }
.observed { fill: var(--line-1); background: var(--line-1); }
.filled { fill: var(--line-2); background: var(--line-2); }
.people, .looks { list-style: none; padding: 0; }
.looks li { margin: .5rem 0; }
.looks span { margin-right: .6rem; white-space: nowrap; font-size: .85rem; }
.looks i { display: inline-block; width: 1.1em; height: 1.1em; margin-right: .3em; vertical-align: middle;
  border: 1px solid var(--rule); }
.looks small { display: block; color: var(--faint); }
.people li { display: flex; align-items: center; gap: 1rem; margin: .75rem 0; break-inside: avoid; }
.people p { margin: 0; }
.people small { color: var(--faint); }
.people .thumbnail { flex: none; width: 96px; min-height: 48px; display: grid; place-items: center; }
.people .thumbnail img { display: block; max-height: 96px; border-radius: 4px; }
.people .timeline { flex: 1; min-width: 0; }
.people .ends { display: flex; justify-content: space-between; }
svg.states { height: 1.25rem; border: 1px solid var(--rule); background: var(--shade); }
.crops { display: flex; flex-wrap: wrap; gap: .75rem; }
.crops figure { margin: 0; width: 12.5rem; max-width: 46%; }
.crops figcaption { font-weight: 400; }
"""

_COLOUR_COUNT = 6
_WIDTH, _HEIGHT = 400, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 36
_MAX_POINTS = 1200
"""Maximum number of points of a curve; longer ones are decimated and keep every peak."""
_ROW_HEIGHT = 20
"""Height of a row of a timeline plot."""
_MAX_SEGMENTS = 600
"""Maximum number of segments of a timeline."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve of a plot."""

    name: str
    x: FloatArray
    """(N,) ascending."""
    y: FloatArray
    """(N,); NaN leaves a gap."""


def page(title: str, body: str) -> str:
    """Returns an HTML document. The title is plain text; the body is HTML from the functions of this module."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def heading(text: str, level: int = 2) -> str:
    """Returns a heading of level 2 or 3."""
    return f"<h{level}>{escape(text)}</h{level}>\n"


def paragraph(text: str) -> str:
    """Returns a paragraph of plain text."""
    return f"<p>{escape(text)}</p>\n"


def jpeg_image(jpeg: bytes, alt: str) -> str:
    """Returns an embedded JPEG image with its alternative text."""
    return f'<img src="data:image/jpeg;base64,{b64encode(jpeg).decode("ascii")}" alt="{escape(alt)}">'


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table of plain text: first column left-aligned, others right-aligned. It scrolls on small screens."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n'


def line_plot(
    lines: Sequence[Line],
    title: str,
    x_label: str,
    y_label: str,
    shaded_ranges: Sequence[tuple[float, float]] = (),
) -> str:
    """Returns curves over one axis, as an inline SVG image with a legend.

    Args:
        lines: the curves; non-finite values leave gaps.
        title: caption above the plot, also read by screen readers.
        x_label: quantity and unit of x.
        y_label: quantity and unit of y.
        shaded_ranges: ranges of x to shade.
    """
    x_limits, x_ticks = _axis_range([line.x for line in lines], from_zero=False)
    y_limits, y_ticks = _axis_range([line.y for line in lines], from_zero=True)
    area = _PlotArea(x_limits, y_limits)
    parts = [area.shaded_range(*span) for span in shaded_ranges]
    parts += [area.x_tick(value) for value in x_ticks] + [area.y_tick(value) for value in y_ticks]
    parts += [_curve(area, line, _colour(i)) for i, line in enumerate(lines)]
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>\n"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">\n'
        + "".join(parts)
        + f"{_axis_labels(x_label, y_label)}</svg>\n{_legend(lines)}</figure>\n"
    )


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One row of coloured segments in a timeline plot."""

    name: str
    """Short label, left of the row."""
    states: IntArray
    """(N,) 0 leaves a gap, n draws a bar of 1/n of the full height."""


def timeline_plot(
    timelines: Sequence[TimelineRow], x: FloatArray, step: float, states: Sequence[str], title: str, x_label: str
) -> str:
    """Returns rows of segments over the x axis of line_plot, as an inline SVG image with a legend.

    Args:
        timelines: the rows.
        x: (N,) where each state begins, ascending.
        step: length of a state in x.
        states: names of the states 1, 2, ...
        title: caption above the plot, also read by screen readers.
        x_label: quantity and unit of x.
    """
    x_limits, x_ticks = _axis_range([x, x + step], from_zero=False)
    height = _TOP + _ROW_HEIGHT * len(timelines) + _BOTTOM
    area = _PlotArea(x_limits, (0.0, 1.0), height)
    rows = "".join(_timeline_row(area, strip, x, step, _TOP + _ROW_HEIGHT * row) for row, strip in enumerate(timelines))
    ticks = "".join(area.x_tick(value) for value in x_ticks)
    legend = _legend([Line(state, x, x) for state in states])
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>\n"
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">\n'
        f"{rows}{ticks}{_x_label(x_label, height)}</svg>\n{legend}</figure>\n"
    )


def _timeline_row(area: "_PlotArea", row: TimelineRow, x: FloatArray, step: float, top: float) -> str:
    """Returns the bars of one row; too many states are grouped, and the largest of a group is drawn."""
    groups = np.array_split(np.arange(len(x)), min(len(x), _MAX_SEGMENTS))
    states = np.array([row.states[part].max() for part in groups])
    edges = area.x(np.append(x[[part[0] for part in groups]], x[-1] + step))
    changes = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
    bars = [
        f'<rect x="{edges[a]:.1f}" y="{top + 3:g}" width="{max(edges[b] - edges[a], 0.5):.1f}" '
        f'height="{(_ROW_HEIGHT - 6) / states[a]:g}" fill="{_colour(int(states[a]) - 1)}"/>\n'
        for a, b in pairwise(changes)
        if states[a] > 0
    ]
    return (
        f'<rect x="{_LEFT}" y="{top + 3:g}" width="{_WIDTH - _LEFT - _RIGHT}" height="{_ROW_HEIGHT - 6}" '
        f'fill="var(--shade)"/>\n{"".join(bars)}'
        f'<text x="{_LEFT - 6}" y="{top + _ROW_HEIGHT / 2 + 4:g}" text-anchor="end">{escape(row.name)}</text>\n'
    )


def state_bar(states: IntArray, names: Sequence[str], step: float, label: str) -> str:
    """Returns segments of equal states as one bar of full width, an inline SVG image whose unit is a state.

    As in ``timeline_plot``, 0 leaves a gap and n draws a bar of 1/n of the full height.

    Args:
        states: (N,) index into names; if there are too many, the largest of each group is drawn.
        names: names of the states 0, 1, ..., also their CSS classes.
        step: duration of a state in s; the tooltip of a segment shows its times.
        label: description for screen readers.
    """
    edges = np.linspace(0, len(states), min(len(states), _MAX_SEGMENTS) + 1).round().astype(int)
    drawn = np.maximum.reduceat(states, edges[:-1])
    changes = [0, *(np.flatnonzero(np.diff(drawn)) + 1).tolist(), len(drawn)]
    segments = [(int(drawn[a]), int(edges[a]), int(edges[b])) for a, b in pairwise(changes)]
    bars = "".join(
        f'<rect class="{names[state]}" x="{start}" width="{end - start}" height="{1 / max(state, 1):g}">'
        f"<title>{names[state]} {start * step:.1f}–{end * step:.1f} s</title></rect>\n"  # noqa: RUF001, an en dash
        for state, start, end in segments
    )
    return (
        f'<svg class="states" viewBox="0 0 {len(states)} 1" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">\n{bars}</svg>\n'
    )


def state_legend(names: Sequence[str]) -> str:
    """Returns the legend of the colours of ``state_bar``."""
    items = (f'<span><i class="state {name}"></i>{escape(name)}</span>' for name in names)
    return f'<div class="legend">{" ".join(items)}</div>\n'


@dataclass(frozen=True, slots=True)
class _PlotArea:
    """Conversion from values to coordinates of the drawing."""

    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    height: int = _HEIGHT

    def x(self, value: FloatArray | float) -> FloatArray:
        """Returns the horizontal coordinate of a value."""
        low, high = self.x_limits
        return np.asarray(_LEFT + (np.asarray(value) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT))

    def y(self, value: FloatArray | float) -> FloatArray:
        """Returns the vertical coordinate of a value."""
        low, high = self.y_limits
        return np.asarray(_HEIGHT - _BOTTOM - (np.asarray(value) - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM))

    def shaded_range(self, start: float, end: float) -> str:
        """Returns a shaded range of x."""
        left, right = (float(self.x(np.clip(value, *self.x_limits))) for value in (start, end))
        return (
            f'<rect x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" height="{_HEIGHT - _TOP - _BOTTOM}" '
            'fill="var(--rule)" opacity="0.6"/>\n'
        )

    def x_tick(self, value: float) -> str:
        """Returns a tick label below the plot."""
        return f'<text x="{self.x(value):.1f}" y="{self.height - _BOTTOM + 16}" text-anchor="middle">{value:g}</text>\n'

    def y_tick(self, value: float) -> str:
        """Returns a tick label and a grid line across the plot."""
        y = self.y(value)
        return (
            f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="var(--rule)"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>\n'
        )


def _axis_labels(x_label: str, y_label: str) -> str:
    down = (_TOP + _HEIGHT - _BOTTOM) / 2
    return (
        f"{_x_label(x_label, _HEIGHT)}"
        f'<text x="11" y="{down:g}" transform="rotate(-90 11 {down:g})" text-anchor="middle">{escape(y_label)}</text>'
    )


def _x_label(text: str, height: int) -> str:
    across = (_LEFT + _WIDTH - _RIGHT) / 2
    return f'<text x="{across:g}" y="{height - 4}" text-anchor="middle">{escape(text)}</text>'


def _axis_range(values: Sequence[FloatArray], from_zero: bool) -> tuple[tuple[float, float], list[float]]:
    """Returns the limits of an axis that holds all finite values, and its ticks at round numbers."""
    finite = np.concatenate([np.ravel(v)[np.isfinite(np.ravel(v))] for v in values] or [np.zeros(0)])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        high = low + 1.0
    step = _round_step((high - low) / 5)
    if from_zero:
        low, high = step * np.floor(low / step), step * np.ceil(high / step)
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return (float(low), float(high)), [round(i * step, 12) for i in range(first, last + 1)]


def _round_step(step: float) -> float:
    """Rounds a step up to 1, 2, 5 or 10 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9)))


def _curve(area: _PlotArea, line: Line, colour: str) -> str:
    x, y = _decimate(np.asarray(line.x, dtype=np.float64), np.asarray(line.y, dtype=np.float64))
    path, pen_down = [], False
    for across, down in zip(area.x(x).tolist(), area.y(y).tolist(), strict=True):
        if not np.isfinite(across + down):
            pen_down = False
            continue
        path.append(f"{'L' if pen_down else 'M'}{across:.1f} {down:.1f}")
        pen_down = True
    return f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="1.2" stroke-linecap="round"/>\n'


def _decimate(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Reduces a curve to at most _MAX_POINTS points: minimum, maximum and gaps of equal groups of points."""
    if len(x) <= _MAX_POINTS:
        return x, y
    indices = set()
    for group in np.array_split(np.arange(len(x)), _MAX_POINTS // 3):
        finite = np.isfinite(y[group])
        if not finite.all():
            indices.add(int(group[np.argmin(finite)]))
        if finite.any():
            indices.add(int(group[np.nanargmin(y[group])]))
            indices.add(int(group[np.nanargmax(y[group])]))
    order = sorted(indices)
    return x[order], y[order]


def _colour(index: int) -> str:
    return f"var(--line-{index % _COLOUR_COUNT + 1})"


def _legend(lines: Sequence[Line]) -> str:
    if len(lines) < 2:
        return ""
    items = (f'<span><i style="background:{_colour(i)}"></i>{escape(line.name)}</span>' for i, line in enumerate(lines))
    return f'<div class="legend">{" ".join(items)}</div>\n'


def find_gaps(frames: IntArray, valid: BoolArray) -> list[tuple[float, float]]:
    """Returns first and last frame of each run of invalid frames, half a frame wider on both sides."""
    edges: FloatArray = np.diff(np.concatenate([[0], (~valid).astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return [(float(frames[a]) - 0.5, float(frames[b]) + 0.5) for a, b in zip(starts, ends, strict=True)]
