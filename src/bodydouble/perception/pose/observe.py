"""Observation of the people in a video, in one pass: RGB frame -> ``FrameObservations``.

A person is detected once and then tracked: the landmarks of one frame give the region of interest of the next. The
detector runs at intervals to find new people and to correct regions that have drifted off their person. People who are
detected late are tracked backward, so the result of a frame also has observations in earlier frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bodydouble.data import FloatArray, FrameObservations, Observation, PastObservation, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.geometry.similarity import pose_similarity
from bodydouble.perception.appearance.clothing_colors import describe_appearance
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.pose.detection_matching import (
    MIN_BOX_IOU,
    box_agreement,
    find_unexplained,
    is_crowded,
    match_one_to_one,
    to_detection,
)
from bodydouble.perception.pose.detection_schedule import DetectionSchedule, KnownPerson
from bodydouble.perception.pose.duplicate_suppression import (
    add_reacquired,
    bounding_box,
    clip_box,
    detection_similarity,
    is_distinct,
    merge_detections,
    suppress_duplicates,
    visible_fraction,
)
from bodydouble.perception.pose.frame_history import FrameHistory
from bodydouble.perception.pose.movenet import MoveNetDetector, MoveNetOptions
from bodydouble.perception.pose.nanodet import NanoDet
from bodydouble.perception.pose.observer_options import ObserverOptions
from bodydouble.perception.pose.occlusion import argsort_nearest_first, find_occluders, is_occluded, replace_occluded
from bodydouble.perception.pose.onnx_detectors import create_detector
from bodydouble.perception.pose.thunder import Thunder
from bodydouble.perception.pose.tracked_person import TrackedPerson
from bodydouble.perception.protocols import (
    BoxDetector,
    Detection,
    KeypointRequest,
    LandmarkModel,
    Landmarks,
    PeopleDetector,
)
from bodydouble.skeletons import coco

_COCO = list(coco.BLAZEPOSE_INDICES)
MOVENET = "movenet"
"""Name of the detector that comes with this package."""


@dataclass(frozen=True, slots=True)
class QualityPreset:
    """Balance of speed and accuracy."""

    landmark_model: Literal["lite", "full", "heavy"]
    detector_sides: tuple[int, ...]
    """Long sides in px of the images in which people are detected."""
    detection_interval: int
    """Number of frames from one run of the detector to the next while a person is in doubt or may be hidden."""
    max_detection_seconds: float
    """Maximum time in s from one run of the detector to the next; 0: always the interval above."""
    flip_test: bool
    """Whether the result is averaged with that of the horizontally flipped image: more accurate, in twice the time."""
    second_network_interval: int
    """Number of frames of a person from one run of the second network to the next, at 30 frames/s and more."""


QUALITY_PRESETS = {
    "fast": QualityPreset("lite", (384, 256), 10, 1.0, flip_test=False, second_network_interval=5),
    "balanced": QualityPreset("full", (512, 256), 6, 1.0, flip_test=False, second_network_interval=5),
    "best": QualityPreset("heavy", (768, 256), 3, 0.0, flip_test=True, second_network_interval=1),
}


Searches = list[tuple[TrackedPerson, Landmarks | None]]
"""Tracked people with their landmarks in the current frame; None where the person is not visible."""


class Observer:
    """Detects and tracks people in the frames of one video, which it gets in order."""

    def __init__(
        self,
        detector: PeopleDetector,
        landmarks: LandmarkModel,
        options: ObserverOptions | None = None,
        second_detector: BoxDetector | None = None,
    ) -> None:
        """Starts without tracked people."""
        self.options = options or ObserverOptions()
        self._detector = detector
        self._landmarks = landmarks
        self._second_detector = second_detector
        self._keypoint_requests: list[KeypointRequest] = []
        self.begin_shot()

    @property
    def keypoint_requests(self) -> Sequence[KeypointRequest]:
        """People of the last frame whose turn it is for the second network; new people are among them."""
        return self._keypoint_requests

    def begin_shot(self) -> None:
        """Forgets all people: the next frame is the first one of another camera."""
        self._history = FrameHistory(self.options.max_backfill)
        self._tracked: list[TrackedPerson] = []
        self._schedule = DetectionSchedule(self.options.detection_interval, self.options.max_detection_interval)

    def observe(self, frame: RgbImage) -> FrameObservations:
        """Observes the people in the next frame (H, W, 3) RGB, and adds late detections to past frames."""
        searches = self._search(frame)
        visible = (landmarks for person, landmarks in searches if landmarks and not person.time_since_update)
        reacquired = (landmarks for person, landmarks in searches if landmarks and person.time_since_update)
        continuity = {
            id(landmarks): expected_similarity(person, landmarks) for person, landmarks in searches if landmarks
        }
        kept = suppress_duplicates(visible, self.options.duplicate_similarity, lambda person: continuity[id(person)])
        is_anyone_lost = len(kept) < sum(not person.time_since_update for person in self._tracked)
        people = add_reacquired(kept, reacquired)
        people = self._detect_if_due(frame, searches, people, is_anyone_lost)
        self._tracked = self._update_tracked(searches, people, (frame.shape[1], frame.shape[0]))
        backfilled = self._backfill()
        self._history.append(frame, people)
        self._keypoint_requests = self._request_keypoints(people)
        return FrameObservations(tuple(create_observation(person, frame) for person in people), backfilled)

    def _request_keypoints(self, people: Sequence[Landmarks]) -> list[KeypointRequest]:
        """Returns the people whose turn it is; tracked people start with those of this frame, in the same order."""
        poses = [person.pose for person in people]
        return [
            KeypointRequest(i, poses[i], [poses[k] for k in find_occluders(poses[i], poses)])
            for i, person in enumerate(self._tracked[: len(people)])
            if person.age % self.options.second_network_interval == 0
        ]

    def _backfill(self) -> tuple[PastObservation, ...]:
        """Tracks people backward who have been observed for just long enough to be certain."""
        certain = [
            person
            for person in self._tracked
            if person.age == self.options.backfill_after and not person.time_since_update
        ]
        return tuple(
            PastObservation(frames_ago, create_observation(landmarks, past.image))
            for i in argsort_nearest_first([person.first.pose for person in certain])
            for frames_ago, past, landmarks in self._history.track_backward(
                certain[i].first, certain[i].age, self._locate_in_past_frame
            )
        )

    def _locate_in_past_frame(
        self, frame: RgbImage, person: TrackedPerson, others: Sequence[Landmarks]
    ) -> Landmarks | None:
        """Locates a person in a past frame in which others were observed; returns None if that fails."""
        options = self.options
        landmarks = self._locate(frame, person, [other.pose for other in others], options.max_occlusion_at_start)
        is_match = (
            landmarks and person.matches(landmarks) and is_distinct(landmarks, others, options.duplicate_similarity)
        )
        return landmarks if is_match else None

    def _search(self, frame: RgbImage) -> Searches:
        """Searches all tracked people, the nearest first, so that occluders of the others can be inpainted."""
        searches: Searches = []
        for i in argsort_nearest_first([person.predicted_pose for person in self._tracked]):
            person = self._tracked[i]
            others = [landmarks.pose for other, landmarks in searches if landmarks and not other.time_since_update]
            is_lost = person.time_since_update > 0
            max_occlusion = self.options.max_occlusion_at_start if is_lost else self.options.max_occlusion
            landmarks = self._locate(frame, person, others, max_occlusion)
            is_match = landmarks and (not is_lost or person.matches(landmarks))
            searches.append((person, landmarks if is_match else None))
        return searches

    def _locate(
        self, frame: RgbImage, person: TrackedPerson, others: Sequence[FloatArray], max_occlusion: float
    ) -> Landmarks | None:
        """Locates a person at the predicted position, behind occluders among other poses (33, 2) px.

        Returns None if the person is not visible there.
        """
        occluders = [others[k] for k in find_occluders(person.predicted_pose, others)]
        landmarks = self._landmarks.locate(frame, person.predicted_roi, occluders)
        if not self._is_visible(landmarks, occluders, frame, max_occlusion):
            return None
        return replace_occluded(landmarks, person.next_pose, is_occluded(landmarks.pose, occluders))

    def _is_visible(
        self, landmarks: Landmarks, occluders: Sequence[FloatArray], frame: RgbImage, max_occlusion: float
    ) -> bool:
        """Returns whether landmarks show a person who is inside the frame and not occluded too much."""
        options = self.options
        return (
            landmarks.presence >= options.min_presence
            and visible_fraction(landmarks.pose, (frame.shape[1], frame.shape[0])) >= options.min_visible_fraction
            and float(is_occluded(landmarks.pose, occluders).mean()) <= max_occlusion
        )

    def _detect_if_due(
        self, frame: RgbImage, searches: Searches, people: list[Landmarks], is_anyone_lost: bool
    ) -> list[Landmarks]:
        """Adds detected people to the tracked ones in the frames of the schedule."""
        known = self._known_people(people)
        if not self._schedule.is_due(frame, known, is_anyone_lost=is_anyone_lost):
            return people
        min_size = self._schedule.min_size(known)
        people = self._add_detections(frame, searches, people, min_size, is_anyone_lost=is_anyone_lost)
        known = self._known_people(people)
        self._schedule.mark_detected(frame, known, min_size=min_size, is_anyone_lost=is_anyone_lost)
        return people

    def _known_people(self, people: Sequence[Landmarks]) -> list[KnownPerson]:
        """Returns the people in this frame, and those lost whom it may show."""
        lost = (person for person in self._tracked if person.time_since_update)
        return [
            *(KnownPerson(bounding_box(person.pose), person.presence) for person in people),
            *(KnownPerson(bounding_box(person.predicted_pose), 0.0) for person in lost),
        ]

    def _add_detections(
        self,
        frame: RgbImage,
        searches: Searches,
        tracked: Sequence[Landmarks],
        min_size: float,
        *,
        is_anyone_lost: bool,
    ) -> list[Landmarks]:
        """Adds people who are detected but not tracked, and replaces tracked people who have drifted off."""
        detections = self._detector.detect(frame, min_size)
        similarity, options = detection_similarity(detections, tracked), self.options
        matches = match_one_to_one(similarity, options.min_agreement)
        is_confirmed = np.isin(np.arange(len(tracked)), list(matches.values()))
        tracked = self._realign(frame, searches, tracked, {k: detections[i] for i, k in matches.items()})
        is_new = similarity.max(axis=1, initial=0.0) < options.min_agreement
        located = self._locate_new(frame, [detections[i] for i in np.flatnonzero(is_new)], tracked)
        people = merge_detections(tracked, is_confirmed, located, options.duplicate_similarity)
        doubtful = [detections[i] for i in np.flatnonzero(~is_new) if i not in matches]
        people += self._locate_missed(frame, people, doubtful)
        if self._second_detector and (is_anyone_lost or is_crowded(people, detections)):
            people += self._locate_missed(frame, people, self._find_missed(frame, people, self._second_detector))
        return people

    def _find_missed(self, frame: RgbImage, people: Sequence[Landmarks], detector: BoxDetector) -> list[Detection]:
        """Returns the detections of the second detector that no known person explains."""
        size = frame.shape[1], frame.shape[0]
        known = [clip_box(bounding_box(person.pose), size) for person in people]
        return [to_detection(box) for box in find_unexplained(detector.detect(frame), known)]

    def _realign(
        self, frame: RgbImage, searches: Searches, tracked: Sequence[Landmarks], matches: Mapping[int, Detection]
    ) -> list[Landmarks]:
        """Locates tracked people again whose landmarks and detection lie apart: they slide onto somebody else."""
        people, size = list(tracked), (frame.shape[1], frame.shape[0])
        for k, detection in matches.items():
            others = [person.pose for i, person in enumerate(people) if i != k]
            agreement = box_agreement(people[k], detection, size)
            landmarks = self._locate_detected(frame, detection, others) if agreement < MIN_BOX_IOU else None
            if landmarks and box_agreement(landmarks, detection, size) > agreement:
                searches[:] = [(person, landmarks if old is people[k] else old) for person, old in searches]
                people[k] = landmarks
        return people

    def _locate_missed(
        self, frame: RgbImage, people: Sequence[Landmarks], detections: Sequence[Detection]
    ) -> list[Landmarks]:
        """Locates people whose detections are doubtful: the landmarks must be certain, fit, and be nobody else's."""
        size, options = (frame.shape[1], frame.shape[0]), self.options
        found: list[Landmarks] = []
        for detection in detections:
            known = [*people, *found]
            landmarks = self._locate_detected(frame, detection, [person.pose for person in known])
            if (
                landmarks
                and landmarks.presence >= options.min_presence_of_missed
                and box_agreement(landmarks, detection, size) >= MIN_BOX_IOU
                and is_distinct(landmarks, known, options.duplicate_similarity)
            ):
                found.append(landmarks)
        return found

    def _locate_new(
        self, frame: RgbImage, detections: Sequence[Detection], tracked: Sequence[Landmarks]
    ) -> list[Landmarks]:
        """Locates the landmarks of new people, the nearest to the camera first."""
        located: list[Landmarks] = []
        for i in argsort_nearest_first([detection.keypoints[:, :2] for detection in detections]):
            others = [person.pose for person in (*tracked, *located)]
            landmarks = self._locate_detected(frame, detections[i], others)
            if landmarks:
                located.append(landmarks)
        return located

    def _locate_detected(self, frame: RgbImage, detection: Detection, others: Sequence[FloatArray]) -> Landmarks | None:
        """Locates a person who was detected behind or beside others (33, 2) px; returns None if that fails.

        The network runs twice: the first landmarks give a better region of interest.
        """
        indices = find_occluders(detection.keypoints[:, :2], [pose[_COCO] for pose in others])
        occluders = [others[k] for k in indices]
        first = self._landmarks.locate(frame, self._landmarks.roi_from_detection(detection), occluders)
        second = self._landmarks.locate(frame, first.roi, occluders)
        is_visible = self._is_visible(second, occluders, frame, self.options.max_occlusion_at_start)
        return second if is_visible else None

    def _update_tracked(
        self, searches: Searches, people: Sequence[Landmarks], image_size: tuple[int, int]
    ) -> list[TrackedPerson]:
        """Returns the people to search in the next frame: those of this frame, and those lost a short time ago."""
        tracked = {id(landmarks): person for person, landmarks in searches if landmarks}
        new = [landmarks for landmarks in people if id(landmarks) not in tracked]
        kept = {id(landmarks) for landmarks in people}
        lost = (person.mark_missed() for person, landmarks in searches if not landmarks or id(landmarks) not in kept)
        return [
            *(tracked[id(p)].update(p) if id(p) in tracked else TrackedPerson.start(p) for p in people),
            *(person for person in lost if self._is_worth_searching(person, new, image_size)),
        ]

    def _is_worth_searching(self, person: TrackedPerson, new: Sequence[Landmarks], image_size: tuple[int, int]) -> bool:
        """Returns whether a lost person is missed for a short time, inside the image, and not detected as new."""
        pose, options = person.predicted_pose, self.options
        return (
            person.time_since_update <= options.max_missed_frames
            and visible_fraction(pose, image_size) >= options.min_visible_fraction
            and all(pose_similarity(pose[_COCO], other.pose[_COCO]) < options.min_agreement for other in new)
        )


