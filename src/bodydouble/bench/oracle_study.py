"""Oracle study: attribution of the error to the stages of the pipeline.

Ground truth replaces the output of one stage after the other, cumulatively, on clips of one person with a static
camera. The figures of each step are an upper bound of the accuracy that a perfect stage would give.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.bench.accuracy import OURS
from bodydouble.bench.capture_cache import BenchCapture
from bodydouble.bench.report import BenchReport, TableData
from bodydouble.bench.synthetic_set import SEVERAL
from bodydouble.data import FloatArray, Performance, Person, Track
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.comparison import Comparison, combine, compare, compare_clips
from bodydouble.evaluation.comparison_page import comparison_table
from bodydouble.evaluation.evaluation_clip import to_evaluation_clip
from bodydouble.formats.media import FrameReader
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.reconstruct import MeasuredInputs, ReconstructionInput, reconstruct
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.pose.observe import QUALITY_PRESETS, create_landmark_model
from bodydouble.perception.protocols import Detection
from bodydouble.pipeline import Progress
from bodydouble.skeletons import coco, humanoid

MAX_CAMERA_CHANGE = 1e-9
"""Maximum change of an element of the camera poses (m, or of the rotation matrix) of a static camera."""
HIP_JOINTS = [humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"]]
REPORTED_MEASURES = (
    "pose: MPJPE, limbs", "pose: PA-MPJPE, limbs", "pose: error across the picture", "pose: error in depth",
    "pose: joint rotation error", "motion: foot slide per 1/30 s", "motion: contact F1", "body: bone length error",
    "world: WA-MPJPE over 100 frames", "world: W-MPJPE over 100 frames", "world: root translation error",
)  # fmt: skip
"""Rows of the table of all metrics that the report shows."""
TITLE = "By stage"

PREFACE = """# Error attribution (oracle study)

Written by `bodydouble bench truth --oracle --markdown docs/error-attribution.md` on the clips of
[accuracy.md](accuracy.md) that show one person seen by a static camera.

Ground truth replaces the output of one stage after the other, from the second column on. Each column keeps the
substitutions of the columns before it. The step "true lifter" substitutes true 3D landmarks; the joint rotations are
still those of the lifter.
"""


@dataclass(frozen=True, slots=True)
class _OracleStep:
    """Set of stage outputs that ground truth replaces; each step includes the substitutions of the previous ones."""

    name: str
    image_landmarks: bool = False
    """2D landmarks, the input of the lifter."""
    landmarks_3d: bool = False
    """3D landmarks, an output of the lifter."""
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
    """Measures all steps on the clips of one person with a static camera.

    Returns:
        The combined comparison of each step; the first one is the pipeline without ground truth.

    Raises:
        InvalidDataError: there is no such clip.
    """
    progress = progress or Progress()
    selected = select_static_single(captures)
    if not selected:
        raise InvalidDataError("--oracle needs clips of one person with a static camera; give a larger --clips")
    network = create_landmark_model(QUALITY_PRESETS[quality])
    results: dict[str, list[Comparison]] = {name: [] for name in (OURS, *(step.name for step in ORACLE_STEPS))}
    with progress.stage("oracle study", len(selected)):
        for captured in progress.track(selected):
            truth = captured.truth
            results[OURS].append(compare_clips(to_evaluation_clip(captured.performance), to_evaluation_clip(truth)))
            tracks = [_detect_in_true_boxes(captured, person, network) for person in truth.people]
            for step in ORACLE_STEPS:
                results[step.name].append(compare(_reconstruct_with_truth(truth, tracks, step), truth))
    return {name: combine(comparisons) for name, comparisons in results.items()}


def select_static_single(captures: Sequence[BenchCapture]) -> list[BenchCapture]:
    """Selects the clips of one person that a static camera films."""
    return [captured for captured in captures if captured.clip.group != SEVERAL and is_static(captured.truth)]


def is_static(truth: Performance) -> bool:
    """Returns whether the camera is static."""
    poses = truth.camera.camera_from_world
    return float(np.abs(poses - poses[0]).max()) < MAX_CAMERA_CHANGE


def _detect_in_true_boxes(captured: BenchCapture, person: Person, network: BlazePose) -> Track:
    """Runs the landmark network in the true boxes of a person."""
    with FrameReader(captured.clip.video) as reader:
        landmarks = list(_locate_landmarks(reader, person.track, network))
    return replace(
        person.track,
        keypoints=np.stack([keypoints for keypoints, _ in landmarks]),
        landmarks_3d=np.stack([landmarks_3d for _, landmarks_3d in landmarks]),
    )


def _locate_landmarks(frames: FrameReader, truth: Track, network: BlazePose) -> Iterator[tuple[FloatArray, FloatArray]]:
    for index, frame in enumerate(frames):
        detection = Detection(truth.boxes[index], truth.keypoints[index][list(coco.BLAZEPOSE_INDICES)], 1.0)
        first = network.locate(frame, network.roi_from_detection(detection))
        refined = network.locate(frame, first.roi)
        yield refined.keypoints, refined.landmarks_3d


def _reconstruct_with_truth(truth: Performance, tracks: Sequence[Track], step: _OracleStep) -> Performance:
    people = truth.people
    used_tracks = tuple(
        replace(track, keypoints=person.track.keypoints if step.image_landmarks else track.keypoints)
        for person, track in zip(people, tracks, strict=True)
    )
    measured = MeasuredInputs(
        camera=truth.camera if step.camera else None,
        skeletons=tuple(person.motion.skeleton for person in people) if step.bone_lengths else None,
        contacts=tuple(person.motion.contacts for person in people) if step.contacts else None,
        landmarks=tuple(_true_landmarks_3d(person, truth) for person in people) if step.landmarks_3d else None,
    )
    inputs = ReconstructionInput(used_tracks, truth.camera.image_size, truth.frame_count, truth.fps, measured=measured)
    view, motions = reconstruct(inputs)
    evaluated = tuple(replace(p, track=t, motion=m) for p, t, m in zip(people, used_tracks, motions, strict=True))
    return replace(truth, camera=view, people=evaluated)


def _true_landmarks_3d(person: Person, truth: Performance) -> FloatArray:
    """Returns the true landmarks (T, 33, 3) in m, in camera coordinates."""
    hips = kinematics.joint_positions(person.motion)[:, HIP_JOINTS].mean(axis=1, keepdims=True)
    return person.track.landmarks_3d + camera.transform(truth.camera.camera_from_world[person.track.frames], hips)


def build_report(steps: Mapping[str, Comparison]) -> BenchReport:
    """Builds the report: a column per step, a row per reported measure."""
    values = {name: comparison.as_dict() for name, comparison in steps.items()}
    return BenchReport(TITLE, PREFACE, {TITLE: oracle_table(steps)}, values)


def oracle_table(steps: Mapping[str, Comparison]) -> TableData:
    """Returns the reported measures with a column per step."""
    headings, rows = comparison_table(steps)
    return headings, [row for row in rows if row[0] in REPORTED_MEASURES]
