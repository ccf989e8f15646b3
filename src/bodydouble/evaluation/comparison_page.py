"""A comparison for people: rows of a table, and a page."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.evaluation import html
from bodydouble.evaluation.comparison import Comparison
from bodydouble.evaluation.person_comparison import PersonComparison
from bodydouble.skeletons import humanoid

UNKNOWN = "–"  # noqa: RUF001, an en dash


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table of figures."""

    group: str
    measure: str
    unit: str
    value: float
    """NaN if it could not be measured."""
    digits: int = 1

    @property
    def text(self) -> str:
        """The value, without its unit."""
        return f"{self.value:.{self.digits}f}" if np.isfinite(self.value) else UNKNOWN


def comparison_rows(comparison: Comparison) -> list[Row]:
    """The figures of a comparison in the order of docs/metrics.md."""
    return _people_rows(comparison) + _pose_rows(comparison) + _motion_rows(comparison) + _world_rows(comparison)


def _people_rows(comparison: Comparison) -> list[Row]:
    frames, identities, picture = comparison.person_frames, comparison.identities, comparison.picture
    joints = comparison.joints
    return [
        Row("people", "coverage of person-frames", "%", 100 * frames.recall),
        Row("people", "found where fully visible", "%", 100 * comparison.clear_frames.recall, 2),
        Row("people", "precision of person-frames", "%", 100 * frames.precision),
        Row("people", "IDF1", "%", 100 * identities.frames.f1),
        Row("people", "HOTA", "%", 100 * identities.hota.hota),
        Row("people", "identity switches", "", identities.switches, 0),
        Row("picture", "keypoint error, median", "% of box", picture.keypoint_error_percent, 2),
        Row("picture", "PCK at 5 % of box", "%", 100 * picture.pck),
        Row("picture", "OKS-AP", "%", 100 * picture.oks_ap),
        Row("joints within 150 mm", "precision", "%", 100 * joints.precision),
        Row("joints within 150 mm", "recall", "%", 100 * joints.recall),
        Row("joints within 150 mm", "F1", "%", 100 * joints.f1),
    ]


def _pose_rows(comparison: Comparison) -> list[Row]:
    pose = comparison.pose
    return [
        Row("pose", "MPJPE, all joints", "mm", pose.mpjpe_mm),
        Row("pose", "MPJPE, limbs", "mm", pose.mpjpe_limbs_mm),
        Row("pose", "PA-MPJPE, all joints", "mm", pose.pa_mpjpe_mm),
        Row("pose", "PA-MPJPE, limbs", "mm", pose.pa_mpjpe_limbs_mm),
        Row("pose", "error across the picture", "mm", pose.across_mm),
        Row("pose", "error in depth", "mm", pose.depth_mm),
        Row("pose", "PCK3D at 150 mm", "%", 100 * pose.pck3d),
        Row("pose", "AUC of PCK3D", "%", 100 * pose.pck3d_auc),
        Row("pose", "MPJPE while hidden", "mm", pose.hidden_mpjpe_mm),
        Row("pose", "joint rotation error", "deg", pose.rotation_error_deg),
        Row("pose", "bone direction error", "deg", pose.direction_error_deg),
        Row("pose", "elbow and knee error", "deg", pose.flexion_error_deg),
        Row("pose", "acceleration error", "m/s²", pose.acceleration_error_m_s2, 2),
    ]


