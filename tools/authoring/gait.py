"""Gaits: walking and running, on the spot or ahead, as two alternating steps of an adult."""

from dataclasses import dataclass

import numpy as np

from authoring.curves import ease
from authoring.figure import FPS, REST, Arm, Figure, Foot, build_motion
from bodydouble.data import FloatArray, Motion


@dataclass(frozen=True)
class Gait:
    """Parameters of a gait."""

    seconds: float
    """Duration of two steps."""
    stance: float
    """Part of the cycle in which a foot rests."""
    stride: float
    """Distance in m that the body travels per cycle."""
    lift: float
    """Height in m of the ankle in the middle of the swing."""
    heel: float
    """Pitch in degrees of the foot when it leaves the floor."""
    toes: float
    """Pitch in degrees, upward, of the foot when it touches the floor."""
    hips_drop: float
    """Mean depth in m of the hips below their height at rest."""
    bounce: float
    """Amplitude in m of the hips' height."""
    bounce_phase: float
    """Phase at which the hips are highest, of the two bounces per cycle."""
    lean: float
    """Pitch of the trunk, degrees."""
    arm_swing: float
    """Amplitude, degrees."""
    elbow: float
    """Mean bend, degrees."""
    sway: float = 0.018
    """Sideways amplitude of the hips, m."""
    turn: float = 5.0
    """Amplitude in degrees of the turn of the hips."""
    step_width: float = 0.08
    """Distance in m of each foot from the middle."""
    trail: float = 0.0
    """Distance in m by which the feet rest further behind the hips."""


def perform_gait(gait: Gait) -> Motion:
    """Performs one cycle of a gait; its last frame is the first, further ahead by the stride."""
    times = np.arange(round(gait.seconds * FPS) + 1) / float(FPS)
    phase = times / times[-1]
    height = float(REST["hips"][1]) - gait.hips_drop
    high = gait.bounce * np.cos(4 * np.pi * (phase - gait.bounce_phase))
    # A left foot that rests from phase 0 carries the body in the middle of its stance.
    over_left = np.cos(2 * np.pi * (phase - gait.stance / 2))
    forward = gait.stride * phase
    forward_left = np.cos(2 * np.pi * phase)
    hips_position = np.stack([gait.sway * over_left, height + high, forward], axis=-1)
    zero = np.zeros_like(phase)
    hips = np.stack([zero + 0.4 * gait.lean, -gait.turn * forward_left, -2.0 * over_left], axis=-1)
    trunk = {
        "spine": np.stack([zero + 0.3 * gait.lean, 0.6 * gait.turn * forward_left, 1.0 * over_left], axis=-1),
        "chest": np.stack([zero + 0.3 * gait.lean, 0.7 * gait.turn * forward_left, 0.8 * over_left], axis=-1),
        "upperChest": np.stack([zero + 1.0, 0.7 * gait.turn * forward_left, 0.4 * over_left], axis=-1),
        "neck": np.stack([4.0 - 0.5 * gait.lean - 20 * high, -0.5 * gait.turn * forward_left, -0.3 * over_left], -1),
        "head": np.stack([-6.0 - 0.4 * gait.lean + 0 * high, -0.5 * gait.turn * forward_left, 0 * over_left], -1),
    }
    return build_motion(
        Figure(
            hips_position,
            hips,
            trunk,
            {side: _arm(gait, phase, side) for side in ("left", "right")},
            {side: _foot(gait, phase, side) for side in ("left", "right")},
            np.array([0.05]),
        )
    )


def _arm(gait: Gait, phase: FloatArray, side: str) -> Arm:
    offset = 0.0 if side == "left" else 0.5
    # An arm is behind when the foot of its side is ahead; forearm and hand follow.
    swing = -gait.arm_swing * np.cos(2 * np.pi * (phase - offset))
    late = -np.cos(2 * np.pi * (phase - offset - 0.06))
    zero = np.zeros_like(phase)
    still = np.zeros((len(phase), 3))
    return Arm(
        down=zero + 75.0 - 0.08 * gait.elbow,
        swing=swing + 0.12 * gait.arm_swing,
        twist=zero - 4.0 - 0.1 * gait.elbow,
        elbow=gait.elbow + 0.35 * gait.arm_swing * late,
        roll=zero + 0.15 * gait.elbow,
        wrist=4.0 + 3.0 * np.cos(2 * np.pi * (phase - offset - 0.12)),
        raise_=zero + 0.03 * swing,
        reach=zero,
        target=still,
        facing=still,
    )


def _foot(gait: Gait, phase: FloatArray, side: str) -> Foot:
    sign, offset = (1.0, 0.0) if side == "left" else (-1.0, 0.5)
    local = (phase - offset) % 1.0
    cycle = np.round(phase - offset - local)
    d = gait.stance
    is_resting = local <= d + 1e-9
    u = np.clip((local - d) / (1 - d), 0.0, 1.0)
    step = u**3 * (10 - 15 * u + 6 * u**2)
    landing = gait.stride * (offset + d / 2) - gait.trail
    ahead = landing + gait.stride * (cycle + np.where(is_resting, 0.0, step))
    rise = gait.lift * np.sin(np.pi * u**0.8) ** 2
    pitch = ease(
        {
            0.0: -gait.toes,
            0.16 * d: 0.0,
            0.55 * d: 0.0,
            d: gait.heel,
            d + 0.25 * (1 - d): 1.05 * gait.heel,
            d + 0.75 * (1 - d): 0.0 - 0.5 * gait.toes,
            1.0: -gait.toes,
        },
        local,
        0.0,
        1.0,
    )
    position = np.stack([sign * gait.step_width + 0 * local, np.where(is_resting, 0.0, rise), ahead], axis=-1)
    return Foot(position, sign * 6.0 + 0 * local, pitch, is_resting.astype(float))
