"""Observes the hands of a person: a frame and an ``Observation`` -> the same ``Observation`` with ``HandObservation``s.

Left and right are those of the body. The network's own opinion only tells whether a region shows the wanted hand.
Regions are tried one after the other, the cheapest first, until the wanted hand is surely found: the body's region
refined by the region network, a smaller region of the body, and a detected palm. In each there is a second pass, in the
region of the landmarks of the first one, unless the first one is sure. Of 330 hands of signing people the first pass in
the first region was enough for 260; 9 more were found only in the second region or by their palm. Where both hands turn
out to be the same one, the other is given up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from bodydouble.data import FloatArray, HandObservation, Observation, RgbImage
from bodydouble.perception.hands.networks import HandLandmarks, HandNetworks
from bodydouble.perception.hands.regions import (
    HAND_LENGTH,
    SIDES,
    body_scale,
    roi_from_body,
    roi_from_landmarks,
)
from bodydouble.perception.protocols import RotatedRoi
from bodydouble.skeletons import blazepose

OBSERVATIONS_PER_SECOND = {"fast": 10.0, "balanced": 15.0, "best": 30.0}
"""Quality preset -> number of frames per second in which hands are observed."""
SMALLER_REGION = 0.75
"""Side of the second region, sides of that by the body."""
PALM_SEARCH_SIDE = 4.0
"""Side of the square around the wrist in which palms are searched for, lengths of a hand."""


@dataclass(frozen=True, slots=True)
class HandOptions:
    """Thresholds for observing hands."""

    min_length: float = 24.0
    """Minimum length of a hand in the image, px, by the size of the body."""
    min_wrist_confidence: float = 0.1
    """Minimum confidence of the wrist of the body."""
    min_presence: float = 0.5
    """Minimum probability that a region shows a hand."""
    min_side_probability: float = 0.3
    """Minimum probability that it is the wanted one, left or right."""
    sure_wrist_confidence: float = 0.9
    """Confidence of the wrist of the body from which more than one region is tried. Of 32 hands with a less sure wrist
    that the first region did not show, none was found in another region; of 48 others, 18."""
    max_wrist_distance: float = 0.8
    """Maximum distance of the hand's wrist from that of the body, lengths of a hand."""
    sure_score: float = 0.8
    """Product of both probabilities from which there is no second pass."""
    min_retry_presence: float = 0.05
    """Minimum probability of a hand from which its landmarks are worth a second pass."""
    good_score: float = 0.5
    """Product of both probabilities from which no other region is tried."""
    same_hand_distance: float = 0.1
    """Maximum mean distance of the landmarks of one hand from the nearest ones of the other, lengths of a hand, if both
    are one and the same hand. Of hands that really overlap it is 0.12 and more; see docs/hands.md."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Landmarks that may be those of the wanted hand."""

    landmarks: HandLandmarks
    side_probability: float
    """Probability that it is the wanted hand, left or right."""
    wrist_distance: float
    """Distance of its wrist from that of the body, lengths of a hand."""

    @property
    def score(self) -> float:
        """Probability that this is the wanted hand."""
        return self.landmarks.presence * self.side_probability

    @property
    def fit(self) -> float:
        """Agreement with the body: the nearer to its wrist and the surer of its side, the better."""
        return self.score * float(np.exp(-4 * self.wrist_distance))


@dataclass(frozen=True, slots=True)
class _Target:
    """The hand that is looked for."""

    side: str
    wrist: FloatArray
    """(2,) px, by the body."""
    length: float
    """px, by the size of the body."""
    roi: RotatedRoi
    """Region by the body."""


def interval_for_quality(quality: str, fps: float) -> int:
    """Returns the number of frames from one in which hands are observed to the next, at a quality preset."""
    return max(round(fps / OBSERVATIONS_PER_SECOND[quality]), 1)


