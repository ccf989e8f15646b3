"""Fit to annotations by hand: ``Performance`` and ``Annotations`` -> ``Performance``.

1. Keypoints between keyed frames are interpolated (``annotated_track.py``) and replace those of the networks
   (``keypoints.py``).
2. The motion is fitted again around them (``motion/corrections/refit.py``).
3. Landmarks are brought to their places in the image (``placement.py``).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bodydouble.data import Performance, Person
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations
from bodydouble.errors import InvalidDataError
from bodydouble.motion.annotations.annotated_track import interpolate_annotations
from bodydouble.motion.annotations.keypoints import annotate_track
from bodydouble.motion.annotations.placement import place_landmarks
from bodydouble.motion.corrections.measurements import refit_person
from bodydouble.motion.corrections.refit import Evidence
from bodydouble.skeletons import blazepose

MAX_OUTSIDE = 1.0
"""Maximum distance in px of a place outside the image, for files of other conventions."""


def apply_annotations(performance: Performance, annotations: Annotations) -> Performance:
    """Fits a performance to keypoints by hand. The video is not needed.

    Args:
        performance: the automatic result; it is not changed.
        annotations: with the names of its people.

    Returns:
        The performance, with the annotations in it. People and frames that none concerns are the same as before.

    Raises:
        InvalidDataError: an annotation does not fit the performance, or annotations are applied already.
        ModelError: the lifter cannot be loaded.
    """
    if performance.annotations.keypoints:
        raise InvalidDataError("annotations are applied already; give the automatic performance, and all annotations")
    check_annotations(performance, annotations)
    people = tuple(
        _annotate_person(person, annotations.of_person(person.name), performance) for person in performance.people
    )
    return replace(performance, people=people, annotations=annotations)


def check_annotations(performance: Performance, annotations: Annotations) -> None:
    """Raises InvalidDataError if people, frames, landmarks or places are not those of a performance."""
    people = {person.name: person for person in performance.people}
    for keypoint in annotations.keypoints:
        if keypoint.person not in people:
            raise InvalidDataError(f"there is no person {keypoint.person!r}; there are {', '.join(people)}")
        if keypoint.landmark not in blazepose.INDEX:
            raise InvalidDataError(
                f"unknown landmark {keypoint.landmark!r}; the landmarks are {', '.join(blazepose.LANDMARKS)}"
            )
        first, last = people[keypoint.person].track.frames[[0, -1]].tolist()
        if not first <= keypoint.frame <= last:
            raise InvalidDataError(
                f"frame {keypoint.frame} is outside the frames of {keypoint.person}, which are {first} to {last}"
            )
        _check_pixel(keypoint, performance.camera.image_size)


def _check_pixel(keypoint: AnnotatedKeypoint, image_size: tuple[int, int]) -> None:
    if keypoint.pixel is None:
        return
    pixel, size = np.array(keypoint.pixel), np.array(image_size)
    if np.any((pixel < -MAX_OUTSIDE) | (pixel > size + MAX_OUTSIDE)):
        raise InvalidDataError(
            f"{keypoint.landmark} of {keypoint.person} in frame {keypoint.frame} is at {pixel[0]:g}, {pixel[1]:g}, "
            f"outside the image of {size[0]} x {size[1]} px; if it is out of the picture, it is absent"
        )


def _annotate_person(person: Person, keypoints: Sequence[AnnotatedKeypoint], performance: Performance) -> Person:
    if not keypoints:
        return person
    track, contacts = person.track, person.motion.contacts
    annotated = interpolate_annotations(keypoints, track.frames, float(performance.fps), performance.shot_starts)
    changed_track = annotate_track(track, annotated)
    is_changed = np.asarray((annotated.is_placed | annotated.is_absent).any(axis=1))
    estimated = np.where(is_changed[:, None], np.nan, contacts)
    scene = performance.camera, performance.shot_starts
    fitted = refit_person(
        replace(person, track=changed_track),
        Evidence(track, contacts, *scene),
        Evidence(changed_track, estimated, *scene),
        is_changed,
    )
    return replace(fitted, motion=place_landmarks(fitted.motion, track, annotated, *scene))
