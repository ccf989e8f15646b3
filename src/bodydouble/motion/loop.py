"""Seamless loops: the best cycle of a ``Motion``, cut and blended so that its end continues into its start.

1. Poses are compared by joint positions and velocities relative to the hips, and by foot contacts.
2. The cycle with the smallest distance between its ends, relative to the largest distance within it, is cut out.
3. The difference of pose and velocity at the seam decays to zero within some frames of both ends (inertialization).

A loop ends with the frame with which it begins; a loop that travels ends further along by its net displacement.

Source: L. Kovar, M. Gleicher and F. Pighin, "Motion graphs" (2002); D. Bollo, "Inertialization: high-performance
animation transitions in Gears of War" (2018).
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from bodydouble.data import Face, FloatArray, Motion
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.resampling.motion import interpolate_motion, slice_motion

MIN_SECONDS = 0.5
"""Minimum duration of a cycle, s."""
BLEND_SECONDS = 0.3
"""Maximum time in s at each end over which the difference at the seam decays."""
VELOCITY_SECONDS = 0.1
"""Time in s by which a difference of velocity is multiplied to compare it with one of position."""
CONTACT_DISTANCE = 0.05
"""Distance in m that counts like a foot that rests at one end only."""
MAX_SEAM = 0.5
"""Maximum distance between the ends of a cycle, relative to the largest distance within it."""
MAX_CANDIDATES = 1200
"""Maximum number of frames that are compared with each other; of longer motions every n-th frame is."""
PERIODIC_TOLERANCE = 1e-3
"""Maximum distance in m of a joint between the ends of a motion that is periodic already."""
CONTEXT_CYCLES = 2
"""Number of repetitions before and after a cycle, beyond which a contact does not reach it."""
HORIZONTAL = np.array([1.0, 0.0, 1.0])


def make_loop(motion: Motion) -> Motion:
    """Cuts the best cycle out of a motion and makes its ends meet in pose and velocity.

    Args:
        motion: T frames.

    Returns:
        The cycle, whose last frame is its first one, moved by the net displacement. A motion whose ends meet already
        is returned unchanged.

    Raises:
        InvalidDataError: the motion is too short, or no part of it repeats.
    """
    return motion if is_periodic(motion) else close_cycle(motion, *find_cycle(motion))


def close_cycle(motion: Motion, start: int, end: int) -> Motion:
    """Cuts the frames from start to end out of a motion and makes their ends meet in pose and velocity."""
    shift = _net_displacement(motion, start, end)
    differences = _pose_differences(motion, start, end, shift), _velocity_differences(motion, start, end)
    cycle = _distribute(slice_motion(motion, slice(start, end + 1)), *differences)
    return _close(cycle, shift)


def close_face(face: Face, start: int, end: int, fps: Fraction) -> Face:
    """Cuts the frames from start to end out of a face and makes their ends meet."""
    frames = slice(start, end + 1)
    weights, gaze = (
        values[frames]
        + _decaying_offsets(values[end] - values[start], np.zeros_like(values[start]), end - start + 1, fps)
        for values in (face.weights, face.gaze)
    )
    return Face(face.observed[frames], np.clip(weights, 0.0, 1.0), gaze)


def is_periodic(motion: Motion) -> bool:
    """Returns whether the last frame of a motion is its first one, moved horizontally, and the velocity goes on."""
    if len(motion.rotations) < MIN_SECONDS * motion.fps:
        return False
    poses = _relative_positions(motion)
    if np.linalg.norm(poses[-1] - poses[0], axis=-1).max() > PERIODIC_TOLERANCE:
        return False
    steps = np.diff(kinematics.joint_positions(motion), axis=0)
    changes = np.linalg.norm(np.diff(steps, axis=0), axis=-1).max(axis=1)
    return bool(np.linalg.norm(steps[0] - steps[-1], axis=-1).max() <= 1.5 * changes.max() + 1e-6)


def find_cycle(motion: Motion) -> tuple[int, int]:
    """Finds the first and the last frame of the best cycle, at least MIN_SECONDS apart.

    Raises:
        InvalidDataError: the motion is too short, or no part of it repeats.
    """
    min_frames = int(np.ceil(MIN_SECONDS * motion.fps))
    if len(motion.rotations) <= min_frames:
        raise InvalidDataError(f"a motion of {len(motion.rotations)} frames is too short to loop")
    features = _features(motion)
    stride = -(-len(features) // MAX_CANDIDATES)
    frames = np.arange(0, len(features), stride)
    start, end, seam = _best_pair(features[frames], -(-min_frames // stride))
    if seam > MAX_SEAM:
        raise InvalidDataError(f"no part of the motion repeats: the best cycle is open by {100 * seam:.0f} %")
    if stride == 1:
        return start, end
    return _refine(features, int(frames[start]), int(frames[end]), stride, min_frames)


def repeat_cycle(loop: Motion, count: int) -> Motion:
    """Repeats a loop of N frames; returns count (N - 1) + 1 frames that go on along the path."""
    cycle = len(loop.rotations) - 1
    index = np.append(np.tile(np.arange(cycle), count), cycle)
    shift = (loop.root_position[-1] - loop.root_position[0]) * HORIZONTAL
    turns = np.append(np.repeat(np.arange(count), cycle), count - 1)
    repeated = slice_motion(loop, index)
    return replace(
        repeated,
        rotations=rotation.make_continuous(repeated.rotations),
        root_position=repeated.root_position + turns[:, None] * shift,
    )


def add_context(loop: Motion) -> tuple[Motion, slice]:
    """Repeats a loop before and after itself; returns the frames of the cycle in the middle, too."""
    cycle = len(loop.rotations) - 1
    first = CONTEXT_CYCLES * cycle
    return repeat_cycle(loop, 2 * CONTEXT_CYCLES + 1), slice(first, first + cycle + 1)


def resample_loop(loop: Motion, fps: Fraction) -> Motion:
    """Resamples a loop to another frame rate; its duration becomes the nearest whole number of frames."""
    steps = len(loop.rotations) - 1
    count = max(round(steps * fps / loop.fps), 1)
    return replace(interpolate_motion(loop, np.arange(steps + 1), np.linspace(0, steps, count + 1)), fps=fps)


def _relative_positions(motion: Motion) -> FloatArray:
    """Returns the positions (T, J, 3) m of the joints relative to the point of the floor below the hips."""
    return np.asarray(kinematics.joint_positions(motion) - motion.root_position[:, None] * HORIZONTAL)


def _features(motion: Motion) -> FloatArray:
    """Returns features (T, K) whose mean squared difference is the squared distance in m of two frames."""
    frames, joints = motion.rotations.shape[:2]
    velocities = np.gradient(kinematics.joint_positions(motion), axis=0) * float(motion.fps)
    body = np.concatenate([_relative_positions(motion), VELOCITY_SECONDS * velocities], axis=-1).reshape(frames, -1)
    feet = CONTACT_DISTANCE * np.nan_to_num(motion.contacts)
    return np.concatenate([body / np.sqrt(joints), feet / np.sqrt(feet.shape[1])], axis=1)


def _best_pair(features: FloatArray, min_frames: int) -> tuple[int, int, float]:
    """Returns the ends of the cycle that closes best, and the distance of its ends relative to its largest one."""
    squares = np.sum(features**2, axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * features @ features.T, 0.0))
    frames = np.arange(len(features))
    is_later = frames >= frames[:, None]
    reach = np.maximum.accumulate(np.where(is_later, distances, 0.0), axis=1)
    openness = np.where(frames - frames[:, None] >= min_frames, distances / np.maximum(reach, 1e-9), np.inf)
    start, end = np.unravel_index(int(np.argmin(openness)), openness.shape)
    return int(start), int(end), float(openness[start, end])


def _refine(features: FloatArray, start: int, end: int, stride: int, min_frames: int) -> tuple[int, int]:
    """Returns the frames around a pair that are most alike."""
    candidates = [
        (float(np.sum((features[s] - features[e]) ** 2)), s, e)
        for s in range(max(start - stride, 0), start + stride + 1)
        for e in range(end - stride, min(end + stride + 1, len(features)))
        if e - s >= min_frames
    ]
    _, start, end = min(candidates)
    return start, end


def _net_displacement(motion: Motion, start: int, end: int) -> FloatArray:
    """Returns the horizontal step (3,) m of a cycle: that of the feet that rest at both ends, else of the hips."""
    feet = [motion.skeleton.joint_names.index(name) for name in ("leftFoot", "rightFoot") if name in _names(motion)]
    hips_step = motion.root_position[end] - motion.root_position[start]
    if len(feet) == 2:
        contacts = np.nan_to_num(motion.contacts[[start, end]]).reshape(2, 2, 2).max(axis=-1).min(axis=0)
        positions = kinematics.joint_positions(motion)[:, feet]
        resting = np.where(contacts >= 0.5, contacts, 0.0)
        if resting.any():
            hips_step = np.average(positions[end] - positions[start], axis=0, weights=resting)
    return np.asarray(hips_step * HORIZONTAL)


def _names(motion: Motion) -> tuple[str, ...]:
    return motion.skeleton.joint_names


def _pose_differences(motion: Motion, start: int, end: int, shift: FloatArray) -> FloatArray:
    """Returns (J + 1, 3): rotation vectors from the start of a cycle to its end, and the step of the hips in m."""
    turn = rotation.multiply(rotation.conjugate(motion.rotations[start]), motion.rotations[end])
    step = motion.root_position[end] - shift - motion.root_position[start]
    return np.concatenate([rotation.to_rotvec(turn), step[None]])


def _velocity_differences(motion: Motion, start: int, end: int) -> FloatArray:
    """Returns (J + 1, 3): angular velocity at the end of a cycle less that at its start, and that of the hips."""
    return _velocity(motion, end) - _velocity(motion, start)


def _velocity(motion: Motion, frame: int) -> FloatArray:
    """Returns (J + 1, 3) rad and m per frame: the mean of the steps before and after, extrapolated at the ends."""
    first = min(max(frame - 1, 0), len(motion.rotations) - 3)
    rotations, hips = motion.rotations[first : first + 3], motion.root_position[first : first + 3]
    turns = rotation.to_rotvec(rotation.multiply(rotation.conjugate(rotations[:-1]), rotations[1:]))
    steps = np.concatenate([turns, np.diff(hips, axis=0)[:, None]], axis=1)
    weight = frame - first - 0.5
    return np.asarray((1 - weight) * steps[0] + weight * steps[1])


def _distribute(cycle: Motion, pose: FloatArray, velocity: FloatArray) -> Motion:
    """Adds half of the differences (J + 1, 3) at the start of a cycle and takes half at its end; both decay."""
    offsets = _decaying_offsets(pose, velocity, len(cycle.rotations), cycle.fps)
    return replace(
        cycle,
        rotations=rotation.normalize(rotation.multiply(cycle.rotations, rotation.from_rotvec(offsets[:, :-1]))),
        root_position=cycle.root_position + offsets[:, -1],
    )


def _decaying_offsets(value: FloatArray, slope: FloatArray, count: int, fps: Fraction) -> FloatArray:
    """Returns offsets (count, ...) that distribute a difference of value and slope per frame to both ends."""
    length = min(round(BLEND_SECONDS * fps), (count - 1) // 2)
    offsets = np.zeros((count, *value.shape))
    offsets[: length + 1] += _decay(value / 2, slope / 2, length)
    offsets[count - 1 - length :] += _decay(-value / 2, slope / 2, length)[::-1]
    return offsets


def _decay(value: FloatArray, slope: FloatArray, length: int) -> FloatArray:
    """Returns the cubic (length + 1, ...) with a value and a slope per frame at 0, both of which end at 0."""
    u = np.linspace(0.0, 1.0, length + 1).reshape(-1, *[1] * value.ndim)
    return np.asarray((2 * u**3 - 3 * u**2 + 1) * value + (u**3 - 2 * u**2 + u) * length * slope)


def _close(cycle: Motion, shift: FloatArray) -> Motion:
    """Makes the last frame equal the first, moved by the net displacement (3,)."""
    rotations, root_position, contacts = cycle.rotations.copy(), cycle.root_position.copy(), cycle.contacts.copy()
    rotations[-1], root_position[-1], contacts[-1] = rotations[0], root_position[0] + shift, contacts[0]
    return replace(cycle, rotations=rotation.make_continuous(rotations), root_position=root_position, contacts=contacts)
