"""Repertoire: the tables of all gestures and the parameters of all gaits."""

from collections.abc import Callable

from authoring.curves import Keys
from authoring.gait import Gait, perform_gait
from authoring.gestures import STANCE, Table, hold, perform, rest_then
from bodydouble.data import Motion

MARCH = Gait(1.1, 0.56, 0.0, 0.15, 24.0, 0.0, 0.02, 0.010, 0.28, 2.0, 20.0, 26.0, turn=2.5, step_width=0.095)
JOG = Gait(0.7, 0.38, 0.0, 0.20, 38.0, -6.0, 0.045, 0.032, 0.44, 6.0, 30.0, 82.0, turn=4.0, sway=0.012)
RUN = Gait(0.7, 0.32, 2.0, 0.25, 50.0, 4.0, 0.07, 0.03, 0.42, 10.0, 38.0, 85.0, turn=7.0, sway=0.010, trail=0.08)


def breathe() -> Motion:
    """Stands and breathes, with the weight on one leg and then on the other."""
    seconds = 7.2
    return perform(
        {
            "hips.x": {0.0: 0.022, 3.4: -0.022},
            "hips.roll": {0.0: -1.6, 3.4: 1.6},
            "hips.yaw": {0.0: 1.5, 3.5: -1.5},
            "spine.roll": {0.1: 1.3, 3.5: -1.3},
            "head.yaw": {0.6: 3.0, 2.4: -2.0, 4.4: 4.0, 6.2: -1.0},
            "head.pitch": {0.4: -9.0, 2.6: -7.0, 5.0: -10.0},
        },
        seconds,
        breath=1.2,
    )


def wave() -> Motion:
    """Raises the right arm and waves with the forearm."""
    seconds = 3.2
    return perform(
        {
            "right.down": hold(6.0, 0.6, 2.25, 74.0, 0.5, seconds),
            "right.swing": hold(16.0, 0.6, 2.25, 2.0, 0.5, seconds),
            "right.twist": {0.0: -4.0, 0.55: 84.0, 2.25: 84.0, 2.9: -4.0, seconds: -4.0},
            "right.elbow": {
                0.0: 16.0, 0.6: 84.0, 0.85: 62.0, 1.1: 100.0, 1.35: 62.0, 1.6: 100.0, 1.85: 62.0, 2.1: 96.0, 2.3: 84.0,
                2.95: 16.0, seconds: 16.0,
            },
            "right.roll": hold(-35.0, 0.65, 2.2, 0.0, 0.5, seconds),
            "right.wrist": {
                0.0: 4.0, 0.6: 0.0, 0.85: 10.0, 1.1: -8.0, 1.35: 10.0, 1.6: -8.0, 1.85: 10.0, 2.1: -6.0, 2.5: 6.0,
                seconds: 4.0,
            },
            "right.raise": hold(7.0, 0.6, 2.25, 0.0, 0.4, seconds),
            "spine.roll": hold(2.5, 0.6, 2.3, 0.0, 0.5, seconds),
            "upperChest.yaw": hold(4.0, 0.6, 2.3, 0.0, 0.5, seconds),
            "head.roll": hold(-4.0, 0.7, 2.2, 0.0, 0.5, seconds),
            "head.pitch": hold(-11.0, 0.6, 2.2, -9.0, 0.4, seconds),
            "hips.x": hold(0.012, 0.7, 2.3, 0.0, 0.6, seconds),
        },
        seconds,
    )  # fmt: skip


def nod() -> Motion:
    """Nods twice."""
    seconds = 2.0
    pitches = ((0.2, -11.0), (0.5, 12.0), (0.8, -9.0), (1.08, 8.0), (1.4, -9.5))
    return perform(
        {
            "head.pitch": rest_then(-9.0, *pitches, seconds=seconds),
            "neck.pitch": rest_then(
                6.0, (0.2, 5.0), (0.48, 13.0), (0.78, 7.0), (1.06, 11.0), (1.4, 6.0), seconds=seconds
            ),
            "upperChest.pitch": rest_then(2.0, (0.5, 3.5), (0.85, 2.2), (1.1, 3.0), (1.5, 2.0), seconds=seconds),
        },
        seconds,
    )


