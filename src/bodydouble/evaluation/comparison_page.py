"""Tables and an HTML page of a comparison.

In: a ``Comparison``, or several by name. Out: headings and cells of tables, or the text of a page.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bodydouble.evaluation import html
from bodydouble.evaluation.comparison import Comparison
from bodydouble.evaluation.person_comparison import MotionErrors, PersonComparison
from bodydouble.skeletons import humanoid

"""Cell of a value that could not be measured."""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One row of a table of metrics."""

    group: str
    metric: str
    unit: str
    value: float
    """NaN if it could not be measured."""
    digits: int = 1

    @property
    def text(self) -> str:
        """The value as text, without its unit."""
        return f"{self.value:.{self.digits}f}" if np.isfinite(self.value) else html.UNKNOWN


def list_metrics(comparison: Comparison) -> list[MetricRow]:
    """Returns the metrics of a comparison in the order of docs/metrics.md."""
    return _people_rows(comparison) + _pose_rows(comparison) + _motion_rows(comparison) + _world_rows(comparison)


def _people_rows(comparison: Comparison) -> list[MetricRow]:
    frames, identities, image = comparison.person_frames, comparison.identities, comparison.image
    joints = comparison.joints
    return [
        MetricRow("people", "coverage of person-frames", "%", 100 * frames.recall),
        MetricRow("people", "found where fully visible", "%", 100 * comparison.fully_visible_frames.recall, 2),
        MetricRow("people", "precision of person-frames", "%", 100 * frames.precision),
        MetricRow("people", "IDF1", "%", 100 * identities.frames.f1),
        MetricRow("people", "HOTA", "%", 100 * identities.hota.hota),
        MetricRow("people", "identity switches", "", identities.switches, 0),
        MetricRow("picture", "keypoint error, median", "% of box", image.keypoint_error_percent, 2),
        MetricRow("picture", "PCK at 5 % of box", "%", 100 * image.pck),
        MetricRow("picture", "OKS-AP", "%", 100 * image.oks_ap),
        MetricRow("joints within 150 mm", "precision", "%", 100 * joints.precision),
        MetricRow("joints within 150 mm", "recall", "%", 100 * joints.recall),
        MetricRow("joints within 150 mm", "F1", "%", 100 * joints.f1),
    ]


def _pose_rows(comparison: Comparison) -> list[MetricRow]:
    pose = comparison.pose
    return [
        MetricRow("pose", "MPJPE, all joints", "mm", pose.mpjpe_mm),
        MetricRow("pose", "MPJPE, limbs", "mm", pose.mpjpe_limbs_mm),
        MetricRow("pose", "PA-MPJPE, all joints", "mm", pose.pa_mpjpe_mm),
        MetricRow("pose", "PA-MPJPE, limbs", "mm", pose.pa_mpjpe_limbs_mm),
        MetricRow("pose", "error across the picture", "mm", pose.across_mm),
        MetricRow("pose", "error in depth", "mm", pose.depth_mm),
        MetricRow("pose", "PCK3D at 150 mm", "%", 100 * pose.pck3d),
        MetricRow("pose", "AUC of PCK3D", "%", 100 * pose.pck3d_auc),
        MetricRow("pose", "MPJPE while hidden", "mm", pose.hidden_mpjpe_mm),
        MetricRow("pose", "joint rotation error", "deg", pose.rotation_error_deg),
        MetricRow("pose", "bone direction error", "deg", pose.direction_error_deg),
        MetricRow("pose", "elbow and knee error", "deg", pose.flexion_error_deg),
        MetricRow("pose", "acceleration error", "m/s²", pose.acceleration_error_m_s2, 2),
    ]


def _motion_rows(comparison: Comparison) -> list[MetricRow]:
    motion, contacts = comparison.motion, comparison.contacts
    return [
        MetricRow("motion", "jitter", "10 m/s³", motion.jitter_10m_s3, 2),
        MetricRow("motion", "jitter of the truth", "10 m/s³", motion.true_jitter_10m_s3, 2),
        MetricRow("motion", "foot slide per 1/30 s", "mm", motion.foot_slide_mm, 2),
        MetricRow("motion", "foot slide of the truth", "mm", motion.true_foot_slide_mm, 2),
        MetricRow("motion", "floor penetration, mean", "mm", motion.penetration_mm),
        MetricRow("motion", "floor penetration, 99th percentile", "mm", motion.penetration_p99_mm),
        MetricRow("motion", "floating, mean", "mm", motion.floating_mm),
        MetricRow("motion", "floating, 99th percentile", "mm", motion.floating_p99_mm),
        MetricRow("motion", "contact precision", "%", 100 * contacts.precision),
        MetricRow("motion", "contact recall", "%", 100 * contacts.recall),
        MetricRow("motion", "contact F1", "%", 100 * contacts.f1),
        *_physics_rows(motion),
        MetricRow("body", "bone length error", "%", motion.bone_length_error_percent),
        MetricRow("body", "bone length variation", "%", motion.bone_length_variation_percent),
        MetricRow("body", "joints beyond their limits", "%", motion.joint_limit_violation_percent, 2),
        MetricRow("body", "joints beyond their limits, truth", "%", motion.true_joint_limit_violation_percent, 2),
    ]


