"""Laws of the fit to annotations: landmarks are where they were put, and the rest of the motion stays."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Performance, Track
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations, KeypointState
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera
from bodydouble.motion.annotations.annotated_track import interpolate_annotations
from bodydouble.motion.annotations.apply import apply_annotations
from bodydouble.motion.annotations.keypoints import INTERPOLATED_CONFIDENCE, annotate_track
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.skeletons import blazepose, coco
from tests.motion.corrections.takes import FRAMES, assert_same_person, fit, fitted_take, joints, movement, true_take

A = "person1"
FIRST, LAST = 40, 46
REACH = 36
"""Frames on either side of annotated frames within which the motion may change, 1.2 s."""
MAX_MISS = 2.0 / 720
"""Maximum distance of landmarks from keyed places, in heights of the image."""


def project(take: Performance, person: int = 0) -> FloatArray:
    """Projections (T, 33, 2) px of the landmarks of the motion."""
    shown = take.people[person]
    points = landmark_positions(shown.motion.skeleton, shown.motion.rotations, shown.motion.root_position)
    in_camera = camera.transform(take.camera.camera_from_world[shown.track.frames], points)
    return camera.project(take.camera.intrinsics, in_camera)


def keyed(places: FloatArray, frames: tuple[int, ...], landmarks: tuple[str, ...], shift: float = 0.0) -> Annotations:
    """Annotations of person1 at places (T, 33, 2), moved by a shift in px."""
    return Annotations(
        tuple(
            AnnotatedKeypoint(A, frame, name, pixel=(float(x) + shift, float(y) - shift))
            for frame in frames
            for name in landmarks
            for x, y in [places[frame, blazepose.INDEX[name]]]
        )
    )


def misses(take: Performance, annotations: Annotations) -> FloatArray:
    """Distances of landmarks from keyed places, in heights of the image."""
    projected, height = project(take), take.camera.image_size[1]
    placed = [k for k in annotations.keypoints if k.pixel is not None]
    places = np.array([k.pixel for k in placed])
    landmarks = np.array([projected[k.frame, blazepose.INDEX[k.landmark]] for k in placed])
    return np.asarray(np.linalg.norm(landmarks - places, axis=-1) / height)


@pytest.mark.parametrize(
    ("landmark", "shift"),
    [("left_wrist", 10.0), ("right_elbow", 10.0), ("left_knee", 10.0), ("left_ankle", 10.0), ("nose", 10.0),
     ("right_hip", -10.0)],
)  # fmt: skip
def test_a_landmark_lies_at_its_keyed_place(landmark: str, shift: float) -> None:
    """The hip is lowered, as the leg is straight."""
    take = fitted_take()
    annotations = keyed(project(take), (FIRST, LAST), (landmark,), shift)
    fitted = apply_annotations(take, annotations)
    assert misses(take, annotations).min() > 10.0 / take.camera.image_size[1]
    assert misses(fitted, annotations).max() < MAX_MISS
    between = project(fitted)[FIRST : LAST + 1, blazepose.INDEX[landmark]]
    before = project(take)[FIRST : LAST + 1, blazepose.INDEX[landmark]]
    assert (np.linalg.norm(between - before, axis=-1) > 4.0).all()
    far = np.concatenate([np.arange(FIRST - REACH), np.arange(LAST + 1 + REACH, FRAMES)])
    np.testing.assert_array_equal(movement(take, fitted)[far], 0.0)
    assert_same_person(fitted.people[1], take.people[1])
    assert fitted.annotations == annotations


def test_true_places_of_a_whole_pose_repair_wrong_keypoints() -> None:
    """A passer-by's keypoints in a span; the pose of the person is keyed there."""
    good = fitted_take()
    track = good.people[0].track
    keypoints = track.keypoints.copy()
    keypoints[FIRST : LAST + 1, :, 0] += 120.0
    wrong = fit([replace(track, keypoints=keypoints), good.people[1].track])
    annotations = keyed(project(good), (FIRST, 43, LAST), blazepose.LANDMARKS)
    fitted = apply_annotations(wrong, annotations)
    assert misses(fitted, annotations).max() < MAX_MISS
    errors = [np.linalg.norm(joints(take) - joints(good), axis=-1)[FIRST : LAST + 1].mean() for take in (wrong, fitted)]
    assert errors[0] > 0.15
    assert errors[1] < 0.06


