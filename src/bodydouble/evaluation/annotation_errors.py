"""2D errors with respect to annotations by hand: ``Performance`` and ``Annotations`` -> ``AnnotationErrors``.

Keyed, visible landmarks count. The errors are those of the keypoints of the track, and of the motion as the camera sees
it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Performance, Person
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations, KeypointState
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.metrics import keypoints_2d
from bodydouble.geometry import camera
from bodydouble.motion.annotations.apply import check_annotations
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.skeletons import blazepose


@dataclass(frozen=True, slots=True)
class LandmarkErrors:
    """Errors of some landmarks in the image."""

    count: int
    """Number of annotated places."""
    median_px: float
    """Median distance in px; NaN if nothing was observed."""
    median_percent: float
    """Median distance in % of the longer side of the person's box."""
    pck_percent: float
    """Landmarks within 5 % of the longer side of the box, in %; those that were not observed are wrong."""


@dataclass(frozen=True, slots=True)
class AnnotationErrors:
    """Errors of a performance with respect to annotations."""

    keypoints: LandmarkErrors
    motion: LandmarkErrors
    keypoints_by_landmark: Mapping[str, LandmarkErrors]
    """In the order of BlazePose; only annotated landmarks."""
    motion_by_landmark: Mapping[str, LandmarkErrors]

    def as_dict(self) -> dict[str, Any]:
        """Returns all figures by name."""
        return asdict(self)


def compare_with_annotations(performance: Performance, annotations: Annotations) -> AnnotationErrors:
    """Compares a performance with annotations.

    Args:
        performance: any; of one that was fitted to these very annotations, the keypoints are the annotated ones.
        annotations: with the names of its people.

    Raises:
        InvalidDataError: the annotations do not fit the performance, or none is visible.
    """
    check_annotations(performance, annotations)
    visible = [keypoint for keypoint in annotations.keypoints if keypoint.state is KeypointState.VISIBLE]
    if not visible:
        raise InvalidDataError("the annotations have no visible keypoint; there is nothing to compare")
    people = {person.name: (person, _project_motion(performance, person)) for person in performance.people}
    rows = np.array([_measure(keypoint, *people[keypoint.person]) for keypoint in visible])
    landmarks = np.array([keypoint.landmark for keypoint in visible])
    names = [name for name in blazepose.LANDMARKS if name in landmarks]
    by_landmark = [{name: _summarize(part, landmarks == name) for name in names} for part in (rows[:, 0], rows[:, 1])]
    everything = np.ones(len(rows), dtype=bool)
    return AnnotationErrors(
        _summarize(rows[:, 0], everything), _summarize(rows[:, 1], everything), by_landmark[0], by_landmark[1]
    )


def _project_motion(performance: Performance, person: Person) -> FloatArray:
    """Returns the landmarks (T, 33, 2) px of a motion as the camera sees them."""
    motion, view = person.motion, performance.camera
    points = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    in_camera = camera.transform(view.camera_from_world[person.track.frames], points)
    return np.where(in_camera[..., 2:] > 0, camera.project(view.intrinsics, in_camera), np.nan)


def _measure(keypoint: AnnotatedKeypoint, person: Person, projected: FloatArray) -> FloatArray:
    """Returns errors (2, 2) of keypoint and motion: in px, and relative to the longer side of the box."""
    row, column = keypoint.frame - int(person.track.frames[0]), blazepose.INDEX[keypoint.landmark]
    box = person.track.boxes[row]
    if not np.isfinite(box).all():
        box = keypoints_2d.bounding_boxes(projected[row])
    predicted = np.stack([person.track.keypoints[row, column, :2], projected[row, column]])
    place = np.array(keypoint.pixel)
    relative = keypoints_2d.relative_errors(predicted, place, box)
    return np.stack([np.linalg.norm(predicted - place, axis=-1), relative], axis=-1)


def _summarize(errors: FloatArray, mask: BoolArray) -> LandmarkErrors:
    """Summarizes errors (N, 2) in px and relative to the box; those of a mask (N,) count."""
    chosen = errors[mask]
    observed = chosen[np.isfinite(chosen).all(axis=-1)]
    medians = np.median(observed, axis=0) if len(observed) else np.full(2, np.nan)
    correct = keypoints_2d.pck(chosen[:, 1], np.ones(len(chosen), dtype=bool))
    return LandmarkErrors(len(chosen), float(medians[0]), 100 * float(medians[1]), 100 * correct)