def shake_head() -> Motion:
    """Shakes the head."""
    seconds = 2.2
    yaws = ((0.28, 26.0), (0.65, -24.0), (1.0, 20.0), (1.32, -14.0), (1.65, 3.0))
    half = ((0.26, 11.0), (0.62, -10.0), (0.97, 8.0), (1.3, -6.0), (1.65, 1.0))
    return perform(
        {
            "head.yaw": rest_then(0.0, *yaws, seconds=seconds),
            "neck.yaw": rest_then(0.0, *half, seconds=seconds),
            "upperChest.yaw": rest_then(0.0, (0.35, 2.0), (0.7, -2.0), (1.05, 1.5), (1.6, 0.0), seconds=seconds),
        },
        seconds,
    )


def bow() -> Motion:
    """Bows with straight legs, arms beside the body."""
    seconds = 3.4
    start, stop, ramp = 1.1, 1.75, 0.9

    def down(value: float, rest: float = 0.0, delay: float = 0.0) -> Keys:
        return hold(value, start + delay, stop + delay, rest, ramp, seconds)

    return perform(
        {
            "hips.pitch": down(30.0, 2.0),
            "hips.z": down(-0.10),
            "hips.y": down(STANCE["hips.y"] - 0.012, STANCE["hips.y"]),
            "spine.pitch": down(9.0, 0.0, 0.03),
            "chest.pitch": down(9.0, 1.0, 0.06),
            "upperChest.pitch": down(6.0, 2.0, 0.09),
            "neck.pitch": down(12.0, 6.0, 0.12),
            "head.pitch": down(2.0, -9.0, 0.15),
            "both.swing": down(38.0, 2.0, 0.05),
            "both.down": down(78.0, 74.0),
            "both.elbow": down(10.0, 16.0, 0.05),
            "both.twist": down(0.0, -4.0),
        },
        seconds,
    )


def clap() -> Motion:
    """Claps the hands before the chest."""
    beat, claps = 0.4, 6
    seconds = beat * claps
    closed = {k * beat: 0.014 for k in range(claps)}
    opened = {(k + 0.52) * beat: 0.105 for k in range(claps)}
    heights = {k * beat: 0.015 for k in range(claps)} | {(k + 0.5) * beat: 0.0 for k in range(claps)}
    bob = {k * beat: 1.5 for k in range(claps)} | {(k + 0.5) * beat: 0.0 for k in range(claps)}
    return perform(
        {
            "both.reach": {0.0: 1.0},
            "both.target.x": closed | opened,
            "both.target.y": {time: value - 0.04 for time, value in heights.items()},
            "both.target.z": {0.0: 0.27},
            "both.facing.x": {0.0: -60.0},
            "both.facing.y": {0.0: -60.0},
            "both.facing.z": {0.0: -60.0},
            "both.down": {0.0: 58.0},
            "both.elbow": {0.0: 80.0},
            "upperChest.pitch": {time: 2.0 + 0.6 * value for time, value in bob.items()},
            "head.pitch": {time: -9.0 + value for time, value in bob.items()},
            "hips.y": {time: STANCE["hips.y"] - 0.002 * value for time, value in bob.items()},
        },
        seconds,
    )