def _motion_rows(comparison: Comparison) -> list[Row]:
    motion, contacts = comparison.motion, comparison.contacts
    return [
        Row("motion", "jitter", "10 m/s³", motion.jitter_10m_s3, 2),
        Row("motion", "jitter of the truth", "10 m/s³", motion.true_jitter_10m_s3, 2),
        Row("motion", "foot slide per 1/30 s", "mm", motion.foot_slide_mm, 2),
        Row("motion", "foot slide of the truth", "mm", motion.true_foot_slide_mm, 2),
        Row("motion", "floor penetration, mean", "mm", motion.penetration_mm),
        Row("motion", "floor penetration, 99th percentile", "mm", motion.penetration_p99_mm),
        Row("motion", "floating, mean", "mm", motion.floating_mm),
        Row("motion", "floating, 99th percentile", "mm", motion.floating_p99_mm),
        Row("motion", "contact precision", "%", 100 * contacts.precision),
        Row("motion", "contact recall", "%", 100 * contacts.recall),
        Row("motion", "contact F1", "%", 100 * contacts.f1),
        Row("body", "bone length error", "%", motion.bone_length_error_percent),
        Row("body", "bone length variation", "%", motion.bone_length_variation_percent),
        Row("body", "joints beyond their limits", "%", motion.joint_limit_violation_percent, 2),
        Row("body", "joints beyond their limits, truth", "%", motion.true_joint_limit_violation_percent, 2),
    ]


def _world_rows(comparison: Comparison) -> list[Row]:
    world = comparison.world
    return [
        Row("world", "WA-MPJPE over 100 frames", "mm", world.wa_mpjpe_mm),
        Row("world", "W-MPJPE over 100 frames", "mm", world.w_mpjpe_mm),
        Row("world", "root translation error", "% of path", world.root_translation_error_percent, 2),
    ]


def side_by_side(comparisons: Mapping[str, Comparison]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a table with one column for each comparison, by its name."""
    columns = [comparison_rows(comparison) for comparison in comparisons.values()]
    cells = [
        [f"{lines[0].group}: {lines[0].measure}", lines[0].unit, *(line.text for line in lines)]
        for lines in zip(*columns, strict=True)
    ]
    return ["measure", "unit", *comparisons], cells


def joint_rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a table of the mean errors of each joint."""
    pose = comparison.pose
    cells = [[name, _text(pose.joints_mm.get(name)), _text(pose.joints_deg.get(name))] for name in humanoid.JOINTS]
    return ["joint", "position mm", "rotation deg"], cells


def people_rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a table of people: the found ones, then those who were missed or are not there."""
    cells = [
        [
            person.name,
            person.predicted_name,
            str(person.compared_frames),
            _text(person.pose.mpjpe_mm),
            _text(person.pose.pa_mpjpe_mm),
            _text(person.world.wa_mpjpe_mm),
        ]
        for person in comparison.people
    ]
    cells += [[name, "not found", *[UNKNOWN] * 4] for name in comparison.missed]
    cells += [["nobody", name, *[UNKNOWN] * 4] for name in comparison.extra]
    return ["person", "found as", "frames", "MPJPE mm", "PA-MPJPE mm", "WA-MPJPE mm"], cells


def _text(value: float | None) -> str:
    return UNKNOWN if value is None or not np.isfinite(value) else f"{value:.1f}"


def comparison_page(comparison: Comparison, title: str) -> str:
    """A self-contained HTML page of a comparison: figures, people, error over time, joints."""
    people = people_rows(comparison)
    body = html.heading("People") + html.table(*people)
    body += "".join(_error_plot(person) for person in comparison.people)
    body += html.heading("Figures") + html.table(*side_by_side({"value": comparison}))
    body += html.heading("Joints") + html.table(*joint_rows(comparison))
    return html.page(title, body)


def _error_plot(person: PersonComparison) -> str:
    line = html.Line(person.name, person.frames.astype(np.float64), person.error_mm)
    title = f"{person.name}: mean joint error (gray: hidden or without a pose)"
    return html.line_plot([line], title, "frame", "mm", gaps(person.frames, np.isfinite(person.error_mm)))


def gaps(frames: IntArray, known: BoolArray) -> list[tuple[float, float]]:
    """First and last frame, half a frame wider on both sides, of each run of unknown frames."""
    edges: FloatArray = np.diff(np.concatenate([[0], (~known).astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return [(float(frames[a]) - 0.5, float(frames[b]) + 0.5) for a, b in zip(starts, ends, strict=True)]
