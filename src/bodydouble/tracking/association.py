"""The entry point of tracking: ``Observation``s of each frame -> one ``PersonTrack`` per person.

Observations are matched frame by frame into tracklets, and tracklets are linked by re-identification. Observations
with the ids of an external tracker are joined by id.

Source: the tracking-by-detection scheme of Bewley et al., Simple Online and Realtime Tracking (2016): constant
velocity, optimal assignment; here with pose similarity in addition to box overlap.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import (
    COCO_KEYPOINT_COUNT,
    FACE_EMBEDDING_DIM,
    LANDMARK_COUNT,
    UNKNOWN_TRACK_ID,
    AppearanceSample,
    BoolArray,
    FaceObservation,
    FloatArray,
    HandObservation,
    IntArray,
    Observation,
    Track,
)
from bodydouble.geometry.similarity import box_area, box_iou, pose_center, pose_extent, pose_similarity
from bodydouble.skeletons import coco
from bodydouble.tracking.brief_duplicates import drop_brief_duplicates
from bodydouble.tracking.keypoint_fusion import FACE, fuse_keypoints
from bodydouble.tracking.keypoint_reliability import downweight_unreliable_keypoints
from bodydouble.tracking.likelihoods import ReidentificationOptions, appearance_llr
from bodydouble.tracking.reidentification import link_tracklets
from bodydouble.tracking.tracklets import Tracklet, median_appearance

_COCO = list(coco.BLAZEPOSE_INDICES)
HandsPerFrame = tuple[tuple[HandObservation | None, HandObservation | None], ...]
"""Left and right hand in each frame; None where a hand was not observed."""


@dataclass(frozen=True, slots=True)
class AssociationOptions:
    """Thresholds for matching observations to tracklets. Lengths are in half body heights."""

    min_similarity: float = 0.2
    """Minimum mean of box overlap and pose similarity for a match at any distance."""
    max_deviation_speed: float = 8.0
    """Maximum deviation from constant velocity, half body heights per second since the last observation."""
    max_deviation: float = 4.0
    """Maximum deviation from constant velocity, half body heights."""
    max_gap: float = 1.0
    """Maximum duration in s of a gap within a tracklet."""
    min_duration: float = 0.4
    """Minimum duration in s, or half the clip if that is shorter, for which a person must be observed."""
    velocity_window: float = 0.2
    """Duration in s at the end of a tracklet from which its velocity is estimated."""
    duplicate_similarity: float = 0.6
    """Minimum median pose similarity, over their common frames, of two tracklets that show the same person."""
    appearance_memory: int = 25
    """Number of the last observations from which a tracklet's appearance is taken."""
    appearance_weight: float = 0.11
    """Weight of the log-likelihood ratio of appearance relative to the similarity of position."""
    reidentification: ReidentificationOptions = field(default_factory=ReidentificationOptions)
    """Parameters for linking tracklets."""


class FaceEmbeddings(NamedTuple):
    """Face embeddings of one person."""

    frames: IntArray
    """(N,) ascending, frames in which the face was embedded."""
    vectors: FloatArray
    """(N, 1024) unit vectors, float32."""


@dataclass(frozen=True, slots=True)
class PersonTrack:
    """Track of one person, with the face embeddings of its observations."""

    track: Track
    """Input of the motion stage; nose, eyes and ears are those of the first landmark network."""
    face_embeddings: FaceEmbeddings
    fused_face: FloatArray
    """(T, 5, 2) px, nose, eyes and ears by both landmark networks."""
    hands: HandsPerFrame
    """Left and right hand in each of the T frames."""
    faces: tuple[FaceObservation | None, ...]
    """The face in each of the T frames."""
    appearance_samples: tuple[AppearanceSample, ...] = ()
    """Samples of the appearance, in order of time."""

    def fused_track(self) -> Track:
        """Returns the track with the face by both landmark networks: the best 2D keypoints."""
        keypoints = self.track.keypoints.copy()
        keypoints[:, FACE, :2] = self.fused_face
        return replace(self.track, keypoints=keypoints)