def cheer() -> Motion:
    """Throws both arms up and shakes the fists."""
    seconds = 3.0
    pumps: Keys = {0.0: 74.0, 0.25: 78.0, 0.7: -48.0, 0.95: -34.0, 1.2: -50.0, 1.45: -34.0, 1.7: -50.0, 1.95: -40.0}
    return perform(
        {
            "both.down": pumps | {2.65: 72.0, seconds: 74.0},
            "both.swing": {0.0: 2.0, 0.25: -8.0, 0.7: 14.0, 1.95: 12.0, 2.65: 4.0, seconds: 2.0},
            "both.elbow": {
                0.0: 16.0, 0.28: 40.0, 0.75: 22.0, 1.0: 58.0, 1.25: 22.0, 1.5: 58.0, 1.75: 22.0, 2.05: 44.0, 2.7: 18.0,
                seconds: 16.0,
            },
            "both.twist": {0.0: -4.0, 0.6: 78.0, 1.95: 78.0, 2.65: 0.0, seconds: -4.0},
            "both.wrist": {0.0: 4.0, 0.7: 12.0, 2.0: 12.0, seconds: 4.0},
            "both.raise": {0.0: 0.0, 0.25: -2.0, 0.7: 14.0, 2.0: 12.0, 2.6: 0.0, seconds: 0.0},
            "hips.y": {
                time: STANCE["hips.y"] + shift
                for time, shift in (
                    (0.0, 0.0), (0.3, -0.055), (0.7, 0.004), (0.95, -0.022), (1.2, 0.002), (1.45, -0.022), (1.7, 0.002),
                    (2.0, -0.012), (2.6, -0.008), (seconds, 0.0),
                )
            },
            "hips.z": {0.0: 0.0, 0.3: -0.03, 0.7: 0.0, seconds: 0.0},
            "spine.pitch": {0.0: 0.0, 0.3: 9.0, 0.75: -5.0, 2.0: -4.0, 2.7: 0.0, seconds: 0.0},
            "upperChest.pitch": {0.0: 2.0, 0.3: 6.0, 0.75: -4.0, 2.0: -3.0, 2.7: 2.0, seconds: 2.0},
            "head.pitch": {0.0: -9.0, 0.35: -2.0, 0.8: -16.0, 2.0: -14.0, 2.7: -9.0, seconds: -9.0},
        },
        seconds,
    )  # fmt: skip


def squat() -> Motion:
    """Squats with the arms stretched out ahead and rises."""
    seconds = 2.6

    def low(value: float, rest: float, delay: float = 0.0) -> Keys:
        return {0.0: rest, 0.1 + delay: rest, 1.15 + delay: value, 1.35 + delay: value, seconds: rest}

    return perform(
        {
            "hips.y": low(0.50, STANCE["hips.y"]),
            "hips.z": low(-0.19, 0.0),
            "hips.pitch": low(34.0, 2.0),
            "spine.pitch": low(6.0, 0.0, 0.04),
            "chest.pitch": low(0.0, 1.0, 0.05),
            "neck.pitch": low(-6.0, 6.0, 0.06),
            "head.pitch": low(-24.0, -9.0, 0.06),
            "both.swing": low(112.0, 2.0, 0.05),
            "both.down": low(86.0, 74.0),
            "both.elbow": low(8.0, 16.0),
            "both.twist": low(0.0, -4.0),
            "both.foot.yaw": {0.0: 14.0},
            "knees": low(0.45, 0.15),
        },
        seconds,
    )


SEAT: dict[str, float] = {
    "hips.y": 0.545, "hips.z": -0.40, "hips.pitch": -6.0, "spine.pitch": 5.0, "chest.pitch": 5.0, "neck.pitch": 8.0,
    "head.pitch": -12.0, "both.swing": 22.0, "both.down": 76.0, "both.elbow": 33.0, "both.twist": -10.0,
    "both.roll": -30.0, "both.wrist": 12.0, "knees": 0.12,
}  # fmt: skip
"""Pose of a person on a seat 0.45 m high, with the hands on the thighs."""


def sit_down() -> Motion:
    """Sits down on a seat 0.45 m high."""
    seconds = 2.4
    lean = {"hips.pitch": 34.0, "spine.pitch": 10.0, "both.swing": 44.0, "both.elbow": 30.0, "head.pitch": -16.0}
    late = {"both.roll": 0.15, "both.wrist": 0.15, "head.pitch": 0.1, "neck.pitch": 0.1}

    def sit(channel: str, seated: float) -> Keys:
        stands = STANCE[channel.removeprefix("both.")]
        delay = late.get(channel, 0.0)
        path: Keys = {0.0: stands, 0.15: stands}
        if channel in lean:
            path[0.85 + delay] = lean[channel]
        return path | {1.75 + delay: seated, seconds: seated}

    table = {channel: sit(channel, seated) for channel, seated in SEAT.items()}
    table["hips.y"] = {
        0.0: STANCE["hips.y"],
        0.2: STANCE["hips.y"],
        1.45: 0.548,
        1.6: 0.542,
        1.8: 0.545,
        seconds: 0.545,
    }
    table["hips.z"] = {0.0: 0.0, 0.1: 0.0, 0.6: -0.10, 1.4: -0.39, 1.8: -0.40, seconds: -0.40}
    return perform(table, seconds, is_cycle=False, idle=0.4)


