"""Plots of a take for the page: joint angles and heights of joints over time -> one piece of JSON and numbers.

Angles are the coordinates of ``motion.body.joint_angles``, as ``export --format mot`` writes them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Motion, Performance, Person
from bodydouble.geometry import kinematics
from bodydouble.motion.body.joint_angles import compute_joint_angles
from bodydouble.studio.correction_store import is_automatic, load_automatic, load_current
from bodydouble.studio.number_block import Block, NumberBlock

_BOTH_SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: curves of one unit that are drawn together."""

    title: str
    unit: str
    """ "°" or "m"."""
    curves: tuple[str, ...]
    """Name of each curve, such as "left"."""


@dataclass(frozen=True, slots=True)
class PersonCurves:
    """The curves of a person in all plots."""

    name: str
    first_frame: int
    values: Block
    """(T, N) in the unit of the plot; the curves of the first plot, then those of the second, and so on."""


@dataclass(frozen=True, slots=True)
class PlotData:
    """All plots of a take, but for the numbers themselves."""

    plots: tuple[Plot, ...]
    people: tuple[PersonCurves, ...]
    automatic: tuple[PersonCurves, ...]
    """The curves before the corrections; empty if nothing is corrected."""


_HEIGHTS = (
    (Plot("Heights of hips and head", "m", ("hips", "head")), ("hips", "head")),
    (Plot("Heights of hands", "m", _BOTH_SIDES), ("leftHand", "rightHand")),
    (Plot("Heights of feet", "m", _BOTH_SIDES), ("leftFoot", "rightFoot")),
    (Plot("Heights of toes", "m", _BOTH_SIDES), ("leftToes", "rightToes")),
)
"""Plots of heights above the floor, with their joints."""


def _two_sides(title: str, coordinate: str) -> tuple[Plot, tuple[str, ...]]:
    return Plot(title, "°", _BOTH_SIDES), (f"{coordinate}_l", f"{coordinate}_r")


def _three_axes(title: str, *coordinates: str) -> tuple[Plot, tuple[str, ...]]:
    return Plot(title, "°", tuple(name.partition("_")[2] for name in coordinates)), coordinates


_ANGLES = (
    _two_sides("Knee flexion", "knee_angle"),
    _two_sides("Hip flexion", "hip_flexion"),
    _two_sides("Hip adduction", "hip_adduction"),
    _two_sides("Hip rotation", "hip_rotation"),
    _two_sides("Ankle flexion", "ankle_angle"),
    _two_sides("Subtalar inversion", "subtalar_angle"),
    _two_sides("Toe flexion", "mtp_angle"),
    _two_sides("Shoulder flexion", "arm_flex"),
    _two_sides("Shoulder adduction", "arm_add"),
    _two_sides("Shoulder rotation", "arm_rot"),
    _two_sides("Elbow flexion", "elbow_flex"),
    _two_sides("Forearm pronation", "pro_sup"),
    _two_sides("Wrist flexion", "wrist_flex"),
    _two_sides("Wrist deviation", "wrist_dev"),
    _three_axes("Pelvis", "pelvis_tilt", "pelvis_list", "pelvis_rotation"),
    _three_axes("Trunk", "lumbar_extension", "lumbar_bending", "lumbar_rotation"),
    _three_axes("Neck", "neck_extension", "neck_bending", "neck_rotation"),
)
"""Plots of joint angles, with their coordinates."""


def build_plots(folder: Path) -> bytes:
    """Builds the plots of a folder of results.

    Returns:
        The fields of a ``PlotData`` and the block of numbers, as ``NumberBlock.pack`` joins them.

    Raises:
        BodydoubleError: the performance cannot be read, or its corrections do not fit.
    """
    return describe_plots(load_current(folder), load_automatic(folder))


def describe_plots(current: Performance, automatic: Performance) -> bytes:
    """Builds the plots of a performance, and of what it was before it was corrected; result as ``build_plots``."""
    numbers = NumberBlock()
    before = () if is_automatic(current) else automatic.people
    data = PlotData(
        tuple(plot for plot, _ in (*_ANGLES, *_HEIGHTS)),
        _add_curves(current.people, numbers),
        _add_curves(before, numbers),
    )
    return numbers.pack(asdict(data))


def _add_curves(people: Sequence[Person], numbers: NumberBlock) -> tuple[PersonCurves, ...]:
    return tuple(
        PersonCurves(person.name, int(person.track.frames[0]), numbers.add(_compute_curves(person.motion)))
        for person in people
    )


def _compute_curves(motion: Motion) -> FloatArray:
    """Returns the values (T, N) of all curves."""
    angles, heights = compute_joint_angles(motion), kinematics.joint_positions(motion)[..., 1]
    coordinates = [angles.names.index(name) for _, names in _ANGLES for name in names]
    joints = [motion.skeleton.index(joint) for _, names in _HEIGHTS for joint in names]
    return np.concatenate([angles.values[:, coordinates], heights[:, joints]], axis=1)