def build_tracks(
    observations: Sequence[Sequence[Observation]],
    fps: float,
    image_size: tuple[int, int],
    ids: Sequence[Sequence[int]] | None = None,
    options: AssociationOptions | None = None,
    shot_starts: Sequence[int] = (),
) -> tuple[PersonTrack, ...]:
    """Builds the tracks of all people who are observed for long enough.

    Args:
        observations: observations of each frame of the clip, in any order within a frame.
        fps: frames per second.
        image_size: width and height of the image, px.
        ids: ids of an external tracker, in the same layout; UNKNOWN_TRACK_ID where there is none. Ids and keypoints
            are trusted. None: there is no external tracker, and confidences of unreliable keypoints are lowered.
        options: thresholds for matching observations to tracklets.
        shot_starts: first frame of every shot but the first, ascending. Across a cut, only appearance links tracklets.

    Returns:
        Tracks with ids in order of the id, then the others in order of appearance, the larger first.
    """
    options = options or AssociationOptions()
    if ids is None:
        tracklets = associate_observations(observations, fps, options, shot_starts)
    else:
        identified, unidentified = _split_by_id(observations, ids)
        tracklets = _drop_short(identified, fps, len(observations), options)
        tracklets += associate_observations(unidentified, fps, options, shot_starts)
        del identified, unidentified
    del observations
    people = []
    while tracklets:
        people.append(_build_person_track(tracklets.pop(0), is_trusted=ids is not None))
    if ids is not None:
        return tuple(people)
    tracks = downweight_unreliable_keypoints([person.track for person in people], image_size, fps)
    return tuple(replace(person, track=track) for person, track in zip(people, tracks, strict=True))


def _build_person_track(tracklet: Tracklet, *, is_trusted: bool) -> PersonTrack:
    """Converts a tracklet, and empties it; keypoints that are not trusted are fused with those of the second network.

    All that is stored is copied, so that the observations can be freed.
    """
    track, second = build_track(tracklet), None if is_trusted else collect_second_keypoints(tracklet)
    embeddings, samples = _collect_face_embeddings(tracklet), _collect_appearance_samples(tracklet)
    hands, faces = _collect_hands_and_faces(tracklet)
    tracklet.frames, tracklet.observations = [], []
    face = track.keypoints[:, FACE, :2]
    if second is not None:
        track, face = fuse_keypoints(track, second)
    return PersonTrack(track, embeddings, face, hands, faces, samples)


def associate_observations(
    observations: Sequence[Sequence[Observation]],
    fps: float,
    options: AssociationOptions | None = None,
    shot_starts: Sequence[int] = (),
) -> list[Tracklet]:
    """Joins the observations of each person who is observed for long enough, as ``build_tracks`` does without ids.

    Returns:
        One tracklet per person, in order of appearance, the larger first.
    """
    options = options or AssociationOptions()
    tracklets = track_frame_by_frame(observations, fps, options, shot_starts)
    tracklets = drop_brief_duplicates(_merge_duplicates(tracklets, options.duplicate_similarity), fps)
    tracklets = link_tracklets(tracklets, fps, options.reidentification, shot_starts)
    return _drop_short(tracklets, fps, len(observations), options)


def track_frame_by_frame(
    observations: Sequence[Sequence[Observation]],
    fps: float,
    options: AssociationOptions | None = None,
    shot_starts: Sequence[int] = (),
) -> list[Tracklet]:
    """Matches the observations of each frame to the tracklets so far; arguments are those of ``build_tracks``.

    Matching has two stages: tracklets that were observed in the previous frame are matched first, so that one with a
    gap takes no observation from them.

    Returns:
        All tracklets, however short; none extends across a cut.
    """
    options = options or AssociationOptions()
    tracklets: list[Tracklet] = []
    max_gap = max(options.max_gap * fps, 1)
    active: list[Tracklet] = []
    shot_start, starts = 0, set(shot_starts)
    for frame, frame_observations in enumerate(observations):
        shot_start = frame if frame in starts else shot_start
        unmatched = sorted(frame_observations, key=lambda o: (-float(box_area(o.box)), -o.score))
        active = [t for t in active if shot_start <= t.frames[-1] and frame - t.frames[-1] <= max_gap]
        recent = [tracklet for tracklet in active if tracklet.frames[-1] == frame - 1]
        lost = [tracklet for tracklet in active if tracklet.frames[-1] < frame - 1]
        for group in (recent, lost):
            unmatched = _match(group, unmatched, frame, fps, options)
        new = [Tracklet([frame], [observation]) for observation in unmatched]
        tracklets += new
        active += new
    return tracklets


def build_track(tracklet: Tracklet) -> Track:
    """Converts a tracklet into a track; frames without observation are marked as not observed."""
    frames = np.arange(tracklet.frames[0], tracklet.frames[-1] + 1)
    rows = np.asarray(tracklet.frames) - tracklet.frames[0]
    count = len(frames)
    observed = np.zeros(count, dtype=bool)
    boxes = np.full((count, 4), np.nan)
    keypoints = np.full((count, LANDMARK_COUNT, 3), np.nan)
    keypoints[..., 2] = 0.0
    landmarks_3d = np.full((count, LANDMARK_COUNT, 3), np.nan)
    observed[rows] = True
    for row, observation in zip(rows.tolist(), tracklet.observations, strict=True):
        boxes[row], keypoints[row] = observation.box, observation.keypoints
        landmarks_3d[row] = observation.landmarks_3d
    return Track(frames, observed, boxes, keypoints, landmarks_3d)


