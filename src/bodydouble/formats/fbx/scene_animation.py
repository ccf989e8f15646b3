"""Animation of an FBX file that was read: curves of translation, rotation and scale, evaluated at any time."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray, IntArray
from bodydouble.errors import FormatError
from bodydouble.formats.fbx.document import Node
from bodydouble.formats.fbx.objects import CUSTOM_RATE, TICKS_PER_SECOND, TIME_MODES
from bodydouble.formats.fbx.scene_objects import SceneObjects, read_properties

CONSTANT, LINEAR, CUBIC = 2, 4, 8
"""Bits of a key: interpolation to the next one."""
STEP_TO_NEXT = 0x100
"""Bit of a constant key: the value of the next key holds."""
AUTO_TANGENT, TCB_TANGENT = 0x100, 0x200
"""Bits of a cubic key: its slope follows from its neighbours."""
CLAMPED, TIME_INDEPENDENT, PROGRESSIVE = 0x1000, 0x2000, 0x6000
"""Bits of an automatic slope: flat between equal values; the slope across both neighbours and not the mean of two; and
that slope, without overshoot."""
DEFAULT_FPS = Fraction(30)
MAX_FPS = 1000
MAX_KEY_MISS = 0.01
"""Maximum distance in frames of a key from a frame on which it lies."""
MAX_FRAMES = 100_000
AXES = ("d|X", "d|Y", "d|Z")


@dataclass(frozen=True, slots=True)
class Curve:
    """One number over time."""

    ticks: IntArray
    """(K,) ascending."""
    values: FloatArray
    """(K,)."""
    flags: IntArray
    """(K,) interpolation after each key."""
    slopes: FloatArray
    """(K, 2) per second, after each key and before the next one."""

    def evaluate(self, ticks: IntArray) -> FloatArray:
        """Returns the values (T,) at times (T,); before the first and after the last key, those of the key."""
        if len(self.ticks) == 1:
            return np.full(len(ticks), self.values[0])
        ticks = np.clip(ticks, self.ticks[0], self.ticks[-1])
        k = np.clip(np.searchsorted(self.ticks, ticks, side="right") - 1, 0, len(self.ticks) - 2)
        span = np.maximum(self.ticks[k + 1] - self.ticks[k], 1)
        u = (ticks - self.ticks[k]) / span
        start, end, flags = self.values[k], self.values[k + 1], self.flags[k]
        rise = self.slopes[k] * (span / TICKS_PER_SECOND)[:, None]
        cubic = _hermite(u, start, end, rise[:, 0], rise[:, 1])
        stepped = np.where((flags & STEP_TO_NEXT > 0) & (u > 0) | (u >= 1), end, start)
        result = np.where(flags & CONSTANT > 0, stepped, np.where(flags & CUBIC > 0, cubic, start + u * (end - start)))
        return np.asarray(result)


def _hermite(u: FloatArray, start: FloatArray, end: FloatArray, rise: FloatArray, fall: FloatArray) -> FloatArray:
    """Returns the cubic that has given values and derivatives at u = 0 and u = 1."""
    u2, u3 = u * u, u * u * u
    ends = (2 * u3 - 3 * u2 + 1) * start + (3 * u2 - 2 * u3) * end
    return np.asarray(ends + (u3 - 2 * u2 + u) * rise + (u3 - u2) * fall)


def read_curve(node: Node) -> Curve | None:
    """Reads a curve; None if it has no keys.

    Raises:
        FormatError: its arrays do not fit.
    """
    ticks, values = _array(node, "KeyTime", np.int64), _array(node, "KeyValueFloat", np.float64)
    if len(ticks) == 0:
        return None
    if len(ticks) != len(values) or np.any(np.diff(ticks) < 0) or not np.isfinite(values).all():
        raise FormatError("damaged FBX file: the keys of a curve are out of order or not finite")
    counts = np.clip(_array(node, "KeyAttrRefCount", np.int64), 0, len(ticks))
    flags = _per_key(_array(node, "KeyAttrFlags", np.int64)[:, None], counts, len(ticks), LINEAR)[:, 0]
    stored = _array(node, "KeyAttrDataFloat", np.float32).astype(np.float64)
    slopes = _per_key(stored[: len(stored) // 4 * 4].reshape(-1, 4)[:, :2], counts, len(ticks), 0.0)
    return Curve(ticks, values, flags, _set_automatic_slopes(ticks, values, flags, slopes))


def _array(node: Node, name: str, dtype: type[Any]) -> NDArray[Any]:
    value = node.value(name)
    return np.atleast_1d(value).astype(dtype) if value is not None else np.empty(0, dtype)


def _per_key(rows: NDArray[Any], counts: IntArray, keys: int, default: float) -> NDArray[Any]:
    """Returns one row per key from rows that stand for a number of keys each."""
    shared = min(len(rows), len(counts))
    repeated = np.repeat(rows[:shared], counts[:shared], axis=0)[:keys]
    missing = np.full((keys - len(repeated), rows.shape[1]), default, rows.dtype)
    return np.concatenate([repeated, missing])


def _set_automatic_slopes(ticks: IntArray, values: FloatArray, flags: IntArray, slopes: FloatArray) -> FloatArray:
    """Replaces the stored slopes of keys with automatic tangents."""
    if len(ticks) < 2:
        return slopes
    slope = _automatic_slopes(ticks / TICKS_PER_SECOND, values, flags)
    is_automatic = flags & (AUTO_TANGENT | TCB_TANGENT) > 0
    result = np.where(is_automatic[:, None], slope[:, None], slopes)
    result[:-1, 1] = np.where(is_automatic[1:], slope[1:], slopes[:-1, 1])
    return result


def _automatic_slopes(seconds: FloatArray, values: FloatArray, flags: IntArray) -> FloatArray:
    """Returns the slopes (K,) that follow from the neighbours of each key, as Autodesk's SDK computes them."""
    steps, rises = np.maximum(np.diff(seconds), 1e-9), np.diff(values)
    secants = rises / steps
    before, after = np.concatenate([secants[:1], secants]), np.concatenate([secants, secants[-1:]])
    across = np.concatenate([secants[:1], (rises[1:] + rises[:-1]) / (steps[1:] + steps[:-1]), secants[-1:]])
    slope = np.where(flags & TIME_INDEPENDENT > 0, across, (before + after) / 2)
    smaller = np.minimum(np.abs(before), np.abs(after))
    slope[(flags & CLAMPED > 0) & (smaller == 0)] = 0.0
    is_progressive = flags & PROGRESSIVE == PROGRESSIVE
    limit = np.where(before * after > 0, 3 * smaller, 0.0)
    limit[[0, -1]] = 0.0
    return np.where(is_progressive, np.clip(slope, -limit, limit), slope)


