"""The report that every ``animate`` writes: image quality per person, motion statistics and advice.

In: a ``Performance``, images of its people (``images.SpanImages``) and the warnings of the run. Out: one HTML file.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np

from bodydouble.data import FloatArray, Performance, Track
from bodydouble.evaluation import html
from bodydouble.evaluation.html import UNKNOWN, find_gaps
from bodydouble.evaluation.metrics.averages import percentile
from bodydouble.evaluation.report.appearances import appearances_section
from bodydouble.evaluation.report.findings import Finding, list_findings, motion_capture_limit
from bodydouble.evaluation.report.images import SpanImages
from bodydouble.evaluation.report.person_metrics import ANGLES, PersonMetrics, measure_people
from bodydouble.evaluation.report.spans import Span
from bodydouble.evaluation.report.timelines import build_timelines, timelines_section
from bodydouble.formats.atomic import atomic_write

CONTACT_LABELS = ("L heel", "L toes", "R heel", "R toes")
"""Short labels of data.CONTACT_POINTS."""

EXPLANATIONS = (
    "The true motion of this clip is unknown, so no number here is an error against ground truth. The numbers tell how "
    "well the motion agrees with the images, and whether it moves like a body on a floor. A motion can pass all checks "
    "and still have a limb at the wrong depth.",
    "Observed: the person was detected in the frame. Filled: the person was not detected, and the pose was "
    "interpolated. Absent: before the first or after the last detection. Confidence is the landmark network's estimate "
    "for its own keypoints, 0 to 100 %.",
    "Reprojection error: mean distance in the image between confident keypoints (shoulders, elbows, wrists, hips, "
    "knees, ankles, feet) and the same points of the 3D motion. It is given in % of the person's size, the longer side "
    "of the box, and does not show errors in depth.",
    "Jitter: third derivative of the joint positions, in units of 10 m/s³; high values look shaky. Foot slide: "
    "movement of a foot in 1/30 s while it is in contact with the floor. Penetration: depth of the lowest point of the "
    "soles below the floor. Floating: height above the floor of points of the soles that are in contact.",
    "Unexplained force: force, in % of the body weight, that the motion needs and that no contact of the feet with the "
    "floor can give, by the laws of mechanics and the usual masses of body parts. Real walking has a median of 0 to 2 "
    "% and a 90th percentile of 2 to 10 %. Where nothing touches the floor, it is 0 % in free fall and 100 % for a "
    "person who floats at rest. Unexplained torque: the same for rotation, in % of weight times length of the legs. "
    "Imbalance: distance by which the centre of mass of a person who stands still lies outside the feet.",
    "Naturalness and realism, 0 to 10, compare such statistics with those of real motion capture, which scores about "
    "7.5 on average. They do not tell whether it is the right motion.",
    "Joint angles: 0° is a straight elbow or knee, or a thigh in line with the trunk. A negative hip angle is "
    "extension, with the thigh behind the trunk.",
)
"""Paragraphs that explain the numbers of the report."""


def write_report(
    path: Path,
    performance: Performance,
    images: SpanImages,
    *,
    title: str,
    preview: str | None = None,
    warnings: Sequence[str] = (),
    static_people: Mapping[str, Track] | None = None,
) -> None:
    """Writes the report of a performance: one self-contained HTML file, except for the preview beside it.

    Args:
        path: output file.
        performance: the captured performance.
        images: thumbnails and images of low confidence; missing ones are left out.
        title: title of the clip.
        preview: file name of the preview in the same folder; None if there is none.
        warnings: warnings of the run.
        static_people: tracks of static people by name; those not in the performance were excluded.

    Raises:
        InvalidDataError: a person has other joints than humanoid.JOINTS.
        OutputError: the file cannot be written.
    """
    text = build_report(
        performance, images, title=title, preview=preview, warnings=warnings, static_people=static_people
    )
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def build_report(
    performance: Performance,
    images: SpanImages,
    *,
    title: str,
    preview: str | None,
    warnings: Sequence[str],
    static_people: Mapping[str, Track] | None = None,
) -> str:
    """Builds the HTML of the report; arguments as for ``write_report``."""
    people = measure_people(performance)
    body = _clip_summary(performance) + timelines_section(
        build_timelines(performance, static_people or {}), images.thumbnails.jpegs
    )
    body += _preview_section(preview) + html.table(*_people_table(people))
    body += "".join(html.paragraph(f"Note: {warning}") for warning in warnings)
    body += _findings_section(list_findings(people))
    body += appearances_section(performance.people)
    body += "".join(_person_section(person, images) for person in people)
    body += html.heading("How to read this report") + "".join(map(html.paragraph, EXPLANATIONS))
    return html.page(f"{title}: report", body)


def _preview_section(name: str | None) -> str:
    if name is None:
        return html.paragraph("No preview was rendered of this clip.")
    return (
        f'<video controls playsinline preload="metadata" src="{escape(quote(name))}">'
        f"{escape(name)} is in the folder of this page.</video>\n"
        + html.paragraph("Left: the source video with the keypoints. Right: the characters from the same camera.")
    )


def _clip_summary(performance: Performance) -> str:
    width, height = performance.camera.image_size
    seconds, count = performance.frame_count / performance.fps, len(performance.people)
    return html.paragraph(
        f"{performance.frame_count} frames, {float(seconds):.1f} s at {float(performance.fps):.4g} frames/s, "
        f"{width} x {height} px, {count} {'person' if count == 1 else 'people'}."
    )


def _people_table(people: Sequence[PersonMetrics]) -> tuple[list[str], list[list[str]]]:
    cells = [
        [
            person.name,
            _format_time_range(person, int(person.frames[0]), int(person.frames[-1])),
            _format_number(percentile(person.reprojection_percent, 50.0), " %"),
            _format_number(100 * percentile(person.physics.unexplained_force, 50.0), " %"),
            _format_number(person.score.naturalness),
            _format_number(person.score.realism),
        ]
        for person in people
    ]
    headings = ["person", "time range", "reprojection error", "unexplained force", "naturalness", "realism"]
    return headings, cells


def _format_number(value: float, unit: str = "") -> str:
    return f"{value:.1f}{unit}" if np.isfinite(value) else UNKNOWN


def _format_time_range(person: PersonMetrics, first: int, last: int) -> str:
    return f"{first / person.fps:.1f}–{(last + 1) / person.fps:.1f} s"  # noqa: RUF001, an en dash


def _findings_section(findings: Sequence[Finding]) -> str:
    title = html.heading("Findings and advice")
    if not findings:
        return title + html.paragraph("No findings: all measurements are within their limits.")
    return f"{title}<ul>\n{''.join(map(_finding_item, findings))}</ul>\n"


def _finding_item(finding: Finding) -> str:
    times = f" At {finding.times_text}." if finding.times else ""
    statement = escape(f"{finding.person}: {finding.message}.")
    return f"<li><p><strong>{statement}</strong>{escape(times)}<br>{escape(finding.advice)}</p></li>\n"


def _person_section(person: PersonMetrics, images: SpanImages) -> str:
    body = html.heading(person.name) + html.table(*_metrics_table(person)) + _plots_section(person)
    return f"<section>\n{body}{_spans_section(person, images)}</section>\n"


def _metrics_table(person: PersonMetrics) -> tuple[list[str], list[list[str]]]:
    """Returns headings and cells of a table of metrics beside the limits of real motion capture."""
    statistics, limit, physics = person.score.statistics, motion_capture_limit, person.physics
    rows = [
        ("reprojection error, median, % of size", percentile(person.reprojection_percent, 50.0), None),
        ("reprojection error, 95th percentile, % of size", percentile(person.reprojection_percent, 95.0), None),
        ("confidence, median, %", 100 * percentile(person.confidence[person.observed], 50.0), None),
        ("size in the image, median, px", percentile(person.size_px, 50.0), None),
        ("frames with an observed left hand, %", 100 * person.hand_coverage[0], None),
        ("frames with an observed right hand, %", 100 * person.hand_coverage[1], None),
        ("frames with an observed face, %", 100 * person.face_coverage, None),
        ("jitter, 10 m/s³", statistics["jitter_10m_s3"], limit("jitter_10m_s3")),
        ("foot slide, mm per 1/30 s", statistics["foot_slide_mm"], limit("foot_slide_mm")),
        ("floor penetration, mean, mm", statistics["penetration_mm"], limit("penetration_mm")),
        ("floor penetration, 99th percentile, mm", person.penetration_p99_mm, None),
        ("floating of feet in contact, mean, mm", person.floating_mm, None),
        ("unexplained force, median, % of weight", 100 * percentile(physics.unexplained_force, 50.0), None),
        ("unexplained force, 90th percentile, % of weight", 100 * percentile(physics.unexplained_force, 90.0), None),
        ("unexplained torque, median, % of weight x leg", 100 * percentile(physics.unexplained_torque, 50.0), None),
        ("imbalance while still, median, mm", 1e3 * percentile(physics.imbalance_m, 50.0), None),
    ]
    cells = [
        [name, _format_number(value), "" if usual is None else _format_number(usual)] for name, value, usual in rows
    ]
    return ["metric", "value", "95 % of motion capture is below"], cells


def _plots_section(person: PersonMetrics) -> str:
    filled = [(a / person.fps, b / person.fps) for a, b in find_gaps(person.frames, person.observed)]
    error = html.Line(person.name, person.seconds, person.reprojection_percent)
    plots = [
        html.line_plot([error], "Reprojection error (gray: filled)", "s", "% of size", filled),
        _contact_plot(person),
        _physics_plot(person, filled),
        *(_angle_plot(person, joint, filled) for joint in ("knee", "elbow", "hip")),
    ]
    return f'<div class="grid">\n{"".join(plots)}</div>\n'


def _contact_plot(person: PersonMetrics) -> str:
    rows = [html.TimelineRow(name, person.in_contact[:, i].astype(int)) for i, name in enumerate(CONTACT_LABELS)]
    title = "Floor contacts (L: left, R: right)"
    return html.timeline_plot(rows, person.seconds, 1 / person.fps, ["contact"], title, "s")


def _physics_plot(person: PersonMetrics, filled: Sequence[tuple[float, float]]) -> str:
    lines = [
        html.Line("force, % of weight", person.seconds, 100 * person.physics.unexplained_force),
        html.Line("torque, % of weight x leg", person.seconds, 100 * person.physics.unexplained_torque),
    ]
    return html.line_plot(lines, "Force and torque that no contact explains", "s", "%", filled)


def _angle_plot(person: PersonMetrics, joint: str, filled: Sequence[tuple[float, float]]) -> str:
    names = (f"left {joint}", f"right {joint}")
    lines = [html.Line(name, person.seconds, _angle_curve(person, name)) for name in names]
    return html.line_plot(lines, f"Flexion of the {joint}s", "s", "degrees", filled)


def _angle_curve(person: PersonMetrics, name: str) -> FloatArray:
    return person.flexion_deg[:, ANGLES.index(name)]


def _spans_section(person: PersonMetrics, images: SpanImages) -> str:
    spans = images.spans[person.name]
    title = html.heading("Low confidence", 3)
    if not spans:
        return title + html.paragraph("The mean confidence is never below 50 %.")
    figures = "".join(_span_figure(person, span, images) for span in spans)
    order = html.paragraph("Sorted by lack of confidence, the worst first.")
    return f'{title}{order}<div class="crops">\n{figures}</div>\n'


def _span_figure(person: PersonMetrics, span: Span, images: SpanImages) -> str:
    key = (person.name, span.worst_frame)
    jpeg = images.jpegs.get(key)
    moment = f"{images.shown_frames.get(key, span.worst_frame) / person.fps:.1f} s"
    times = _format_time_range(person, span.first_frame, span.last_frame)
    text = escape(f"{times}: {_describe_confidence(span)}; image at {moment}")
    if jpeg is None:
        return f"<figure><figcaption>{text} is not available</figcaption></figure>\n"
    image = html.jpeg_image(jpeg, f"{person.name} at {moment}")
    return f"<figure>{image}<figcaption>{text}</figcaption></figure>\n"


def _describe_confidence(span: Span) -> str:
    if span.observed_fraction == 0:
        return "not detected, interpolated"
    missing = 1 - span.observed_fraction
    partly = f", not detected in {100 * missing:.0f} % of the frames" if missing > 0 else ""
    return f"confidence {100 * span.confidence:.0f} %{partly}"
