"""Gestures as key poses: a table of channels and keys -> ``Motion`` of a standing or sitting adult who breathes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from authoring.curves import Keys, ease, sway
from authoring.figure import FPS, REST, TRUNK, Arm, Figure, Foot, build_motion
from bodydouble.data import FloatArray, Motion

Table = Mapping[str, Keys]
"""Channel -> keys. ``both.elbow`` means both arms, ``left.foot.z`` the left foot; channels that lack keep their value
in the relaxed stance."""

BREATH_SECONDS = 3.6
"""Approximate duration of a breath, s."""
STANCE: dict[str, float] = {
    "hips.x": 0.0, "hips.y": float(REST["hips"][1]) - 0.009, "hips.z": 0.0,
    "hips.pitch": 2.0, "hips.yaw": 0.0, "hips.roll": 0.0,
    "spine.pitch": 0.0, "chest.pitch": 1.0, "upperChest.pitch": 2.0, "neck.pitch": 6.0, "head.pitch": -9.0,
    "down": 74.0, "swing": 2.0, "twist": -4.0, "elbow": 16.0, "roll": 0.0, "wrist": 4.0, "raise": 0.0,
    "reach": 0.0, "target.x": 0.1, "target.y": 0.0, "target.z": 0.3,
    "facing.x": 0.0, "facing.y": 0.0, "facing.z": 0.0,
    "foot.x": 0.115, "foot.y": 0.0, "foot.z": 0.0, "foot.yaw": 9.0, "foot.pitch": 0.0,
    "knees": 0.15,
}  # fmt: skip
"""Value of every channel in the relaxed stance: m, degrees."""
STAGGER = {"left": 0.012, "right": -0.016}
"""Distance in m by which each foot stands before the hips."""
DELAYS = {"elbow": 0.04, "roll": 0.06, "wrist": 0.08, "neck": 0.03, "head": 0.06}
"""Time in s by which parts follow those that carry them."""


@dataclass(frozen=True)
class _Curves:
    """Curves of a table."""

    table: Table
    times: FloatArray
    period: float | None

    def value(self, channel: str, side: str | None = None) -> FloatArray:
        """Returns the curve (T,) of a channel, of one side where it has sides."""
        names = [channel] if side is None else [f"{side}.{channel}", f"both.{channel}"]
        keys = next((self.table[name] for name in names if name in self.table), None)
        if keys is None:
            default = STANCE.get(channel, 0.0)
            return np.full(len(self.times), default + (STAGGER[side] if side and channel == "foot.z" else 0.0))
        part = channel.split(".", maxsplit=1)[0]
        return ease(keys, self.times, DELAYS.get(part, 0.0), self.period)

    def angles(self, joint: str) -> FloatArray:
        """Returns pitch, yaw and roll (T, 3) of a joint of the trunk."""
        return np.stack([self.value(f"{joint}.{kind}") for kind in ("pitch", "yaw", "roll")], axis=-1)

    def vectors(self, channel: str, side: str) -> FloatArray:
        """Returns the vectors (T, 3) of a channel of one side."""
        return np.stack([self.value(f"{channel}.{axis}", side) for axis in "xyz"], axis=-1)


def perform(table: Table, seconds: float, *, is_cycle: bool = True, breath: float = 1.0, idle: float = 1.0) -> Motion:
    """Performs a table of keys.

    Args:
        table: channels and keys.
        seconds: duration.
        is_cycle: whether the end continues into the start.
        breath: strength of the breathing.
        idle: strength of the sway of a standing person.
    """
    times = np.arange(round(seconds * FPS) + 1) / float(FPS)
    curves = _Curves(table, times, seconds if is_cycle else None)
    breaths = seconds / max(round(seconds / BREATH_SECONDS), 1) if is_cycle else BREATH_SECONDS
    inhale = breath * sway(times, breaths, 1.0)
    slow = seconds / max(round(seconds / (1.6 * BREATH_SECONDS)), 1)
    drift = idle * sway(times, slow, 1.0, 0.2)
    hips_position = np.stack([curves.value(f"hips.{axis}") for axis in "xyz"], axis=-1)
    hips_position += np.stack([0.006 * drift, 0.001 * inhale, 0.002 * idle * sway(times, slow, 1.0, 0.45)], axis=-1)
    trunk = {joint: curves.angles(joint) for joint in TRUNK}
    trunk["spine"] += _angles(-0.3 * inhale, 0 * drift, -0.5 * drift)
    trunk["chest"] += _angles(-0.8 * inhale, 0.3 * drift, -0.3 * drift)
    trunk["upperChest"] += _angles(-0.9 * inhale, 0.3 * drift, 0 * drift)
    trunk["neck"] += _angles(0.9 * inhale, 0.4 * drift, 0.4 * drift)
    trunk["head"] += _angles(0.8 * inhale, 0.8 * idle * sway(times, slow, 1.0, 0.1), 0.4 * drift)
    return build_motion(
        Figure(
            hips_position,
            curves.angles("hips") + _angles(0 * drift, 0.3 * drift, 0.5 * drift),
            trunk,
            {side: _arm(curves, side, inhale, drift) for side in ("left", "right")},
            {side: _foot(curves, side) for side in ("left", "right")},
            curves.value("knees"),
        )
    )


def _angles(pitch: FloatArray, yaw: FloatArray, roll: FloatArray) -> FloatArray:
    return np.stack([pitch, yaw, roll], axis=-1)


def _arm(curves: _Curves, side: str, inhale: FloatArray, drift: FloatArray) -> Arm:
    sign = 1.0 if side == "left" else -1.0
    return Arm(
        down=curves.value("down", side) - 0.8 * inhale - 0.4 * sign * drift,
        swing=curves.value("swing", side) + 0.6 * sign * drift,
        twist=curves.value("twist", side),
        elbow=curves.value("elbow", side) + 0.8 * inhale,
        roll=curves.value("roll", side),
        wrist=curves.value("wrist", side) + 0.5 * drift,
        raise_=curves.value("raise", side) + 0.9 * inhale,
        reach=curves.value("reach", side),
        target=curves.vectors("target", side),
        facing=curves.vectors("facing", side),
    )


def _foot(curves: _Curves, side: str) -> Foot:
    sign = 1.0 if side == "left" else -1.0
    position = curves.vectors("foot", side)
    yaw = curves.value("foot.yaw", side)
    keyed = any(f"{who}.foot.x" in curves.table for who in (side, "both"))
    if not keyed:
        position[:, 0] *= sign
    if f"{side}.foot.yaw" not in curves.table:
        yaw = yaw * sign
    lifted = position[:, 1] > 1e-4
    return Foot(position, yaw, curves.value("foot.pitch", side), np.where(lifted, 0.0, 1.0))


def rest_then(value: float, *pairs: tuple[float, float], seconds: float) -> Keys:
    """Returns keys that leave a value, pass pairs of time and value, and come back to it at the end."""
    return {0.0: value, **dict(pairs), seconds: value}


def hold(value: float, start: float, stop: float, rest: float, ramp: float, seconds: float) -> Keys:
    """Returns keys that go from rest to a value, hold it from start to stop, and come back."""
    return {0.0: rest, max(start - ramp, 0.0): rest, start: value, stop: value, stop + ramp: rest, seconds: rest}
