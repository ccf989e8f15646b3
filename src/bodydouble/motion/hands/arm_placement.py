"""Places the wrists of a motion where the hands were seen, and turns the arms accordingly.

1. A wrist lies on the line of sight of that of the hand. Its depth is that of the body and that by the size of the
   hand, weighted by their variances. The latter counts more: a hand is as long as the palm of its forearm makes it.
2. A hand that is seen before head or trunk is not inside them, and touches what it is close to.
3. Hands that overlap in the image touch each other if their depths are similar, and never intersect.
4. Shoulders stay. The elbow stays as near as possible to its place in the image.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bodydouble.data import BoolArray, FloatArray, Motion
from bodydouble.data.windows import shift, split_into_windows
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.geometry.two_bone_ik import MAX_REACH, solve_towards
from bodydouble.motion.face.temporal import ease_gaps
from bodydouble.motion.fit.solve import as_float64
from bodydouble.motion.hands.contact_depths import nearest_free_steps, steps_in_front
from bodydouble.motion.hands.surfaces import Spheres, body_spheres, hand_spheres
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.motion.resampling.smoothing import robust_whittaker

SIDES = ("left", "right")
WINDOW_FRAMES, WINDOW_MARGIN_SECONDS = 3000, 10.0
"""Length of the windows in which long clips are processed, in frames, and their overlap on either side, in s."""
BODY_DEPTH_SIGMA = 0.15
"""Standard deviation of the depth of a wrist of the body, m."""
SIZE_SIGMA = 0.06
"""Standard deviation of the size of a hand relative to that by the body."""
FOCAL_LENGTH_SIGMA = 0.35
"""Standard deviation of the logarithm of the focal length; see docs/architecture.md#focal-length."""
STRETCHES = np.geomspace(0.4, 1.25, 40)
"""True focal lengths, relative to that of the camera, that are tried."""
STRETCH_SIGMA = 0.15
"""Standard deviation of the stretch that remains."""
INDEPENDENT_TIME = 1.0
"""Time in s after which errors of the depth of a hand are independent."""
ELBOW_SIGMA = 0.04
"""Standard deviation of the elbow's place across the line of sight, m."""
DEPTH_COUNT = 15
"""Number of depths of a wrist that are tried."""
CUTOFF_HZ, DEPTH_CUTOFF_HZ = 6.0, 3.0
"""Frequencies at which the amplitude of corrections across and along the line of sight is halved."""
OUTLIER = 0.05
"""Deviation of one frame in m that halves its weight."""
TOUCH_DISTANCE, FREE_DISTANCE = 0.06, 0.12
"""Gap in m along the line of sight up to which surfaces touch, and from which on they are free."""
CONTACT_SIGMA_TIME = 0.06
"""Standard deviation in s of the smoothing of contacts."""
SWIVEL_COUNT = 48
"""Number of places of the elbow on its circle that are tried."""
SWIVEL_BLEND = 0.02
"""Distance in m within which places of the elbow are averaged."""
DEPTH_SHARE = 0.3
"""Weight of the distance of the elbow along the line of sight relative to that in the image."""


@dataclass(frozen=True, slots=True)
class SeenHand:
    """A hand over T frames, in camera axes, as large as the body's."""

    observed: BoolArray
    """(T,)."""
    rays: FloatArray
    """(T, 3) line of sight of the wrist, z = 1."""
    depths: FloatArray
    """(T,) m of the wrist, by the size of the hand."""
    landmarks: FloatArray
    """(T, 21, 3) m, relative to the wrist; float32 in long clips."""
    palm_length: float
    """m."""

    def __getitem__(self, frames: slice) -> "SeenHand":
        landmarks = as_float64(self.landmarks[frames])
        return SeenHand(self.observed[frames], self.rays[frames], self.depths[frames], landmarks, self.palm_length)

    def spheres(self, wrists: FloatArray) -> Spheres:
        """Returns the surface of the hand with a wrist at (T, 3) m."""
        return hand_spheres(self.landmarks + wrists[:, None], self.palm_length)


@dataclass(frozen=True, slots=True)
class _Arm:
    """An arm over T frames, in camera axes."""

    shoulder: FloatArray
    """(T, 3) m."""
    elbow: FloatArray
    """(T, 3) m."""
    wrist: FloatArray
    """(T, 3) m."""

    @property
    def reach(self) -> float:
        """Length of the arm, m."""
        return float(np.linalg.norm(self.elbow[0] - self.shoulder[0]) + np.linalg.norm(self.wrist[0] - self.elbow[0]))


