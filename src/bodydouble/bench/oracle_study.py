"""Where the error comes from: the truth is fed in after each stage in turn, on clips with a static camera."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.bench.accuracy import OURS, Captured
from bodydouble.bench.synthetic_set import SEVERAL
from bodydouble.data import FloatArray, Performance, Person, Track
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.comparison import Comparison, combine, compare, compare_recordings
from bodydouble.evaluation.comparison_page import side_by_side
from bodydouble.evaluation.evaluation_clip import Recording, recording
from bodydouble.formats.media import FrameReader
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.reconstruct import Known, reconstruct
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.pose.observe import QUALITIES, create_landmarks
from bodydouble.perception.protocols import Detection
from bodydouble.pipeline import Monitor
from bodydouble.skeletons import coco, humanoid

LARGEST_SHIFT = 1e-9
"""A camera whose pose changes by less than this is static."""
HIP_JOINTS = [humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"]]
MEASURES = (
    "pose: MPJPE, limbs", "pose: PA-MPJPE, limbs", "pose: error across the picture", "pose: error in depth",
    "pose: joint rotation error", "motion: foot slide per 1/30 s", "motion: contact F1", "body: bone length error",
    "world: WA-MPJPE over 100 frames", "world: W-MPJPE over 100 frames", "world: root translation error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Step:
    """What is true in a step; each step has all that those before it have."""

    name: str
    picture: bool = False
    """The landmarks in the picture that the lifter reads."""
    space: bool = False
    """The landmarks in space that the lifter answers with."""
    camera: bool = False
    bones: bool = False
    contacts: bool = False


STEPS = (
    _Step("true boxes"),
    _Step("+ true 2D", picture=True),
    _Step("+ true lifter", picture=True, space=True),
    _Step("+ true camera", picture=True, space=True, camera=True),
    _Step("+ true bone lengths", picture=True, space=True, camera=True, bones=True),
    _Step("+ true contacts", picture=True, space=True, camera=True, bones=True, contacts=True),
)


def measure(clips: Sequence[Captured], quality: str, monitor: Monitor | None = None) -> dict[str, Comparison]:
    """Step -> figures over all clips of one person with a static camera; the first step is our pipeline as it is.

    Raises:
        InvalidDataError: there is no such clip.
    """
    monitor = monitor or Monitor()
    chosen = [clip for clip in clips if clip.clip.recipe.group != SEVERAL and is_static(clip.truth)]
    if not chosen:
        raise InvalidDataError("--ablate needs clips of one person with a static camera; give a larger --clips")
    network = create_landmarks(QUALITIES[quality])
    results: dict[str, list[Comparison]] = {name: [] for name in (OURS, *(step.name for step in STEPS))}
    with monitor.stage("ablation", len(chosen)):
        for clip in monitor.counted(chosen):
            found = Recording(clip.truth.fps, clip.truth.camera, ())
            if clip.performance is not None:
                found = recording(clip.performance)
            results[OURS].append(compare_recordings(found, recording(clip.truth)))
            tracks = [_seen_in_true_boxes(clip, person, network) for person in clip.truth.people]
            for step in STEPS:
                results[step.name].append(compare(_solved(clip.truth, tracks, step), clip.truth))
    return {name: combine(found) for name, found in results.items()}


def is_static(truth: Performance) -> bool:
    """Whether the camera stands still."""
    poses = truth.camera.camera_from_world
    return float(np.abs(poses - poses[0]).max()) < LARGEST_SHIFT


def _seen_in_true_boxes(clip: Captured, person: Person, network: BlazePose) -> Track:
    """What the landmark network sees where the person truly is."""
    with FrameReader(clip.clip.video) as reader:
        seen = list(_looks(reader, person.track, network))
    return replace(
        person.track,
        keypoints=np.stack([keypoints for keypoints, _ in seen]),
        landmarks_3d=np.stack([rough for _, rough in seen]),
    )


def _looks(frames: FrameReader, truth: Track, network: BlazePose) -> Iterator[tuple[FloatArray, FloatArray]]:
    for index, frame in enumerate(frames):
        where = Detection(truth.boxes[index], truth.keypoints[index][list(coco.FROM_BLAZEPOSE)], 1.0)
        first = network.locate(frame, network.first_region(where))
        found = network.locate(frame, first.region)
        yield found.keypoints, found.rough_joints


def _solved(truth: Performance, tracks: Sequence[Track], step: _Step) -> Performance:
    people = truth.people
    fed = [
        replace(seen, keypoints=person.track.keypoints if step.picture else seen.keypoints)
        for person, seen in zip(people, tracks, strict=True)
    ]
    known = Known(
        camera=truth.camera if step.camera else None,
        skeletons=tuple(person.motion.skeleton for person in people) if step.bones else None,
        contacts=tuple(person.motion.contacts for person in people) if step.contacts else None,
        landmarks=tuple(_in_space(person, truth) for person in people) if step.space else None,
    )
    view, motions = reconstruct(fed, truth.camera.size, truth.frame_count, truth.fps, known=known)
    cast = tuple(replace(p, track=t, motion=m) for p, t, m in zip(people, fed, motions, strict=True))
    return replace(truth, camera=view, people=cast)


def _in_space(person: Person, truth: Performance) -> FloatArray:
    """(T, 33, 3) m, camera axes: where the landmarks truly are."""
    hips = kinematics.joint_positions(person.motion)[:, HIP_JOINTS].mean(axis=1, keepdims=True)
    return person.track.landmarks_3d + camera.transform(truth.camera.camera_from_world[person.track.frames], hips)


def rows(steps: Mapping[str, Comparison]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a table with a column per step and a few of the measures."""
    headings, cells = side_by_side(steps)
    return headings, [row for row in cells if row[0] in MEASURES]