def sit() -> Motion:
    """Sits on a seat 0.45 m high and breathes."""
    table: dict[str, Keys] = {channel: {0.0: value} for channel, value in SEAT.items()}
    table["head.yaw"] = {0.5: -3.0, 2.2: 8.0, 3.4: 6.0, 5.6: -5.0}
    table["head.pitch"] = {0.3: -12.0, 2.4: -9.0, 5.0: -13.0}
    return perform(table, 7.2, breath=1.3, idle=0.5)


def jump() -> Motion:
    """Jumps up on the spot and lands on both feet."""
    seconds = 1.9
    stands = STANCE["hips.y"]
    up = {0.0: 0.0, 0.62: 0.0, 0.86: 0.27, 1.1: 0.0, seconds: 0.0}
    return perform(
        {
            "hips.y": {
                0.0: stands, 0.38: stands - 0.24, 0.6: stands + 0.012, 0.86: stands + 0.27, 1.1: stands - 0.02,
                1.28: stands - 0.19, 1.75: stands, seconds: stands,
            },
            "hips.z": {0.0: 0.0, 0.38: -0.10, 0.6: -0.01, 1.08: -0.01, 1.28: -0.08, 1.75: 0.0, seconds: 0.0},
            "hips.pitch": {0.0: 2.0, 0.38: 26.0, 0.62: 2.0, 1.05: 4.0, 1.28: 22.0, 1.75: 2.0, seconds: 2.0},
            "spine.pitch": {0.0: 0.0, 0.4: 12.0, 0.64: -3.0, 1.05: 2.0, 1.3: 9.0, 1.8: 0.0, seconds: 0.0},
            "head.pitch": {0.0: -9.0, 0.4: -20.0, 0.66: -12.0, 1.05: -9.0, 1.3: -18.0, 1.8: -9.0, seconds: -9.0},
            "both.swing": {0.0: 2.0, 0.34: -38.0, 0.74: 112.0, 0.92: 120.0, 1.36: 22.0, 1.6: 8.0, seconds: 2.0},
            "both.elbow": {0.0: 16.0, 0.36: 22.0, 0.62: 34.0, 0.9: 20.0, 1.3: 34.0, 1.75: 16.0, seconds: 16.0},
            "both.foot.y": up,
            "both.foot.pitch": {
                0.0: 0.0, 0.42: 0.0, 0.62: 38.0, 0.86: 32.0, 1.08: 12.0, 1.16: 0.0, seconds: 0.0,
            },
            "knees": {0.0: 0.15, 0.38: 0.3, 0.6: 0.15, 1.28: 0.3, seconds: 0.15},
        },
        seconds,
    )  # fmt: skip