def expected_similarity(person: TrackedPerson, landmarks: Landmarks) -> float:
    """Returns the similarity of a person's landmarks and those expected in this frame, 0 to 1."""
    return float(pose_similarity(person.next_pose[_COCO], landmarks.pose[_COCO]))


def create_observation(landmarks: Landmarks, frame: RgbImage) -> Observation:
    """Creates the observation of a person in a frame (H, W, 3) RGB, with the box and the clothing colours."""
    box = clip_box(bounding_box(landmarks.pose), (frame.shape[1], frame.shape[0]))
    appearance = describe_appearance(frame, landmarks.keypoints)
    return Observation(box, landmarks.keypoints, landmarks.landmarks_3d, landmarks.presence, appearance)


def create_observer(quality: str = "balanced", detector: str | Path = MOVENET, fps: float = 30.0) -> Observer:
    """Creates an observer with the networks of a quality preset.

    Args:
        quality: a key of QUALITY_PRESETS.
        detector: MOVENET, which comes with this package, or an ONNX file that ``onnx_detectors`` supports.
        fps: frame rate of the video, frames/s.

    Raises:
        InvalidDataError: there is no such quality or detector.
        ModelError: a network cannot be loaded.
    """
    preset = find_preset(quality)
    movenet = MoveNetDetector(MoveNetOptions(long_sides=preset.detector_sides))
    people_detector = movenet if detector == MOVENET else create_detector(Path(detector), movenet)
    interval = preset.detection_interval
    options = ObserverOptions(
        detection_interval=interval,
        max_detection_interval=max(round(fps * preset.max_detection_seconds), interval),
        second_network_interval=second_network_interval(preset, fps),
    )
    return Observer(people_detector, create_landmark_model(preset), options, NanoDet())


def find_preset(quality: str) -> QualityPreset:
    """Returns the preset of a quality; raises InvalidDataError if there is none."""
    if quality not in QUALITY_PRESETS:
        raise InvalidDataError(f"unknown quality {quality!r}; choose one of {', '.join(QUALITY_PRESETS)}")
    return QUALITY_PRESETS[quality]


def create_second_network(quality: str = "balanced") -> Thunder:
    """Loads the second network per person; raises as ``create_observer`` does."""
    return Thunder(flip_test=find_preset(quality).flip_test)


def second_network_interval(preset: QualityPreset, fps: float) -> int:
    """Returns the frames between runs of the second network: fewer below 30 frames/s, where each is a longer step."""
    return max(min(preset.second_network_interval, round(preset.second_network_interval * fps / 30)), 1)


def create_landmark_model(preset: QualityPreset) -> BlazePose:
    """Loads the landmark network of a preset; raises ModelError if that is not possible."""
    return BlazePose(preset.landmark_model, flip_test=preset.flip_test)