def place_arms(motion: Motion, camera_from_world: FloatArray, hands: Mapping[str, SeenHand]) -> Motion:
    """Returns the motion with the wrists where the hands were seen.

    Hands so far away that their size tells less about their depth than the body does leave the arms as they are.

    Args:
        motion: T frames of ``humanoid.JOINTS``.
        camera_from_world: (T, 4, 4).
        hands: left and right hand, of those that were observed in at least one frame.
    """
    hands = {side: hand for side, hand in hands.items() if _is_near(hand)}
    if not hands:
        return motion
    frames, fps = len(motion.rotations), float(motion.fps)
    windows = list(split_into_windows(frames, WINDOW_FRAMES, round(WINDOW_MARGIN_SECONDS * fps)))
    stretch = _estimate_stretch(_measure_arms(motion, camera_from_world, hands, [inner for inner, _ in windows]), fps)
    rotations = np.empty_like(motion.rotations)
    for inner, outer in windows:
        seen = {side: hand[outer] for side, hand in hands.items() if hand.observed[outer].any()}
        placed = _place_in_window(slice_motion(motion, outer), camera_from_world[outer], seen, stretch)
        rotations[inner] = placed.rotations[shift(inner, outer)]
    return replace(motion, rotations=rotations if len(windows) == 1 else rotation.make_continuous(rotations))


def _place_in_window(
    motion: Motion, camera_from_world: FloatArray, hands: Mapping[str, SeenHand], stretch: float
) -> Motion:
    """Returns some frames of a motion with the wrists where the hands were seen; arguments as for ``place_arms``."""
    arms, positions, turned = _pose_arms(motion, camera_from_world, hands)
    fps = float(motion.fps)
    hands = {side: _unstretch_depths(arms[side], hand, stretch) for side, hand in hands.items()}
    wrists = {side: _seen_wrists(arms[side], hand, fps) for side, hand in hands.items()}
    body = body_spheres(motion.skeleton, positions, turned)
    wrists = {side: _touch_body(wrists[side], hand, body, fps) for side, hand in hands.items()}
    if len(wrists) == len(SIDES):
        wrists = _touch_each_other(wrists, hands, fps)
    for side, arm in arms.items():
        motion = _turn_arm(motion, side, arm, wrists[side], turned)
    return motion


def _pose_arms(
    motion: Motion, camera_from_world: FloatArray, sides: Iterable[str]
) -> tuple[dict[str, _Arm], FloatArray, FloatArray]:
    """Returns arms, and positions (T, 22, 3) m and rotations (T, 22, 4) of all joints, in camera axes."""
    positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    positions = camera.transform(camera_from_world, positions)
    turned = rotation.multiply(rotation.from_matrix(camera_from_world[:, :3, :3])[:, None], world)
    return {side: _arm(motion, positions, side) for side in sides}, positions, turned


def _measure_arms(
    motion: Motion, camera_from_world: FloatArray, hands: Mapping[str, SeenHand], windows: Sequence[slice]
) -> Iterator[dict[str, tuple[FloatArray, FloatArray, FloatArray]]]:
    """Yields for each window and side the depths (N,) m, where the hand was observed, by body and size.

    The first two are those of the wrist relative to the shoulder, by the body and by the size of the hand; the third
    is that by the size itself.
    """
    for window in windows:
        arms, _, _ = _pose_arms(slice_motion(motion, window), camera_from_world[window], hands)
        depths = {}
        for side, arm in arms.items():
            hand = hands[side][window]
            seen = hand.observed
            shoulder, size = arm.shoulder[seen, 2], hand.depths[seen]
            depths[side] = arm.wrist[seen, 2] - shoulder, size - shoulder, size
        yield depths


def _is_near(hand: SeenHand) -> bool:
    return bool(SIZE_SIGMA * np.median(hand.depths[hand.observed]) < BODY_DEPTH_SIGMA)


def _arm(motion: Motion, positions: FloatArray, side: str) -> _Arm:
    joints = (motion.skeleton.index(side + part) for part in ("UpperArm", "LowerArm", "Hand"))
    return _Arm(*(positions[:, joint] for joint in joints))


def _estimate_stretch(depths: Iterable[Mapping[str, tuple[FloatArray, FloatArray, FloatArray]]], fps: float) -> float:
    """Returns the factor by which a better focal length would stretch the depths of hands relative to the shoulder.

    Those depths by size are proportional to the focal length. Its error is the factor, the same over the clip, that
    makes them agree best with those of the body.
    """
    costs = (np.log(STRETCHES) / FOCAL_LENGTH_SIGMA) ** 2
    for window in depths:
        for by_body, by_size, size in window.values():
            variance = BODY_DEPTH_SIGMA**2 + (SIZE_SIGMA * size) ** 2
            square = (by_body - by_size * STRETCHES[:, None]) ** 2 / variance
            costs += np.log1p(square).sum(axis=1) / (fps * INDEPENDENT_TIME)
    return float(STRETCHES[np.argmin(costs)])