def test_resting_feet_stay_when_an_arm_is_annotated() -> None:
    take = fitted_take()
    fitted = apply_annotations(take, keyed(project(take), (FIRST,), ("left_wrist",), shift=12.0))
    near = slice(FIRST - 3, FIRST + 4)
    soles = [
        sole_positions(m.skeleton, m.rotations, m.root_position)[near, 2:]
        for m in (take.people[0].motion, fitted.people[0].motion)
    ]
    assert np.linalg.norm(soles[1] - soles[0], axis=-1).max() < 0.005


def annotated(track: Track, *keys: AnnotatedKeypoint) -> Track:
    return annotate_track(track, interpolate_annotations(keys, track.frames, 30.0))


def test_keypoints_of_the_track_are_the_annotated_ones() -> None:
    track = true_take().people[0].track
    wrist, nose = blazepose.INDEX["left_wrist"], blazepose.INDEX["nose"]
    changed = annotated(
        track,
        AnnotatedKeypoint(A, 10, "left_wrist", pixel=(100.0, 50.0)),
        AnnotatedKeypoint(A, 12, "left_wrist", KeypointState.HIDDEN, (110.0, 50.0)),
        AnnotatedKeypoint(A, 10, "nose", KeypointState.ABSENT),
    )
    np.testing.assert_array_equal(changed.keypoints[[10, 12], wrist], [[100, 50, 1], [110, 50, 1]])
    np.testing.assert_allclose(changed.keypoints[11, wrist], [105, 50, INTERPOLATED_CONFIDENCE])
    np.testing.assert_allclose(changed.keypoints[10, nose, :2], track.keypoints[[9, 11], nose, :2].mean(axis=0))
    assert changed.keypoints[10, nose, 2] == 0.0
    untouched = np.ones(track.keypoints.shape[:2], dtype=bool)
    untouched[10:13, wrist], untouched[10, nose] = False, False
    np.testing.assert_array_equal(changed.keypoints[untouched], track.keypoints[untouched])
    np.testing.assert_array_equal(changed.landmarks_3d[untouched], track.landmarks_3d[untouched])


def test_a_pose_in_a_gap_of_the_track_counts_as_observed() -> None:
    track = true_take().people[0].track
    observed = track.observed.copy()
    observed[20:25] = False
    hidden = np.where(observed[:, None, None], track.keypoints, (np.nan, np.nan, 0.0))
    gap = replace(
        track,
        observed=observed,
        keypoints=hidden,
        boxes=np.where(observed[:, None], track.boxes, np.nan),
        landmarks_3d=np.where(observed[:, None, None], track.landmarks_3d, np.nan),
    )
    keys = [AnnotatedKeypoint(A, 22, name, pixel=(100.0, 50.0)) for name in coco.KEYPOINTS]
    changed = annotated(gap, *keys)
    assert np.flatnonzero(~changed.observed).tolist() == [20, 21, 23, 24]
    assert np.isfinite(changed.keypoints[22]).all()
    assert np.isfinite(changed.landmarks_3d[22]).all()
    assert (changed.keypoints[22, :, 2] > 0).sum() == len(keys)
    assert not annotated(gap, keys[0]).observed[22]


@pytest.mark.parametrize(
    ("keypoint", "message"),
    [
        (AnnotatedKeypoint("x", 3, "nose", pixel=(1, 2)), "there is no person 'x'; there are person1, person2"),
        (
            AnnotatedKeypoint(A, 300, "nose", pixel=(1, 2)),
            "frame 300 is outside the frames of person1, which are 0 to 89",
        ),
        (
            AnnotatedKeypoint(A, 3, "tail", pixel=(1, 2)),
            "unknown landmark 'tail'; the landmarks are nose, left_eye_inner",
        ),
        (
            AnnotatedKeypoint(A, 3, "nose", pixel=(1, 9999)),
            "nose of person1 in frame 3 is at 1, 9999, outside the image",
        ),
    ],
)
def test_annotations_that_do_not_fit_are_refused(keypoint: AnnotatedKeypoint, message: str) -> None:
    with pytest.raises(InvalidDataError) as raised:
        apply_annotations(true_take(), Annotations((keypoint,)))
    assert message in str(raised.value)


def test_annotations_are_applied_once() -> None:
    annotations = Annotations((AnnotatedKeypoint(A, 3, "nose", KeypointState.ABSENT),))
    take = replace(true_take(), annotations=annotations)
    with pytest.raises(InvalidDataError, match="annotations are applied already"):
        apply_annotations(take, annotations)
