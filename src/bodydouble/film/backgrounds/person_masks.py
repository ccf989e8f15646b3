"""Person masks: the people of a performance -> the part of each frame that shows them.

A person is drawn as the thick lines of ``geometry.silhouette``, both around the posed 3D body and around the 2D
keypoints, so that the mask holds where only one of them fits. Hands are drawn from their own keypoints.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from bodydouble.data import BoolArray, Camera, FloatArray, Performance, Person, RgbImage
from bodydouble.geometry import camera as cameras
from bodydouble.geometry import silhouette
from bodydouble.motion.body import body_landmarks
from bodydouble.skeletons import blazepose, hand

MASK_SIDE = 640
"""Maximum longer side of the images in which masks are drawn, px."""
BODY_MARGIN = 0.14
"""Width added around the lines for hair, loose clothes and errors of the pose, in trunk lengths."""
WIDE_MARGIN = 0.34
"""Width added where there is background to spare, in trunk lengths."""
MAX_EXTRAPOLATED_TIME = 0.4
"""Time in s before and after a track during which the person is assumed to move on."""
MIN_CONFIDENCE = 0.2
"""Minimum confidence of a keypoint that is drawn."""
MIN_DEPTH = 0.2
"""Minimum distance of a body from the camera, m."""
FINGER_REACH = 2.2
"""Distance of the fingertips from the wrist, in distances of the landmark of the index finger."""
HAND_RADIUS = 0.06
"""Radius of fingers, in trunk lengths."""
FOOT_FLATNESS = 0.45
"""Height of the discs around feet over their width."""
MAX_COORDINATE = 1 << 14
"""Limit of coordinates and radii in px, which OpenCV draws without overflow."""

_EARS, _WRISTS, _KNUCKLES, _SHOULDERS, _HIPS, _HEELS, _TOES = (
    [blazepose.INDEX[f"{side}_{part}"] for side in ("left", "right")]
    for part in ("ear", "wrist", "index", "shoulder", "hip", "heel", "foot_index")
)
_ANY_POSE = np.arange(66.0).reshape(33, 2)
_TRUNKS_PER_WIDTH = ((_SHOULDERS, 1.3), (_EARS, 3.0))
"""Lower bounds of the trunk length, in distances of both shoulders and of both ears, where hips are out of the image or
close to the camera."""
_RELATIVE_RADII = silhouette.build_silhouettes(_ANY_POSE).radii / silhouette.trunk_length(_ANY_POSE)
"""Radii of the lines of a silhouette, in trunk lengths."""
_BONE_ENDS = [end for end, parent in enumerate(hand.PARENTS) if parent >= 0]
_BONE_STARTS = [hand.PARENTS[end] for end in _BONE_ENDS]


@dataclass(frozen=True, slots=True)
class _Outline:
    """One person over T frames as S thick lines in the masks."""

    first_frame: int
    lines: FloatArray
    """(T, S, 2, 2) px, both ends; NaN where unknown."""
    radii: FloatArray
    """(S,) in trunk lengths."""
    trunk: FloatArray
    """(T,) px, trunk length; NaN where unknown."""
    feet: FloatArray
    """(T, 2, 2) px, middles of the feet; NaN where unknown."""

    @classmethod
    def around_body(cls, first_frame: int, points: FloatArray, min_trunk: FloatArray | float = 0.0) -> Self:
        """Builds the outline of landmarks (T, 33, 2) px; of a limb of which one end is NaN, the other end is drawn.

        ``min_trunk`` (T,) px is a lower bound of the trunk lengths, NaN where unknown.
        """
        body = silhouette.build_silhouettes(points)
        tips = points[:, _WRISTS] + FINGER_REACH * (points[:, _KNUCKLES] - points[:, _WRISTS])
        starts = np.concatenate([body.starts, points[:, _WRISTS]], axis=1)
        ends = np.concatenate([body.ends, tips], axis=1)
        starts, ends = np.where(np.isfinite(starts), starts, ends), np.where(np.isfinite(ends), ends, starts)
        radii = np.concatenate([_RELATIVE_RADII, [HAND_RADIUS] * 2])
        feet = (points[:, _HEELS] + points[:, _TOES]) / 2
        trunk = np.fmax(_trunk_lengths(points), min_trunk)
        return cls(first_frame, np.stack([starts, ends], axis=2), radii, trunk, feet)

    @classmethod
    def around_hands(cls, first_frame: int, points: FloatArray, trunk: FloatArray) -> Self:
        """Builds the outline of the landmarks (T, 2, 21, 2) px of hands of people with trunk lengths (T,)."""
        lines = np.stack([points[:, :, _BONE_STARTS], points[:, :, _BONE_ENDS]], axis=3)
        lines = lines.reshape(len(points), -1, 2, 2)
        radii = np.full(lines.shape[1], HAND_RADIUS)
        return cls(first_frame, lines, radii, trunk, np.full((len(points), 2, 2), np.nan))

    def at(self, time: float, max_extrapolated: float) -> tuple[FloatArray, FloatArray, float] | None:
        """Returns lines, feet and trunk length at a time in frames, None farther from the track than the maximum."""
        last = len(self.lines) - 1
        row = time - self.first_frame
        if not -max_extrapolated <= row <= last + max_extrapolated:
            return None
        low = int(np.clip(np.floor(row), 0, max(last - 1, 0)))
        high, part = min(low + 1, last), row - low
        lines, feet = (
            values[low] if row == low else values[low] + part * (values[high] - values[low])
            for values in (self.lines, self.feet)
        )
        return lines, feet, float(self.trunk[int(np.clip(round(row), 0, last))])


class PersonMasks:
    """Draws the masks of all people of a performance, in any frame."""

    def __init__(self, performance: Performance, image_size: tuple[int, int]) -> None:
        """Projects the people.

        Args:
            performance: camera and people.
            image_size: width and height of the frames, px; those of the performance may differ.
        """
        ratio = min(1.0, MASK_SIDE / max(image_size))
        self.size = max(1, round(image_size[0] * ratio)), max(1, round(image_size[1] * ratio))
        """Width and height of the masks, px."""
        scale = np.divide(self.size, performance.camera.image_size)
        self._outlines = [
            outline for person in performance.people for outline in _build_outlines(person, performance.camera, scale)
        ]
        self.fps = float(performance.fps)
        """Frames per second."""

    def draw(self, index: int, margin: float = BODY_MARGIN) -> BoolArray:
        """Draws the mask of a frame.

        Args:
            index: the frame.
            margin: width added around the bodies, in trunk lengths; negative values make them thinner.

        Returns:
            (h, w) of the mask's size, True where people may be, motion blur included.
        """
        mask = self._empty_mask()
        for outline in self._outlines:
            for time in (index - 0.5, index + 0.5):
                shape = outline.at(time, MAX_EXTRAPOLATED_TIME * self.fps)
                if shape is not None:
                    _draw_lines(mask, shape[0], (outline.radii + margin) * shape[2])
        return mask > 0

    def draw_feet(self, index: int, radius: float) -> BoolArray:
        """Draws discs around the feet of everybody, where shadows lie, flattened as on the floor.

        Args:
            index: the frame.
            radius: of the discs, in trunk lengths.

        Returns:
            (h, w) of the mask's size.
        """
        mask = self._empty_mask()
        for outline in self._outlines:
            shape = outline.at(index, MAX_EXTRAPOLATED_TIME * self.fps)
            for x, y in [] if shape is None else shape[1]:
                if shape is not None and max(abs(x), abs(y), radius * shape[2]) < MAX_COORDINATE:
                    axes = round(radius * shape[2]), round(FOOT_FLATNESS * radius * shape[2])
                    cv2.ellipse(mask, (round(float(x)), round(float(y))), axes, 0, 0, 360, 255, -1)
        return mask > 0

    def trunk_length(self, index: int) -> float:
        """Returns the largest trunk length of the people in a frame, px of the mask; 0 if there is nobody."""
        shapes = [outline.at(index, MAX_EXTRAPOLATED_TIME * self.fps) for outline in self._outlines]
        return max((shape[2] for shape in shapes if shape is not None and np.isfinite(shape[2])), default=0.0)

    def boxes(self, index: int) -> FloatArray:
        """Returns the boxes (N, 4) x_min, y_min, x_max, y_max of the people in a frame, px of the mask."""
        boxes = []
        for outline in self._outlines:
            shape = outline.at(index, MAX_EXTRAPOLATED_TIME * self.fps)
            points = np.empty((0, 2)) if shape is None else shape[0].reshape(-1, 2)
            points = points[np.isfinite(points).all(axis=-1)]
            if len(points):
                boxes.append(np.concatenate([points.min(axis=0), points.max(axis=0)]))
        return np.array(boxes).reshape(-1, 4)

    def _empty_mask(self) -> RgbImage:
        return np.zeros((self.size[1], self.size[0]), np.uint8)


def _build_outlines(person: Person, camera: Camera, scale: FloatArray) -> list[_Outline]:
    """Builds the outlines of the 3D body, of the observed keypoints and of the observed hands."""
    first = int(person.track.frames[0])
    body = _Outline.around_body(first, _project_body(person, camera) * scale)
    confident = person.track.keypoints[..., 2:] >= MIN_CONFIDENCE
    keypoints = np.where(confident, person.track.keypoints[..., :2], np.nan) * scale
    outlines = [body, _Outline.around_body(first, keypoints, body.trunk)]
    if person.hands is not None:
        outlines.append(_Outline.around_hands(first, person.hands.keypoints[..., :2] * scale, body.trunk))
    return outlines


def _project_body(person: Person, camera: Camera) -> FloatArray:
    """Projects the landmarks of the 3D body to (T, 33, 2) px; those behind the camera are NaN."""
    motion = person.motion
    world = body_landmarks.landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    points = cameras.transform(camera.camera_from_world[person.track.frames], world)
    points[points[..., 2] < MIN_DEPTH] = np.nan
    return cameras.project(camera.intrinsics, points)


def _trunk_lengths(points: FloatArray) -> FloatArray:
    """Returns the trunk lengths (T,) px of landmarks (T, 33, 2), of which those that are NaN do not count."""
    lengths = np.full(len(points), np.nan)
    for row, pose in enumerate(points):
        known = pose[np.isfinite(pose).all(axis=-1)]
        if len(known) > 1:
            shortest = silhouette.MIN_TRUNK_LENGTH * 0.5 * np.linalg.norm(known.max(axis=0) - known.min(axis=0))
            trunk = np.linalg.norm(pose[_SHOULDERS].mean(axis=0) - pose[_HIPS].mean(axis=0))
            widths = [ratio * np.linalg.norm(pose[left] - pose[right]) for (left, right), ratio in _TRUNKS_PER_WIDTH]
            lengths[row] = np.nanmax([shortest, trunk, *widths])
    return lengths


def _draw_lines(mask: RgbImage, lines: FloatArray, radii: FloatArray) -> None:
    """Draws lines (S, 2, 2) with round ends in place; those with NaN are left out."""
    drawn = np.isfinite(lines).all(axis=(1, 2)) & (radii > 0)
    ends = np.clip(np.round(lines[drawn]), -MAX_COORDINATE, MAX_COORDINATE).astype(int)
    for (start, end), radius in zip(ends.tolist(), radii[drawn].tolist(), strict=True):
        cv2.line(mask, start, end, 255, max(1, min(round(2 * radius), MAX_COORDINATE)))