def _unstretch_depths(arm: _Arm, hand: SeenHand, stretch: float) -> SeenHand:
    """Returns a hand with the depths that a better focal length would give."""
    return replace(hand, depths=arm.shoulder[:, 2] + stretch * (hand.depths - arm.shoulder[:, 2]))


def _seen_wrists(arm: _Arm, hand: SeenHand, fps: float) -> FloatArray:
    """Returns the wrists (T, 3) m by the hand and the body; those of the body where the hand is not seen for long."""
    depths = _smooth(_expected_depths(arm, hand) - arm.wrist[:, 2], hand.observed, fps, DEPTH_CUTOFF_HZ)
    places = _within_reach(hand.rays * (arm.wrist[:, 2] + depths)[:, None], hand.rays, arm)
    steps = [_smooth(step, hand.observed, fps, CUTOFF_HZ) for step in (places - arm.wrist).T]
    return arm.wrist + ease_gaps(np.stack(steps, axis=1), hand.observed, fps)


def _expected_depths(arm: _Arm, hand: SeenHand) -> FloatArray:
    """Returns the expected depth (T,) m of the wrist by that of the body, the size of the hand, and the elbow."""
    known = np.stack([arm.wrist[:, 2], np.where(hand.observed, hand.depths, arm.wrist[:, 2])], axis=1)
    share = np.linspace(0.0, 1.0, DEPTH_COUNT)
    depths = known.min(axis=1)[:, None] * (1 - share) + known.max(axis=1)[:, None] * share
    cost = ((depths - known[:, :1]) / BODY_DEPTH_SIGMA) ** 2
    sigma = np.hypot(SIZE_SIGMA * known[:, 1], STRETCH_SIGMA * (known[:, 1] - arm.shoulder[:, 2]))
    cost += ((depths - known[:, 1:]) / sigma[:, None]) ** 2
    for column in range(DEPTH_COUNT):
        elbow = _place_elbow(arm, hand.rays * depths[:, column, None])
        error = elbow[:, :2] / elbow[:, 2:] - arm.elbow[:, :2] / arm.elbow[:, 2:]
        cost[:, column] += ((error * arm.elbow[:, 2:] / ELBOW_SIGMA) ** 2).sum(axis=1)
    weights = np.exp(-(cost - cost.min(axis=1, keepdims=True)) / 2)
    return np.asarray((weights * depths).sum(axis=1) / weights.sum(axis=1))


def _smooth(values: FloatArray, observed: BoolArray, fps: float, cutoff: float) -> FloatArray:
    """Smooths values (T,) m over the frames in which the hand was observed."""
    known = np.where(observed, values, np.nan)[:, None]
    return robust_whittaker(known, observed[:, None].astype(float), fps, cutoff, np.array(OUTLIER))[:, 0]


def _within_reach(wrists: FloatArray, rays: FloatArray, arm: _Arm) -> FloatArray:
    """Moves wrists (T, 3) along their lines of sight into reach of the shoulder; beside it where no line is."""
    direction = rotation.normalize(rays)
    along = ((arm.shoulder - wrists) * direction).sum(axis=1)
    square = (MAX_REACH * arm.reach) ** 2 - ((arm.shoulder - wrists - along[:, None] * direction) ** 2).sum(axis=1)
    half = np.sqrt(np.maximum(square, 0.0))
    step = np.clip(0.0, along - half, along + half)
    return np.asarray(wrists + step[:, None] * direction)


def _touch_body(wrists: FloatArray, hand: SeenHand, body: Spheres, fps: float) -> FloatArray:
    """Brings a hand to the surface of the body where it is close before it, and out of it where it is inside."""
    steps = steps_in_front(_shear(hand.spheres(wrists), hand.rays), _shear(body, hand.rays))
    steps = np.where(hand.observed, np.nan_to_num(steps, nan=np.inf), np.inf)
    steps = np.where(np.isfinite(steps), _touch_weight(steps) * np.nan_to_num(steps, posinf=0.0), 0.0)
    return wrists + _smooth_contact(steps, fps)[:, None] * hand.rays


def _touch_each_other(
    wrists: Mapping[str, FloatArray], hands: Mapping[str, SeenHand], fps: float
) -> dict[str, FloatArray]:
    """Moves both hands, each by half, so that they touch where they overlap in the image at similar depths."""
    left, right = (hands[side] for side in SIDES)
    rays = (left.rays + right.rays) / 2
    moved, fixed = (_shear(hands[side].spheres(wrists[side]), rays) for side in ("right", "left"))
    nearer, farther, inside = nearest_free_steps(moved, fixed)
    steps = _consistent_steps(nearer, farther, inside, left.observed & right.observed)
    steps = _smooth_contact(steps, fps)
    return {
        "left": wrists["left"] - steps[:, None] / 2 * left.rays,
        "right": wrists["right"] + steps[:, None] / 2 * right.rays,
    }


