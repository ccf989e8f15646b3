"""Scene of a take for the page: a performance -> JSON that describes it, and one block of numbers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import hypot
from pathlib import Path
from typing import Any

from bodydouble.data import FULL_FRAME_DIAGONAL_MM, Performance, Person
from bodydouble.data.annotations import Annotations
from bodydouble.data.corrections import Correction
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.report.findings import Finding, list_findings
from bodydouble.evaluation.report.person_metrics import measure_people
from bodydouble.geometry import kinematics
from bodydouble.motion.body.proportions import stature
from bodydouble.motion.corrections.world import check_focal_length_is_free
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.studio.corrected_cast import name_models
from bodydouble.studio.correction_store import (
    load_automatic,
    load_current,
    read_version,
    save_annotations,
    save_corrections,
)
from bodydouble.studio.number_block import Block, NumberBlock


@dataclass(frozen=True, slots=True)
class ScenePerson:
    """A person of the scene."""

    name: str
    model: str
    """Name of the file with the animated character."""
    first_frame: int
    frames: int
    stature: float
    """Height in m."""
    standing: float
    """Height in m of the hips in standing."""
    coverage: float
    """Part of the frames of the clip in which the person was seen, 0 to 1."""
    keypoints: Block
    """(T, 33, 3) x px, y px, confidence."""
    joints: Block
    """(T, J, 3) m, world."""
    sigma: Block
    """(T, J) m, standard deviation of each joint position, per axis."""
    contacts: Block
    """(T, 4) probability that left heel, left toes, right heel, right toes touch the floor."""
    observed: Block
    """(T,) 0 where the pose is filled in."""


@dataclass(frozen=True, slots=True)
class SceneFinding:
    """A finding of the report."""

    person: str
    message: str
    advice: str
    spans: tuple[tuple[int, int], ...]
    """First frame and the frame after the last of each time range; empty if it concerns the whole clip."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the page shows of a performance, but for the numbers themselves."""

    version: str
    """Version of annotations and corrections."""
    fps: str
    """Exact rate, such as 30000/1001."""
    frames: int
    image_size: tuple[int, int]
    """Width and height in px of the image that keypoints and intrinsics refer to."""
    intrinsics: tuple[float, float, float, float]
    """fx, fy, cx, cy in px."""
    focal_length_mm: float
    """35 mm equivalent."""
    focal_length_note: str
    """Line that tells why the focal length cannot be corrected; empty if it can."""
    camera: Block
    """(F, 4, 4) camera_from_world, row-major."""
    people: tuple[ScenePerson, ...]
    findings: tuple[SceneFinding, ...]
    edges_2d: tuple[tuple[int, int], ...]
    """Pairs of landmarks that a line joins."""
    sides_2d: tuple[str, ...]
    """Side of each landmark: "left", "right" or "middle"."""
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    """Parent of each joint, -1 for the root."""


def build_scene(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Builds the scene of a folder of results, with its corrections.

    Returns:
        The fields of a ``Scene``, and the block of numbers.

    Raises:
        BodydoubleError: the performance cannot be read, or its corrections do not fit.
    """
    captured = load_current(folder)
    models = name_models(load_automatic(folder), captured)
    numbers = NumberBlock()
    matrix, fps = captured.camera.intrinsics, float(captured.fps)
    scene = Scene(
        read_version(folder),
        str(captured.fps),
        captured.frame_count,
        captured.camera.image_size,
        (float(matrix[0, 0]), float(matrix[1, 1]), float(matrix[0, 2]), float(matrix[1, 2])),
        round(float(matrix[0, 0]) * FULL_FRAME_DIAGONAL_MM / hypot(*captured.camera.image_size), 2),
        _explain_focal_length(captured),
        numbers.add(captured.camera.camera_from_world),
        tuple(
            _describe_person(person, model, captured.frame_count, numbers)
            for person, model in zip(captured.people, models, strict=True)
        ),
        tuple(_describe_finding(finding, fps) for finding in _find(captured)),
        blazepose.EDGES,
        tuple(_side(name) for name in blazepose.LANDMARKS),
        humanoid.JOINTS,
        humanoid.PARENTS,
    )
    return asdict(scene), numbers.as_bytes()


def correct_scene(folder: Path, corrections: Sequence[Correction]) -> tuple[dict[str, Any], bytes]:
    """Corrects the performance of a folder of results; arguments as ``save_corrections``, result as ``build_scene``."""
    save_corrections(folder, corrections)
    return build_scene(folder)


def annotate_scene(folder: Path, annotations: Annotations) -> tuple[dict[str, Any], bytes]:
    """Fits the performance of a folder of results to annotations; arguments as ``save_annotations``, result as
    ``build_scene``."""
    save_annotations(folder, annotations)
    return build_scene(folder)


def _describe_person(person: Person, model: str, frame_count: int, numbers: NumberBlock) -> ScenePerson:
    track, motion = person.track, person.motion
    return ScenePerson(
        person.name,
        model,
        int(track.frames[0]),
        len(track.frames),
        float(stature(motion.skeleton)),
        float(motion.skeleton.rest_offsets[0, 1]),
        round(float(track.observed.sum()) / frame_count, 4),
        numbers.add(track.keypoints),
        numbers.add(kinematics.joint_positions(motion)),
        numbers.add(motion.joint_sigma),
        numbers.add(motion.contacts),
        numbers.add(track.observed),
    )


def _explain_focal_length(captured: Performance) -> str:
    try:
        check_focal_length_is_free(captured)
    except InvalidDataError as error:
        return str(error)
    return ""


def _find(captured: Performance) -> Sequence[Finding]:
    return list_findings(measure_people(captured))


def _describe_finding(finding: Finding, fps: float) -> SceneFinding:
    spans = tuple((round(start * fps), round(end * fps)) for start, end in finding.times)
    return SceneFinding(finding.person, finding.message, finding.advice, spans)


def _side(name: str) -> str:
    return next((side for side in ("left", "right") if side in name), "middle")