def collect_second_keypoints(tracklet: Tracklet) -> FloatArray:
    """Returns (T, 17, 3) keypoints of the second network in the frames of ``build_track``; NaN where it did not run."""
    keypoints = np.full((tracklet.frames[-1] + 1 - tracklet.frames[0], COCO_KEYPOINT_COUNT, 3), np.nan)
    for frame, observation in zip(tracklet.frames, tracklet.observations, strict=True):
        if observation.second_keypoints is not None:
            keypoints[frame - tracklet.frames[0]] = observation.second_keypoints
    return keypoints


def _collect_hands_and_faces(tracklet: Tracklet) -> tuple[HandsPerFrame, tuple[FaceObservation | None, ...]]:
    """Returns the hands and the face in the frames of ``build_track``."""
    by_frame = dict(zip(tracklet.frames, tracklet.observations, strict=True))
    people = [by_frame.get(frame) for frame in range(tracklet.frames[0], tracklet.frames[-1] + 1)]
    return (
        tuple(person.hands if person else (None, None) for person in people),
        tuple(person.face if person else None for person in people),
    )


def _collect_appearance_samples(tracklet: Tracklet) -> tuple[AppearanceSample, ...]:
    samples = (observation.appearance_sample for observation in tracklet.observations)
    return tuple(sample for sample in samples if sample is not None)


def _collect_face_embeddings(tracklet: Tracklet) -> FaceEmbeddings:
    pairs = [
        (frame, observation.face_embedding)
        for frame, observation in zip(tracklet.frames, tracklet.observations, strict=True)
        if observation.face_embedding is not None
    ]
    frames = np.array([frame for frame, _ in pairs], dtype=np.int64)
    vectors = np.array([vector for _, vector in pairs], dtype=np.float32)
    return FaceEmbeddings(frames, vectors.reshape(-1, FACE_EMBEDDING_DIM))


def _split_by_id(
    observations: Sequence[Sequence[Observation]], ids: Sequence[Sequence[int]]
) -> tuple[list[Tracklet], list[list[Observation]]]:
    """Returns one tracklet per id, in order of the id, and the observations of each frame that have no id."""
    identified: defaultdict[int, Tracklet] = defaultdict(lambda: Tracklet([], []))
    unidentified: list[list[Observation]] = []
    for frame, (frame_observations, frame_ids) in enumerate(zip(observations, ids, strict=True)):
        pairs = list(zip(frame_observations, frame_ids, strict=True))
        unidentified.append([observation for observation, id_ in pairs if id_ == UNKNOWN_TRACK_ID])
        for observation, id_ in pairs:
            if id_ != UNKNOWN_TRACK_ID:
                identified[id_].frames.append(frame)
                identified[id_].observations.append(observation)
    return [identified[id_] for id_ in sorted(identified)], unidentified


def _drop_short(
    tracklets: Sequence[Tracklet], fps: float, frame_count: int, options: AssociationOptions
) -> list[Tracklet]:
    min_frames = min(options.min_duration * fps, 0.5 * frame_count)
    return [tracklet for tracklet in tracklets if len(tracklet.frames) >= min_frames]


def _match(
    tracklets: Sequence[Tracklet],
    observations: Sequence[Observation],
    frame: int,
    fps: float,
    options: AssociationOptions,
) -> list[Observation]:
    """Appends to each tracklet the observation that continues it, and returns the unmatched observations."""
    if not tracklets or not observations:
        return list(observations)
    scores = _match_scores(tracklets, observations, frame, fps, options)
    matched: set[int] = set()
    rows, columns = linear_sum_assignment(scores, maximize=True)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if scores[row, column] > 0:
            tracklets[row].frames.append(frame)
            tracklets[row].observations.append(observations[column])
            matched.add(column)
    return [observation for column, observation in enumerate(observations) if column not in matched]


def _match_scores(
    tracklets: Sequence[Tracklet],
    observations: Sequence[Observation],
    frame: int,
    fps: float,
    options: AssociationOptions,
) -> FloatArray:
    """(T, O) score of each observation as the continuation of each tracklet; 0 if it is impossible.

    Appearance counts only where several tracklets and observations compete.
    """
    position_scores = _position_scores(tracklets, observations, frame, fps, options)
    is_ambiguous = _is_ambiguous(position_scores > 0)
    if not is_ambiguous.any():
        return position_scores
    appearances = np.stack([median_appearance(t.observations[-options.appearance_memory :]) for t in tracklets])
    observed_appearances = np.stack([observation.appearance for observation in observations])
    llr = appearance_llr(appearances[:, None], observed_appearances[None], options.reidentification)
    scores = np.maximum(position_scores + options.appearance_weight * llr, 1e-3)
    return np.asarray(np.where(is_ambiguous, scores, position_scores))