def _consistent_steps(nearer: FloatArray, farther: FloatArray, inside: BoolArray, observed: BoolArray) -> FloatArray:
    """Returns the step (T,) that makes hands touch: to the same side as long as they stay together."""
    costs = np.stack([np.abs(np.nan_to_num(step, nan=np.inf)) for step in (nearer, farther)])
    near = observed & (costs.min(axis=0) < FREE_DISTANCE)
    steps = np.zeros(len(observed))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], near, [False]]).astype(int))).reshape(-1, 2)
    for start, stop in edges:
        rows = slice(start, stop)
        total = np.minimum(costs[:, rows], FREE_DISTANCE).sum(axis=1)
        step = (nearer if total[0] <= total[1] else farther)[rows]
        weight = np.where(inside[rows], 1.0, _touch_weight(np.abs(step)))
        steps[rows] = np.nan_to_num(weight * step)
    return steps


def _touch_weight(gaps: FloatArray) -> FloatArray:
    """Returns weights (T,): 1 where surfaces intersect or touch, falling smoothly to 0 where they are free."""
    free = np.clip((gaps - TOUCH_DISTANCE) / (FREE_DISTANCE - TOUCH_DISTANCE), 0.0, 1.0)
    return np.asarray(1 - free**2 * (3 - 2 * free))


def _smooth_contact(steps: FloatArray, fps: float) -> FloatArray:
    return np.asarray(gaussian_filter1d(steps, CONTACT_SIGMA_TIME * fps, mode="nearest"))


def _shear(spheres: Spheres, rays: FloatArray) -> Spheres:
    """Shears spheres so that a step along the line of sight (T, 3) is one in z."""
    centers = spheres.centers.copy()
    centers[..., :2] -= centers[..., 2:] * rays[:, None, :2]
    return Spheres(centers, spheres.radii)


def _turn_arm(motion: Motion, side: str, arm: _Arm, wrists: FloatArray, camera_from_joint: FloatArray) -> Motion:
    """Turns upper arm and forearm so that the wrist is at (T, 3) m, camera axes; the hand keeps its rotation there."""
    turns = solve_towards(arm.shoulder, arm.elbow, arm.wrist, wrists, _place_elbow(arm, wrists))
    new = camera_from_joint.copy()
    upper, lower, hand = (motion.skeleton.index(side + part) for part in ("UpperArm", "LowerArm", "Hand"))
    new[:, upper], new[:, lower] = (
        rotation.multiply(turn, new[:, joint]) for turn, joint in zip(turns, (upper, lower), strict=True)
    )
    rotations = motion.rotations.copy()
    local = kinematics.local_rotations(motion.skeleton.parents, new)
    rotations[:, [upper, lower, hand]] = local[:, [upper, lower, hand]]
    return replace(motion, rotations=rotation.make_continuous(rotation.normalize(rotations)))


def _place_elbow(arm: _Arm, wrists: FloatArray) -> FloatArray:
    """Returns the place (T, 3) m of the elbow on its circle that is nearest to where it was, above all in the image."""
    lengths = np.linalg.norm(arm.elbow - arm.shoulder, axis=1), np.linalg.norm(arm.wrist - arm.elbow, axis=1)
    chord = wrists - arm.shoulder
    distance = np.clip(np.linalg.norm(chord, axis=1), np.abs(lengths[0] - lengths[1]) + 1e-6, sum(lengths))
    along = (lengths[0] ** 2 + distance**2 - lengths[1] ** 2) / (2 * distance)
    radius = np.sqrt(np.maximum(lengths[0] ** 2 - along**2, 0.0))
    axis = rotation.normalize(chord)
    first = rotation.normalize(np.cross(axis, rotation.normalize(np.cross(axis, arm.elbow))))
    angles = np.linspace(0, 2 * np.pi, SWIVEL_COUNT, endpoint=False)[:, None]
    circle = np.cos(angles) * first[:, None] + np.sin(angles) * np.cross(axis, first)[:, None]
    places = (arm.shoulder + along[:, None] * axis)[:, None] + radius[:, None, None] * circle
    steps = places - arm.elbow[:, None]
    depth = (steps * rotation.normalize(arm.elbow)[:, None]).sum(axis=-1)
    cost = (steps**2).sum(axis=-1) - (1 - DEPTH_SHARE**2) * depth**2
    weights = np.exp(-(cost - cost.min(axis=1, keepdims=True)) / SWIVEL_BLEND**2)
    return np.asarray((weights[..., None] * places).sum(axis=1) / weights.sum(axis=1)[:, None])
