"""Fit of a performance to annotations by hand: its time, how near landmarks come, and that the rest stays.

Random annotations are applied to ten seconds of a performance. A shorter one is played forth and back. Single
landmarks are dragged from where the motion has them. Whole poses are the keypoints of the networks, which are not
exactly those of one rigid skeleton; so they show how far bones let landmarks come.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.bench.corrections import REACH_SECONDS, fit_duration
from bodydouble.data import FloatArray, Performance, Person
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.annotations.apply import apply_annotations
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.skeletons import blazepose, coco

REFERENCE_HEIGHT = 720
"""Height in px of the image to which distances are scaled."""
DRAG_RANGE = (5.0, 20.0)
"""Minimum and maximum distance by which landmarks are dragged, px of an image of the reference height."""
NEAR = 2.0
"""Distance in px of an image of the reference height within which a landmark counts as near."""
KEY_FRAMES = 10
"""Frames between keys."""
LIMB_LANDMARKS = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("wrist", "elbow", "knee", "ankle"))


@dataclass(frozen=True, slots=True)
class AnnotationFigures:
    """Figures of annotations of one kind."""

    kind: str
    count: int
    """Number of fits."""
    cpu_seconds: float
    """Maximum processor time of one fit, s."""
    elapsed_seconds: float
    """Maximum elapsed time of one fit, s."""
    untouched_mm: float
    """Maximum movement of a joint away from the annotations, mm; NaN if all frames are near some."""
    median_px: float
    """Median distance of landmarks from keyed places, px of an image of the reference height."""
    percentile_95_px: float
    near_percent: float
    """Landmarks within 2 px, in %."""


def measure_annotations(performance: Performance, count: int, seed: int) -> list[AnnotationFigures]:
    """Measures random annotations of each kind.

    Args:
        performance: with at least one person.
        count: number of annotations of single landmarks, and of poses; the clip is annotated throughout once.
        seed: of the random numbers.

    Raises:
        InvalidDataError: there is no person.
        ModelError: the lifter cannot be loaded.
    """
    if not performance.people:
        raise InvalidDataError("the performance shows nobody")
    clip, rng = fit_duration(performance), np.random.default_rng(seed)
    apply_annotations(clip, Annotations(tuple(_drag_landmark(clip, rng))))  # loads the lifter
    kinds = {
        "landmark": [_drag_landmark(clip, rng) for _ in range(count)],
        "pose": [_take_poses(clip.people[0], clip, _random_frames(clip, rng)) for _ in range(count)],
        "all poses": [_take_poses(clip.people[0], clip, range(0, clip.frame_count, KEY_FRAMES))],
    }
    return [_measure_kind(clip, kind, [Annotations(tuple(k)) for k in sets]) for kind, sets in kinds.items()]


def _random_frames(clip: Performance, rng: np.random.Generator) -> range:
    """Returns three keyed frames."""
    first = int(rng.integers(0, max(clip.frame_count - 2 * KEY_FRAMES, 1)))
    return range(first, min(first + 2 * KEY_FRAMES + 1, clip.frame_count), KEY_FRAMES)


def _drag_landmark(clip: Performance, rng: np.random.Generator) -> list[AnnotatedKeypoint]:
    """Returns two keys of a random landmark of a limb, dragged by the same way."""
    person = clip.people[int(rng.integers(len(clip.people)))]
    landmark, frames = LIMB_LANDMARKS[int(rng.integers(len(LIMB_LANDMARKS)))], _random_frames(clip, rng)
    angle, distance = (
        rng.uniform(-np.pi, np.pi),
        rng.uniform(*DRAG_RANGE) * clip.camera.image_size[1] / REFERENCE_HEIGHT,
    )
    shift = distance * np.array([np.cos(angle), np.sin(angle)])
    places = _project(clip, person)[:, blazepose.INDEX[landmark]] + shift
    return list(_keys(person.name, landmark, clip, {frame: places[frame] for frame in (frames[0], frames[-1])}))


def _take_poses(person: Person, clip: Performance, frames: Iterable[int]) -> list[AnnotatedKeypoint]:
    """Returns the observed keypoints of COCO of a person in some frames as keys."""
    shown = [frame for frame in frames if person.track.observed[frame]]
    return [
        key
        for landmark in coco.KEYPOINTS
        for key in _keys(
            person.name,
            landmark,
            clip,
            {frame: person.track.keypoints[frame, blazepose.INDEX[landmark], :2] for frame in shown},
        )
    ]


def _keys(person: str, landmark: str, clip: Performance, places: dict[int, FloatArray]) -> Iterable[AnnotatedKeypoint]:
    """Yields keys at places (2,) px by frame, without those outside the image."""
    for frame, place in places.items():
        if np.all((place >= 0) & (place <= clip.camera.image_size)):
            yield AnnotatedKeypoint(person, frame, landmark, pixel=(float(place[0]), float(place[1])))


def _project(clip: Performance, person: Person) -> FloatArray:
    motion, view = person.motion, clip.camera
    points = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    return camera.project(view.intrinsics, camera.transform(view.camera_from_world[person.track.frames], points))


def _measure_kind(clip: Performance, kind: str, sets: Sequence[Annotations]) -> AnnotationFigures:
    times, untouched, misses = [], [float("nan")], []
    for annotations in sets:
        if not annotations.keypoints:
            continue
        cpu, elapsed = time.process_time(), time.perf_counter()
        fitted = apply_annotations(clip, annotations)
        times.append((time.process_time() - cpu, time.perf_counter() - elapsed))
        untouched.append(_untouched_mm(clip, fitted, annotations))
        misses.append(_misses(fitted, annotations))
    cpu_seconds, elapsed_seconds = np.max(times or [(0.0, 0.0)], axis=0).tolist()
    distances = np.concatenate(misses or [np.full(1, np.nan)])
    known = [value for value in untouched if np.isfinite(value)]
    return AnnotationFigures(
        kind, len(times), cpu_seconds, elapsed_seconds, max(known, default=float("nan")),
        float(np.median(distances)), float(np.quantile(distances, 0.95)), 100 * float(np.mean(distances <= NEAR)),
    )  # fmt: skip


def _untouched_mm(clip: Performance, fitted: Performance, annotations: Annotations) -> float:
    """Returns the maximum movement of a joint farther than REACH_SECONDS from keyed frames; NaN if there is none."""
    frames, reach = np.arange(clip.frame_count), REACH_SECONDS * float(clip.fps)
    keyed = np.array([keypoint.frame for keypoint in annotations.keypoints])
    is_far = (frames < keyed.min() - reach) | (frames > keyed.max() + reach)
    if not is_far.any():
        return float("nan")
    pairs = zip(clip.people, fitted.people, strict=True)
    moves = [kinematics.joint_positions(b.motion) - kinematics.joint_positions(a.motion) for a, b in pairs]
    return 1e3 * max(float(np.linalg.norm(move[is_far], axis=-1).max()) for move in moves)


def _misses(fitted: Performance, annotations: Annotations) -> FloatArray:
    """Returns the distances of landmarks from keyed places, px of an image of the reference height."""
    projected = {person.name: _project(fitted, person) for person in fitted.people}
    landmarks = np.array([projected[k.person][k.frame, blazepose.INDEX[k.landmark]] for k in annotations.keypoints])
    places = np.array([keypoint.pixel for keypoint in annotations.keypoints])
    distances = np.linalg.norm(landmarks - places, axis=-1)
    return np.asarray(distances * REFERENCE_HEIGHT / fitted.camera.image_size[1])
