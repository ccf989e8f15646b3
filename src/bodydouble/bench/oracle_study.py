"""Where the error comes from: the truth is fed in after each stage in turn, on clips with a static camera."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.bench.accuracy import OURS, BenchCapture
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
from bodydouble.perception.pose.observe import QUALITY_PRESETS, create_landmark_model
from bodydouble.perception.protocols import Detection
from bodydouble.pipeline import Progress
from bodydouble.skeletons import coco, humanoid

MAX_CAMERA_CHANGE = 1e-9
"""A camera whose pose changes by less than this is static."""
HIP_JOINTS = [humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"]]
REPORTED_MEASURES = (
    "pose: MPJPE, limbs", "pose: PA-MPJPE, limbs", "pose: error across the picture", "pose: error in depth",
    "pose: joint rotation error", "motion: foot slide per 1/30 s", "motion: contact F1", "body: bone length error",
    "world: WA-MPJPE over 100 frames", "world: W-MPJPE over 100 frames", "world: root translation error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _OracleStep:
    """What is true in a step; each step has all that those before it have."""

    name: str
    image_landmarks: bool = False
    """The landmarks in the picture that the lifter reads."""
    landmarks_3d: bool = False
    """The landmarks in space that the lifter answers with."""
    camera: bool = False
    bone_lengths: bool = False
    contacts: bool = False


ORACLE_STEPS = (
    _OracleStep("true boxes"),
    _OracleStep("+ true 2D", image_landmarks=True),
    _OracleStep("+ true lifter", image_landmarks=True, landmarks_3d=True),
    _OracleStep("+ true camera", image_landmarks=True, landmarks_3d=True, camera=True),
    _OracleStep("+ true bone lengths", image_landmarks=True, landmarks_3d=True, camera=True, bone_lengths=True),
    _OracleStep(
        "+ true contacts", image_landmarks=True, landmarks_3d=True, camera=True, bone_lengths=True, contacts=True
    ),
)


def measure_oracle_steps(
    captures: Sequence[BenchCapture], quality: str, progress: Progress | None = None
) -> dict[str, Comparison]:
    """Step -> figures over all clips of one person with a static camera; the first step is our pipeline as it is.

    Raises:
        InvalidDataError: there is no such clip.
    """
    progress = progress or Progress()
    chosen = [clip for clip in captures if clip.clip.spec.group != SEVERAL and is_static(clip.truth)]
    if not chosen:
        raise InvalidDataError("--oracle needs clips of one person with a static camera; give a larger --clips")
    network = create_landmark_model(QUALITY_PRESETS[quality])
    results: dict[str, list[Comparison]] = {name: [] for name in (OURS, *(step.name for step in ORACLE_STEPS))}
    with progress.stage("oracle study", len(chosen)):
        for clip in progress.track(chosen):
            found = Recording(clip.truth.fps, clip.truth.camera, ())
            if clip.performance is not None:
                found = recording(clip.performance)
            results[OURS].append(compare_recordings(found, recording(clip.truth)))
            tracks = [_detect_in_true_boxes(clip, person, network) for person in clip.truth.people]
            for step in ORACLE_STEPS:
                results[step.name].append(compare(_reconstruct_with_truth(clip.truth, tracks, step), clip.truth))
    return {name: combine(found) for name, found in results.items()}


def is_static(truth: Performance) -> bool:
    """Whether the camera stands still."""
    poses = truth.camera.camera_from_world
    return float(np.abs(poses - poses[0]).max()) < MAX_CAMERA_CHANGE


def _detect_in_true_boxes(clip: BenchCapture, person: Person, network: BlazePose) -> Track:
    """What the landmark network sees where the person truly is."""
    with FrameReader(clip.clip.video) as reader:
        landmarks = list(_locate_landmarks(reader, person.track, network))
    return replace(
        person.track,
        keypoints=np.stack([keypoints for keypoints, _ in landmarks]),
        landmarks_3d=np.stack([rough for _, rough in landmarks]),
    )


def _locate_landmarks(frames: FrameReader, truth: Track, network: BlazePose) -> Iterator[tuple[FloatArray, FloatArray]]:
    for index, frame in enumerate(frames):
        detection = Detection(truth.boxes[index], truth.keypoints[index][list(coco.FROM_BLAZEPOSE)], 1.0)
        first = network.locate(frame, network.roi_from_detection(detection))
        found = network.locate(frame, first.roi)
        yield found.keypoints, found.landmarks_3d


def _reconstruct_with_truth(truth: Performance, tracks: Sequence[Track], step: _OracleStep) -> Performance:
    people = truth.people
    inputs = [
        replace(seen, keypoints=person.track.keypoints if step.image_landmarks else seen.keypoints)
        for person, seen in zip(people, tracks, strict=True)
    ]
    known = Known(
        camera=truth.camera if step.camera else None,
        skeletons=tuple(person.motion.skeleton for person in people) if step.bone_lengths else None,
        contacts=tuple(person.motion.contacts for person in people) if step.contacts else None,
        landmarks=tuple(_true_landmarks_3d(person, truth) for person in people) if step.landmarks_3d else None,
    )
    view, motions = reconstruct(inputs, truth.camera.image_size, truth.frame_count, truth.fps, known=known)
    cast = tuple(replace(p, track=t, motion=m) for p, t, m in zip(people, inputs, motions, strict=True))
    return replace(truth, camera=view, people=cast)


def _true_landmarks_3d(person: Person, truth: Performance) -> FloatArray:
    """(T, 33, 3) m, camera axes: where the landmarks truly are."""
    hips = kinematics.joint_positions(person.motion)[:, HIP_JOINTS].mean(axis=1, keepdims=True)
    return person.track.landmarks_3d + camera.transform(truth.camera.camera_from_world[person.track.frames], hips)


def oracle_table(steps: Mapping[str, Comparison]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a table with a column per step and a few of the measures."""
    headings, cells = side_by_side(steps)
    return headings, [row for row in cells if row[0] in REPORTED_MEASURES]