class HandObserver:
    """Observes both hands of people; a ``DetailModel``."""

    def __init__(self, options: HandOptions | None = None, interval: int = 1) -> None:
        """Loads the networks. Raises ModelError if that is not possible.

        Args:
            options: Thresholds.
            interval: Number of frames from one in which hands are observed to the next.
        """
        self.options = options or HandOptions()
        self._interval = interval
        self._networks = HandNetworks()

    @property
    def interval(self) -> int:
        """Number of frames from one in which hands are observed to the next."""
        return self._interval

    def add_detail(self, frame: RgbImage, person: Observation) -> Observation:
        """Returns the person of a frame (H, W, 3) RGB with the hands that were observed."""
        left, right = (self._observe_hand(frame, person, side) for side in SIDES)
        if left and right and self._is_same_hand(left, right, HAND_LENGTH * body_scale(person)):
            left, right = (left, None) if left.fit >= right.fit else (None, right)
        hands = _to_observation(left, frame.shape), _to_observation(right, frame.shape)
        return replace(person, hands=hands)

    def _observe_hand(self, frame: RgbImage, person: Observation, side: str) -> _Candidate | None:
        """Returns the best candidate for a hand, or None if the hand is too small or was not found."""
        wrist = person.keypoints[blazepose.INDEX[f"{side}_wrist"]]
        length = HAND_LENGTH * body_scale(person)
        if length < self.options.min_length or wrist[2] < self.options.min_wrist_confidence:
            return None
        if not _is_inside(wrist[:2], frame.shape):
            return None
        target = _Target(side, wrist[:2], length, roi_from_body(person, side))
        count = None if wrist[2] >= self.options.sure_wrist_confidence else 1
        best: _Candidate | None = None
        for roi in islice(self._regions(frame, target), count):
            found = self._best_of_two_passes(frame, target, roi)
            best = max(filter(None, (best, found)), key=lambda one: one.score, default=None)
            if best and best.score >= self.options.good_score:
                break
        return best

    def _regions(self, frame: RgbImage, target: _Target) -> Iterator[RotatedRoi]:
        """Yields the regions that may show the hand, the cheapest and most likely one first."""
        yield self._networks.refine_roi(frame, target.roi)
        yield replace(target.roi, side=SMALLER_REGION * target.roi.side)
        surroundings = RotatedRoi(target.wrist, PALM_SEARCH_SIDE * target.length, 0.0)
        palms = self._networks.detect_palms(frame, surroundings)
        palms.sort(key=lambda palm: float(np.hypot(*(palm.wrist - target.wrist))))
        yield from (palm.roi for palm in palms[:1])

    def _best_of_two_passes(self, frame: RgbImage, target: _Target, roi: RotatedRoi) -> _Candidate | None:
        """Locates the hand in a region and, if it may be there, in the region of these landmarks."""
        first = self._locate(frame, target, roi)
        candidates = [first]
        if self.options.min_retry_presence <= first.landmarks.presence and first.score < self.options.sure_score:
            candidates.append(self._locate(frame, target, roi_from_landmarks(first.landmarks.points)))
        return max(filter(self._is_acceptable, candidates), key=lambda one: one.score, default=None)

    def _locate(self, frame: RgbImage, target: _Target, roi: RotatedRoi) -> _Candidate:
        found = self._networks.locate_landmarks(frame, roi)
        probability = found.left_probability if target.side == "left" else 1.0 - found.left_probability
        return _Candidate(found, probability, float(np.hypot(*(found.points[0] - target.wrist))) / target.length)

    def _is_acceptable(self, candidate: _Candidate) -> bool:
        return (
            candidate.landmarks.presence >= self.options.min_presence
            and candidate.side_probability >= self.options.min_side_probability
            and candidate.wrist_distance <= self.options.max_wrist_distance
        )

    def _is_same_hand(self, left: _Candidate, right: _Candidate, length: float) -> bool:
        """Returns whether the landmarks of one hand lie among those of the other, whatever their names."""
        distances = np.linalg.norm(left.landmarks.points[:, None] - right.landmarks.points, axis=-1)
        nearest = min(distances.min(axis=0).mean(), distances.min(axis=1).mean())
        return bool(nearest < self.options.same_hand_distance * length)


def _is_inside(point: FloatArray, shape: tuple[int, ...]) -> bool:
    return bool(0 <= point[0] < shape[1] and 0 <= point[1] < shape[0])


def _to_observation(candidate: _Candidate | None, shape: tuple[int, ...]) -> HandObservation | None:
    """Converts a candidate; landmarks outside the frame, of a shape (H, W, ...), have no confidence."""
    if candidate is None:
        return None
    points = candidate.landmarks.points
    inside = np.all((points >= 0) & (points < [shape[1], shape[0]]), axis=1)
    confidence = candidate.landmarks.presence * min(1.0, 2 * candidate.side_probability) * inside
    return HandObservation(np.column_stack([points, confidence]), candidate.landmarks.landmarks_3d)
