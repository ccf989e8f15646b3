"""Samples the colours of people: ``RgbImage`` and the ``Observation``s of a frame -> ``AppearanceSample``s."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray, Observation, RgbImage
from bodydouble.data.appearance import HEAD_PATCH_SIDE, AppearanceSample
from bodydouble.perception.appearance.faces import laplacian_std
from bodydouble.perception.appearance.glasses import EYES_PATCH_SIDE, has_glasses, locate_eyes
from bodydouble.perception.appearance.sample_points import SamplePoints, body_scale, place_sample_points
from bodydouble.perception.face.regions import FACE_HEIGHT, MARGIN, region_from_body
from bodydouble.perception.image.roi import count_halvings, extract_roi, halve
from bodydouble.perception.protocols import RotatedRoi
from bodydouble.skeletons import blazepose

RATE = 4.0
"""Number of samples per second at the beginning of a clip."""
DENSE_SECONDS, SPARSE_FACTOR = 60.0, 16
"""Time after which samples are rarer by a factor, so that they need little memory in long clips."""
MIN_SHOULDER_DEPTH = 0.2
"""Minimum difference in depth of the shoulders in m in a view from the side."""
MIN_SCALE = 40.0
"""Minimum size of a person, px per metre."""
SAMPLED_SCALE = 100.0
"""Size to which a person is reduced for sampling, px per metre."""
HEAD_PATCH_SIZE, HEAD_SHIFT = 0.64, 0.10
"""Side of the image of the head in m, and distance of its middle below the point between eyes and mouth."""
FACE_BELOW_EARS = 0.025
"""Distance of the point between eyes and mouth below the ears, m."""
BACK_SCALE = 0.9
"""Ratio of the scale of a head from behind to that of the body, which is the largest of several."""
HEAD_BREADTH = 0.155
"""Distance between the ears of an adult, m."""

_EARS = [blazepose.INDEX["left_ear"], blazepose.INDEX["right_ear"]]
_SHOULDERS = [blazepose.INDEX["left_shoulder"], blazepose.INDEX["right_shoulder"]]
_NOSE = blazepose.INDEX["nose"]


class AppearanceSampler:
    """Samples the colours of people in some frames of a video. Its results do not depend on earlier frames."""

    def __init__(self, fps: float) -> None:
        """Starts with the frame rate of the video."""
        self._interval = max(round(fps / RATE), 1)
        self._dense_frames = DENSE_SECONDS * fps

    def is_due(self, frame: int) -> bool:
        """Returns whether the people in a frame, counted from 0, are to be sampled."""
        return frame % (self._interval if frame < self._dense_frames else SPARSE_FACTOR * self._interval) == 0

    def sample_people(self, frame: RgbImage, people: Sequence[Observation]) -> list[AppearanceSample | None]:
        """Samples people.

        Args:
            frame: (H, W, 3) RGB.
            people: the people in it, in px of the frame.

        Returns:
            One sample per person; None if the person is too small. Points in the box of a nearer person are unknown.
        """
        scales = [body_scale(person.keypoints) for person in people]
        return [
            sample_person(frame, person, scale, _find_occluders(index, people, scales)) if scale >= MIN_SCALE else None
            for index, (person, scale) in enumerate(zip(people, scales, strict=True))
        ]


def _find_occluders(index: int, people: Sequence[Observation], scales: Sequence[float]) -> list[FloatArray]:
    """Returns the boxes of the people who are larger, and therefore nearer, than one of them."""
    return [other.box for other, scale in zip(people, scales, strict=True) if scale > scales[index]]


def sample_person(
    frame: RgbImage, person: Observation, scale: float, occluders: Sequence[FloatArray] = ()
) -> AppearanceSample:
    """Samples a person.

    Args:
        frame: (H, W, 3) RGB.
        person: the person, in px of the frame.
        scale: px per metre.
        occluders: boxes (4,) of people in front.
    """
    keypoints = person.keypoints
    points = place_sample_points(keypoints, scale)
    colors = _sample_colors(frame, points, scale, occluders)
    limbs, between_legs, beside_legs, torso, feet, hands, face = colors
    roi, turn = locate_head(keypoints, scale)
    far_side = find_far_side(person.landmarks_3d, turn)
    over_trunk = points.arms_over_trunk.copy()
    if far_side is not None:
        hands[far_side] = np.nan
        over_trunk[:, far_side] = True
    head = extract_roi(frame, roi, HEAD_PATCH_SIDE)
    sharpness = laplacian_std(head)
    confidence = float(np.clip(keypoints[:, 2], 0, 1).mean())
    weight = confidence * min(scale / 200.0, 1.0) * sharpness / (sharpness + 4.0)
    return AppearanceSample(
        limbs=_median(limbs, axis=3),
        arms_over_trunk=over_trunk,
        between_legs=between_legs,
        beside_legs=beside_legs,
        torso=torso,
        feet=_median(feet, axis=1),
        hands=_median(hands, axis=1),
        face=face,
        head=head,
        turn=turn,
        glasses=_judge_glasses(frame, keypoints, turn),
        weight=weight,
    )


def _judge_glasses(frame: RgbImage, keypoints: FloatArray, turn: float) -> float:
    """Returns 1 for glasses, 0 for none, NaN where the eyes are not seen well enough."""
    roi = locate_eyes(keypoints, turn)
    return float("nan") if roi is None else float(has_glasses(extract_roi(frame, roi, EYES_PATCH_SIDE)))


def _sample_colors(
    frame: RgbImage, points: SamplePoints, scale: float, occluders: Sequence[FloatArray]
) -> list[FloatArray]:
    """Returns the colours (..., 3), sRGB 0 to 1, at each group of points; NaN outside the image and behind others."""
    groups = [
        points.limbs, points.between_legs, points.beside_legs, points.torso, points.feet, points.hands, points.face
    ]  # fmt: skip
    flat = np.concatenate([group.reshape(-1, 2) for group in groups])
    for x_min, y_min, x_max, y_max in occluders:
        is_hidden = (flat[:, 0] > x_min) & (flat[:, 0] < x_max) & (flat[:, 1] > y_min) & (flat[:, 1] < y_max)
        flat[is_hidden] = np.nan
    ends = np.cumsum([group.size // 2 for group in groups])[:-1]
    colors = np.split(_read_colors(frame, flat, scale), ends)
    return [color.reshape(*group.shape[:-1], 3) for color, group in zip(colors, groups, strict=True)]


def _read_colors(frame: RgbImage, points: FloatArray, scale: float) -> FloatArray:
    """Returns the colours (N, 3) at points (N, 2) px, each a mean over about a centimetre."""
    colors = np.full((len(points), 3), np.nan, np.float32)
    height, width = frame.shape[:2]
    with np.errstate(invalid="ignore"):
        inside = (points >= 0).all(axis=1) & (points[:, 0] < width) & (points[:, 1] < height)
    if not inside.any():
        return colors
    times = count_halvings(scale / SAMPLED_SCALE)
    factor = 2**times
    low = (np.floor(points[inside].min(axis=0) / factor) * factor).astype(int)
    high = np.ceil(points[inside].max(axis=0)).astype(int) + factor
    reduced = halve(frame[low[1] : high[1], low[0] : high[0]], times)
    column, row = np.floor((points[inside] - low) / factor).astype(int).T
    column, row = np.minimum(column, reduced.shape[1] - 1), np.minimum(row, reduced.shape[0] - 1)
    colors[inside] = reduced[row, column].astype(np.float32) / 255
    return colors


def find_far_side(landmarks_3d: FloatArray, turn: float) -> int | None:
    """Returns the side whose arm the trunk hides in a view from the side: 0 left, 1 right; None in other views.

    Args:
        landmarks_3d: (33, 3) m, z away from the camera.
        turn: turn of the head, as AppearanceSample has it.
    """
    left, right = landmarks_3d[_SHOULDERS, 2]
    if abs(left - right) > MIN_SHOULDER_DEPTH:
        return int(left < right)
    # A person who looks to the left of the image shows the left side.
    return int(turn < 0) if abs(turn) > 1.0 else None


def locate_head(keypoints: FloatArray, scale: float) -> tuple[RotatedRoi, float]:
    """Locates the region of the head's image, and the turn of the head as AppearanceSample has it."""
    face = region_from_body(keypoints)
    ears = keypoints[_EARS, :2]
    if face is None:
        neck, middle = keypoints[_SHOULDERS, :2].mean(axis=0), ears.mean(axis=0)
        up = middle - neck
        angle, metre, turn = float(np.arctan2(up[0], -up[1])), BACK_SCALE * scale, np.nan
        center = middle - FACE_BELOW_EARS * metre * up / max(float(np.linalg.norm(up)), 1e-9)
    else:
        metre = face.side / (MARGIN * FACE_HEIGHT / 100)
        angle, center = face.angle, face.center
        across = np.array([np.cos(angle), np.sin(angle)])
        turn = float(np.clip((keypoints[_NOSE, :2] - ears.mean(axis=0)) @ across / (0.5 * HEAD_BREADTH * metre), -2, 2))
    down = np.array([-np.sin(angle), np.cos(angle)])
    return RotatedRoi(center + HEAD_SHIFT * metre * down, HEAD_PATCH_SIZE * metre, angle), turn


def _median(colors: FloatArray, axis: int) -> FloatArray:
    """Returns the median along an axis; NaN if one of the samples is."""
    return np.asarray(np.median(colors, axis=axis), dtype=np.float32)