def turn() -> Motion:
    """Turns to the left by half a circle in four steps."""
    seconds = 2.4
    x = STANCE["foot.x"]
    splay = STANCE["foot.yaw"]
    back = 180.0 - splay
    return perform(
        {
            "hips.yaw": {0.0: 0.0, 0.25: 6.0, 2.0: 176.0, seconds: 180.0},
            "head.yaw": {0.0: 0.0, 0.3: 22.0, 1.5: 14.0, 2.1: 0.0, seconds: 0.0},
            "upperChest.yaw": {0.0: 0.0, 0.35: 8.0, 1.5: 6.0, 2.1: 0.0, seconds: 0.0},
            "left.foot.x": {0.0: x, 0.15: x, 0.6: 0.04, 1.1: 0.04, 1.6: -x, seconds: -x},
            "left.foot.z": {0.0: 0.012, 0.15: 0.012, 0.6: -0.11, 1.1: -0.11, 1.6: -0.012, seconds: -0.012},
            "left.foot.yaw": {0.0: splay, 0.15: splay, 0.6: 90.0, 1.1: 90.0, 1.6: 180 + splay, seconds: 180 + splay},
            "left.foot.y": {0.0: 0.0, 0.15: 0.0, 0.36: 0.06, 0.6: 0.0, 1.1: 0.0, 1.34: 0.06, 1.6: 0.0, seconds: 0.0},
            "left.foot.pitch": {0.0: 0.0, 0.15: 4.0, 0.3: 14.0, 0.6: 0.0, 1.1: 4.0, 1.26: 14.0, 1.6: 0.0, seconds: 0.0},
            "right.foot.x": {0.0: -x, 0.62: -x, 1.08: 0.05, 1.62: 0.05, 2.05: x, seconds: x},
            "right.foot.z": {0.0: -0.016, 0.62: -0.016, 1.08: 0.12, 1.62: 0.12, 2.05: 0.016, seconds: 0.016},
            "right.foot.yaw": {0.0: -splay, 0.62: -splay, 1.08: 84.0, 1.62: 84.0, 2.05: back, seconds: back},
            "right.foot.y": {
                0.0: 0.0, 0.62: 0.0, 0.84: 0.06, 1.08: 0.0, 1.62: 0.0, 1.82: 0.05, 2.05: 0.0, seconds: 0.0,
            },
            "right.foot.pitch": {
                0.0: 0.0, 0.62: 4.0, 0.78: 14.0, 1.08: 0.0, 1.62: 4.0, 1.74: 14.0, 2.05: 0.0, seconds: 0.0,
            },
            "hips.x": {0.0: 0.0, 0.3: -0.03, 0.85: 0.03, 1.3: 0.03, 1.85: -0.03, seconds: 0.0},
            "hips.y": {
                0.0: STANCE["hips.y"], 0.35: STANCE["hips.y"] - 0.015, 1.9: STANCE["hips.y"] - 0.012,
                seconds: STANCE["hips.y"],
            },
            "both.elbow": {0.0: 16.0, 0.5: 22.0, 1.8: 22.0, seconds: 16.0},
            "left.swing": {0.0: 2.0, 0.5: -8.0, 1.5: -4.0, seconds: 2.0},
            "right.swing": {0.0: 2.0, 0.5: 10.0, 1.5: 6.0, seconds: 2.0},
        },
        seconds,
        is_cycle=False,
        idle=0.3,
    )  # fmt: skip


def t_pose() -> Motion:
    """Stands still in the T-pose."""
    table: Table = {
        **{f"{channel}.pitch": {0.0: 0.0} for channel in ("hips", "chest", "upperChest", "neck", "head")},
        **{f"both.{channel}": {0.0: 0.0} for channel in ("down", "swing", "twist", "elbow", "wrist", "foot.yaw")},
        "left.foot.x": {0.0: 0.097},
        "right.foot.x": {0.0: -0.097},
        "both.foot.z": {0.0: -0.0077},
        "hips.y": {0.0: STANCE["hips.y"] + 0.0086},
        "knees": {0.0: 0.0},
    }
    return perform(table, 1.0, breath=0.0, idle=0.0)


PROCEDURAL: dict[str, tuple[Callable[[], Motion], bool, str]] = {
    "bow": (bow, True, "bow with straight legs"),
    "cheer": (cheer, True, "both arms up, fists shaken"),
    "clap": (clap, True, "clapping before the chest"),
    "idle": (breathe, True, "standing and breathing, the weight shifts"),
    "jump": (jump, True, "jump up on the spot"),
    "nod": (nod, True, "two nods"),
    "run": (lambda: perform_gait(RUN), True, "run straight ahead"),
    "run-in-place": (lambda: perform_gait(JOG), True, "jogging on the spot"),
    "shake-head": (shake_head, True, "shake of the head"),
    "sit": (sit, True, "sitting and breathing, seat 0.45 m high"),
    "sit-down": (sit_down, False, "from standing to the first frame of sit"),
    "squat": (squat, True, "deep squat with stretched arms"),
    "t-pose": (t_pose, True, "T-pose, still"),
    "turn": (turn, False, "half a turn to the left in four steps"),
    "walk-in-place": (lambda: perform_gait(MARCH), True, "walking on the spot"),
    "wave": (wave, True, "greeting with the right hand"),
}
"""Name -> the function that performs the motion, whether it is a loop, and its description."""