Channels = Mapping[tuple[int, str], tuple[Curve | float | None, ...]]
"""Object and property -> curve, constant or nothing, of x, y and z."""


@dataclass(frozen=True, slots=True)
class Take:
    """Animation of a file."""

    name: str
    channels: Channels
    start: int
    """Time of the first frame, ticks."""
    frame_count: int


def read_take(objects: SceneObjects, fps: Fraction) -> Take | None:
    """Reads the first animation that moves something; None if there is none."""
    for stack in objects.all_of("AnimationStack"):
        channels = _read_channels(objects, stack)
        curves = [c for channel in channels.values() for c in channel if isinstance(c, Curve)]
        if curves:
            start, stop = _span(objects, stack, curves)
            start = _align_to_keys(start, curves, fps)
            frames = round(Fraction(stop - start, TICKS_PER_SECOND) * fps) + 1
            if frames > MAX_FRAMES:
                raise FormatError(f"its animation has {frames} frames; at most {MAX_FRAMES} are read")
            return Take(objects.name(stack), channels, start, frames)
    return None


def _read_channels(objects: SceneObjects, stack: int) -> Channels:
    """Returns the curves of the first layer that drives each property."""
    channels: dict[tuple[int, str], tuple[Curve | float | None, ...]] = {}
    for layer in objects.children(stack, "AnimationLayer"):
        for node in objects.children(layer, "AnimationCurveNode"):
            sources = objects.sources(node, "AnimationCurve")
            values = objects.properties(node)
            channel = tuple(
                read_curve(objects.nodes[sources[axis]]) if axis in sources else _constant(values.get(axis))
                for axis in AXES
            )
            for target, prop in objects.driven(node, "Model"):
                channels.setdefault((target, prop), channel)
    return channels


def _constant(values: list[Any] | None) -> float | None:
    return float(values[0]) if values else None


def _span(objects: SceneObjects, stack: int, curves: list[Curve]) -> tuple[int, int]:
    """Returns the first and the last time of an animation, ticks: what it declares, or that of its keys."""
    declared = [objects.properties(stack).get(name) for name in ("LocalStart", "LocalStop")]
    if all(declared):
        start, stop = (int(values[0]) for values in declared if values)
        if start < stop:
            return start, stop
    return int(min(curve.ticks[0] for curve in curves)), int(max(curve.ticks[-1] for curve in curves))


def _align_to_keys(start: int, curves: list[Curve], fps: Fraction) -> int:
    """Returns the time nearest to the start at which a frame shows a key, if all keys lie on frames of the rate.

    Takes that were cut at another rate begin between two frames, and would be interpolated in all of them.
    """
    ticks = np.unique(np.concatenate([curve.ticks for curve in curves]))
    frame = Fraction(TICKS_PER_SECOND) / fps
    places = (ticks - ticks[0]) / float(frame)
    if np.abs(places - np.round(places)).max() > MAX_KEY_MISS:
        return start
    first = int(ticks[0])
    return first + round(round(Fraction(start - first) / frame) * frame)


def read_frame_rate(document: Node) -> Fraction:
    """Returns the frame rate of a file; 30 if it declares none."""
    settings = read_properties(document.find("GlobalSettings") or Node(""))
    mode = int((settings.get("TimeMode") or [0])[0])
    if mode == CUSTOM_RATE:
        rate = float((settings.get("CustomFrameRate") or [0.0])[0])
        return Fraction(rate).limit_denominator(1001) if 0 < rate <= MAX_FPS else DEFAULT_FPS
    return next((fps for fps, value in TIME_MODES.items() if value == mode), DEFAULT_FPS)
