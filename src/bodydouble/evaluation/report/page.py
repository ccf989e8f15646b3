"""The page that every ``animate`` writes: how each person was seen, how the motion behaves, what to do better."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np

from bodydouble.data import FloatArray, Performance, Track
from bodydouble.evaluation import html
from bodydouble.evaluation.comparison_page import UNKNOWN, gaps
from bodydouble.evaluation.metrics.averages import percentile
from bodydouble.evaluation.report.figures import ANGLES, PersonFigures, figures
from bodydouble.evaluation.report.findings import Finding, findings, usual_limit
from bodydouble.evaluation.report.images import SpanPictures
from bodydouble.evaluation.report.spans import Span
from bodydouble.evaluation.report.timelines import section, strips
from bodydouble.formats.atomic import atomic_write

CONTACT_ROWS = ("L heel", "L toes", "R heel", "R toes")
"""data.CONTACT_POINTS, short."""

MEANINGS = (
    "Nobody knows the true motion of this clip, so nothing here is an error against the truth. The figures say how "
    "well the motion agrees with the pictures, and whether it behaves like a body on a floor. A motion can pass all of "
    "them and still have a limb in the wrong depth.",
    "Observed: the person was found in the frame. Filled: they were not, and the pose was interpolated. Absent: "
    "before they were first found or after they were last found. Confidence is what the landmark network says of its "
    "own keypoints, 0 to 100 %.",
    "Reprojection error: mean distance in the picture between the keypoints that were seen (shoulders, elbows, wrists, "
    "hips, knees, ankles, feet) and the same points of the 3D motion, in % of the person's size, which is the longer "
    "side of their box. It cannot see errors in depth.",
    "Jitter: third derivative of the joints' paths, in units of 10 m/s³; high values look like trembling. Foot slide: "
    "how far a foot moves in 1/30 s while it is taken to touch the floor. Penetration: how deep the lowest point of "
    "the soles lies below the floor. Floating: how high points of the soles lie that are taken to touch it.",
    "Naturalness and realism, 0 to 10, compare such statistics with those of real motion capture, which scores about "
    "7.5 on average; they say nothing about whether it is the right motion.",
    "Joint angles: 0° is a straight elbow or knee, and a thigh in line with the trunk; a negative hip angle is a thigh "
    "behind it.",
)


def write(
    path: Path,
    performance: Performance,
    pictures: SpanPictures,
    *,
    title: str,
    film: str | None = None,
    warnings: Sequence[str] = (),
    still: Mapping[str, Track] | None = None,
) -> None:
    """Writes the report of a performance, one HTML file that needs nothing else but the film beside it.

    Args:
        path: the file to be.
        performance: what was captured.
        pictures: of the people, and of the moments with little confidence; those it lacks are left out.
        title: of the clip.
        film: name of the film's file beside the page; None if there is none.
        warnings: what was wrong during the run.
        still: those who never move, by name; who of them is not in the performance was left out.

    Raises:
        InvalidDataError: a person has other joints than humanoid.JOINTS.
        OutputError: the file cannot be written.
    """
    text = page(performance, pictures, title=title, film=film, warnings=warnings, still=still)
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def page(
    performance: Performance,
    pictures: SpanPictures,
    *,
    title: str,
    film: str | None,
    warnings: Sequence[str],
    still: Mapping[str, Track] | None = None,
) -> str:
    """The text of the report; arguments as for ``write``."""
    people = figures(performance)
    body = _clip(performance) + section(strips(performance, still or {}), pictures.thumbnails.jpegs)
    body += _film(film) + html.table(*_summary(people))
    body += "".join(html.paragraph(f"Note: {warning}") for warning in warnings)
    body += _advice(findings(people))
    body += "".join(_person(person, pictures) for person in people)
    body += html.heading("What the figures mean") + "".join(map(html.paragraph, MEANINGS))
    return html.page(f"{title}: report", body)


def _film(name: str | None) -> str:
    if name is None:
        return html.paragraph("No film was made of this clip.")
    return (
        f'<video controls playsinline preload="metadata" src="{escape(quote(name))}">'
        f"{escape(name)} stands beside this page.</video>\n"
        + html.paragraph("Left: the source with what was seen in it. Right: the characters, seen by the same camera.")
    )


def _clip(performance: Performance) -> str:
    width, height = performance.camera.image_size
    seconds, count = performance.frame_count / performance.fps, len(performance.people)
    return html.paragraph(
        f"{performance.frame_count} frames, {float(seconds):.1f} s at {float(performance.fps):.4g} frames/s, "
        f"{width} x {height} px, {count} {'person' if count == 1 else 'people'}."
    )


def _summary(people: Sequence[PersonFigures]) -> tuple[list[str], list[list[str]]]:
    cells = [
        [
            person.name,
            _span_text(person, int(person.frames[0]), int(person.frames[-1])),
            _number(percentile(person.reprojection_percent, 50.0), " %"),
            _number(person.rating.naturalness),
            _number(person.rating.realism),
        ]
        for person in people
    ]
    headings = ["person", "from, to", "reprojection error", "naturalness", "realism"]
    return headings, cells


def _number(value: float, unit: str = "") -> str:
    return f"{value:.1f}{unit}" if np.isfinite(value) else UNKNOWN


def _span_text(person: PersonFigures, first: int, last: int) -> str:
    return f"{first / person.fps:.1f}–{(last + 1) / person.fps:.1f} s"  # noqa: RUF001, an en dash


def _advice(found: Sequence[Finding]) -> str:
    title = html.heading("What to do about it")
    if not found:
        return title + html.paragraph("Nothing stood out: no measure passed the limit from which something is said.")
    return f"{title}<ul>\n{''.join(map(_finding, found))}</ul>\n"


def _finding(finding: Finding) -> str:
    when = f" At {finding.when}." if finding.times else ""
    told = escape(f"{finding.person}: {finding.found}.")
    return f"<li><p><strong>{told}</strong>{escape(when)}<br>{escape(finding.advice)}</p></li>\n"


def _person(person: PersonFigures, pictures: SpanPictures) -> str:
    body = html.heading(person.name) + html.table(*_measures(person)) + _plots(person)
    return f"<section>\n{body}{_spans(person, pictures)}</section>\n"


def _measures(person: PersonFigures) -> tuple[list[str], list[list[str]]]:
    """A table of measures beside what is usual in real motion."""
    statistics, limit = person.rating.statistics, usual_limit
    rows = [
        ("reprojection error, median, % of size", percentile(person.reprojection_percent, 50.0), None),
        ("reprojection error, 95th percentile, % of size", percentile(person.reprojection_percent, 95.0), None),
        ("confidence, median, %", 100 * percentile(person.confidence[person.observed], 50.0), None),
        ("size in the picture, median, px", percentile(person.size_px, 50.0), None),
        ("jitter, 10 m/s³", statistics["jitter_10m_s3"], limit("jitter_10m_s3")),
        ("foot slide, mm per 1/30 s", statistics["foot_slide_mm"], limit("foot_slide_mm")),
        ("floor penetration, mean, mm", statistics["penetration_mm"], limit("penetration_mm")),
        ("floor penetration, 99th percentile, mm", person.penetration_p99_mm, None),
        ("floating of touching feet, mean, mm", person.floating_mm, None),
    ]
    cells = [[name, _number(value), "" if usual is None else _number(usual)] for name, value, usual in rows]
    return ["measure", "value", "95 % of motion capture below"], cells


def _plots(person: PersonFigures) -> str:
    hidden = [(a / person.fps, b / person.fps) for a, b in gaps(person.frames, person.observed)]
    error = html.Line(person.name, person.seconds, person.reprojection_percent)
    plots = [
        html.line_plot([error], "Reprojection error (gray: filled)", "s", "% of size", hidden),
        _contacts(person),
        *(_angles(person, joint, hidden) for joint in ("knee", "elbow", "hip")),
    ]
    return f'<div class="grid">\n{"".join(plots)}</div>\n'


def _contacts(person: PersonFigures) -> str:
    strips = [html.Strip(name, person.touching[:, i].astype(int)) for i, name in enumerate(CONTACT_ROWS)]
    title = "Floor contacts (L: left, R: right)"
    return html.strip_plot(strips, person.seconds, 1 / person.fps, ["touches the floor"], title, "s")


def _angles(person: PersonFigures, joint: str, hidden: Sequence[tuple[float, float]]) -> str:
    names = (f"left {joint}", f"right {joint}")
    lines = [html.Line(name, person.seconds, _angle(person, name)) for name in names]
    return html.line_plot(lines, f"Bend of the {joint}s", "s", "degrees", hidden)


def _angle(person: PersonFigures, name: str) -> FloatArray:
    return person.flexion_deg[:, ANGLES.index(name)]


def _spans(person: PersonFigures, pictures: SpanPictures) -> str:
    spans = pictures.spans[person.name]
    title = html.heading("Low confidence", 3)
    if not spans:
        return title + html.paragraph("In no frame was the mean confidence below 50 %.")
    shots = "".join(_shot(person, span, pictures.jpegs.get((person.name, span.least))) for span in spans)
    return f'{title}{html.paragraph("The worst first.")}<div class="shots">\n{shots}</div>\n'


def _shot(person: PersonFigures, span: Span, jpeg: bytes | None) -> str:
    moment = f"{span.least / person.fps:.1f} s"
    text = escape(f"{_span_text(person, span.first, span.last)}: {_confidence_text(span)}; picture at {moment}")
    if jpeg is None:
        return f"<figure><figcaption>{text} not read</figcaption></figure>\n"
    source = f"data:image/jpeg;base64,{b64encode(jpeg).decode('ascii')}"
    alt = escape(f"{person.name} at {moment}")
    return f'<figure><img src="{source}" alt="{alt}"><figcaption>{text}</figcaption></figure>\n'


def _confidence_text(span: Span) -> str:
    if span.observed == 0:
        return "not found, filled in"
    partly = f", not found in {100 * (1 - span.observed):.0f} % of it" if span.observed < 1 else ""
    return f"confidence {100 * span.confidence:.0f} %{partly}"