def _physics_rows(motion: MotionErrors) -> list[MetricRow]:
    force, torque = "% of weight", "% of weight x leg"
    return [
        MetricRow("physics", "unexplained force, median", force, motion.unexplained_force_percent),
        MetricRow("physics", "unexplained force, 90th percentile", force, motion.unexplained_force_p90_percent),
        MetricRow("physics", "unexplained force of the truth, median", force, motion.true_unexplained_force_percent),
        MetricRow(
            "physics",
            "unexplained force of the truth, 90th percentile",
            force,
            motion.true_unexplained_force_p90_percent,
        ),
        MetricRow("physics", "unexplained torque, median", torque, motion.unexplained_torque_percent),
        MetricRow("physics", "unexplained torque, 90th percentile", torque, motion.unexplained_torque_p90_percent),
        MetricRow("physics", "imbalance while still", "mm", motion.imbalance_mm),
        MetricRow("physics", "imbalance while still, truth", "mm", motion.true_imbalance_mm),
    ]


def _world_rows(comparison: Comparison) -> list[MetricRow]:
    world = comparison.world
    return [
        MetricRow("world", "WA-MPJPE over 100 frames", "mm", world.wa_mpjpe_mm),
        MetricRow("world", "W-MPJPE over 100 frames", "mm", world.w_mpjpe_mm),
        MetricRow("world", "root translation error", "% of path", world.root_translation_error_percent, 2),
    ]


def comparison_table(comparisons: Mapping[str, Comparison]) -> tuple[list[str], list[list[str]]]:
    """Returns headings and cells of a table with one column per comparison, under its name."""
    columns = [list_metrics(comparison) for comparison in comparisons.values()]
    cells = [
        [f"{lines[0].group}: {lines[0].metric}", lines[0].unit, *(line.text for line in lines)]
        for lines in zip(*columns, strict=True)
    ]
    return ["measure", "unit", *comparisons], cells


def joint_table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Returns headings and cells of a table of the mean errors of each joint."""
    pose = comparison.pose
    cells = [
        [name, _format_number(pose.joints_mm.get(name)), _format_number(pose.joints_deg.get(name))]
        for name in humanoid.JOINTS
    ]
    return ["joint", "position mm", "rotation deg"], cells


def people_table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Returns headings and cells of a table of people: matched, then missed, then extra ones."""
    cells = [
        [
            person.name,
            person.predicted_name,
            str(person.compared_frames),
            _format_number(person.pose.mpjpe_mm),
            _format_number(person.pose.pa_mpjpe_mm),
            _format_number(person.world.wa_mpjpe_mm),
        ]
        for person in comparison.people
    ]
    cells += [[name, "not detected", *[html.UNKNOWN] * 4] for name in comparison.missed]
    cells += [["no person", name, *[html.UNKNOWN] * 4] for name in comparison.extra]
    return ["person", "predicted as", "frames", "MPJPE mm", "PA-MPJPE mm", "WA-MPJPE mm"], cells


def _format_number(value: float | None) -> str:
    return html.UNKNOWN if value is None or not np.isfinite(value) else f"{value:.1f}"


def build_comparison_page(comparison: Comparison, title: str) -> str:
    """Builds a self-contained HTML page of a comparison: people, error over time, metrics, joints."""
    people = people_table(comparison)
    body = html.heading("People") + html.table(*people)
    body += "".join(_error_plot(person) for person in comparison.people)
    body += html.heading("Metrics") + html.table(*comparison_table({"value": comparison}))
    body += html.heading("Joints") + html.table(*joint_table(comparison))
    return html.page(title, body)


def _error_plot(person: PersonComparison) -> str:
    line = html.Line(person.name, person.frames.astype(np.float64), person.error_mm)
    title = f"{person.name}: mean joint error (gray: occluded or without a pose)"
    return html.line_plot([line], title, "frame", "mm", html.find_gaps(person.frames, np.isfinite(person.error_mm)))