def _position_scores(
    tracklets: Sequence[Tracklet],
    observations: Sequence[Observation],
    frame: int,
    fps: float,
    options: AssociationOptions,
) -> FloatArray:
    """(T, O) similarity of the predicted and the observed box and pose; 0 if the deviation is too large."""
    window = max(round(options.velocity_window * fps), 1)
    predicted = [_predict(tracklet, frame, window) for tracklet in tracklets]
    boxes, poses = (np.stack(parts)[:, None] for parts in zip(*predicted, strict=True))
    observed = zip(*map(_box_and_pose, observations), strict=True)
    observed_boxes, observed_poses = (np.stack(parts)[None] for parts in observed)
    similarity = 0.5 * (box_iou(boxes, observed_boxes) + pose_similarity(poses, observed_poses))
    elapsed = np.array([frame - tracklet.frames[-1] for tracklet in tracklets])[:, None] / fps
    max_distance = np.minimum(options.max_deviation_speed * elapsed, options.max_deviation)
    proximity = np.maximum(1.0 - _normalized_distance(poses, observed_poses) / max_distance, 0.0)
    # Proximity decides only where box overlap and pose similarity are equal, or too low.
    return np.asarray(np.where(similarity >= options.min_similarity, similarity, 0.0) + 0.1 * proximity)


def _is_ambiguous(is_possible: BoolArray) -> BoolArray:
    """(T, O) True for possible matches of a tracklet or an observation that has several."""
    has_rival = (is_possible.sum(axis=0) > 1) | (is_possible.sum(axis=1, keepdims=True) > 1)
    return np.asarray(is_possible & has_rival)


def _normalized_distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Distance (...) between the centres of poses (..., 17, 2), in half body heights."""
    distance = np.linalg.norm(pose_center(a) - pose_center(b), axis=-1)
    return np.asarray(distance / np.maximum(np.maximum(pose_extent(a), pose_extent(b)), 1e-6))


def _box_and_pose(observation: Observation) -> tuple[FloatArray, FloatArray]:
    """Returns the box (4,) and the COCO keypoints (17, 2), px."""
    return observation.box, observation.keypoints[_COCO, :2]


def _predict(tracklet: Tracklet, frame: int, window: int) -> tuple[FloatArray, FloatArray]:
    """Extrapolates box (4,) and pose (17, 2), px, at the mean velocity over the last frames of a tracklet."""
    box, pose = _box_and_pose(tracklet.observations[-1])
    window_start = bisect_left(tracklet.frames, tracklet.frames[-1] - window)
    elapsed = tracklet.frames[-1] - tracklet.frames[window_start]
    if elapsed == 0:
        return box, pose
    displacement = pose_center(pose) - pose_center(_box_and_pose(tracklet.observations[window_start])[1])
    step = displacement / elapsed * (frame - tracklet.frames[-1])
    return box + np.tile(step, 2), pose + step


def _merge_duplicates(tracklets: Sequence[Tracklet], min_similarity: float) -> list[Tracklet]:
    """Removes duplicates of longer tracklets, which take over the frames that only the duplicate has."""
    kept: list[Tracklet] = []
    for tracklet in sorted(tracklets, key=lambda tracklet: -len(tracklet.frames)):
        original = next((other for other in kept if _median_similarity(tracklet, other) >= min_similarity), None)
        if original is None:
            kept.append(tracklet)
        else:
            merged = _by_frame(tracklet) | _by_frame(original)
            original.frames = sorted(merged)
            original.observations = [merged[frame] for frame in original.frames]
    return sorted(kept, key=lambda tracklet: (tracklet.frames[0], -float(box_area(tracklet.observations[0].box))))


def _median_similarity(a: Tracklet, b: Tracklet) -> float:
    """Returns the median pose similarity of two tracklets over their common frames; 0 if there is none."""
    if a.frames[-1] < b.frames[0] or b.frames[-1] < a.frames[0]:
        return 0.0
    by_frame = _by_frame(a), _by_frame(b)
    shared = sorted(by_frame[0].keys() & by_frame[1].keys())
    if not shared:
        return 0.0
    poses = (np.stack([_box_and_pose(observations[frame])[1] for frame in shared]) for observations in by_frame)
    return float(np.median(pose_similarity(*poses)))


def _by_frame(tracklet: Tracklet) -> dict[int, Observation]:
    return dict(zip(tracklet.frames, tracklet.observations, strict=True))
