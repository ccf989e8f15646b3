"""Up direction from the lines of a background: ``LineSegments`` -> ``BackgroundLines``, a likelihood of up directions.

Buildings consist of vertical lines and of horizontal ones in two perpendicular directions (Manhattan world). Lines of
one direction meet in a vanishing point, and all three points follow from the up direction, a heading and the focal
length. Every line either belongs to one of them or is clutter of any direction, so foliage and crowds leave the
likelihood flat.

Sources: J. Coughlan and A. Yuille, "Manhattan World" (ICCV 1999), the mixture; S. Barnard, "Interpreting perspective
images" (1983), lines as great circles of the sphere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FloatArray, LineSegments
from bodydouble.geometry import camera, rotation

DIRECTION_SIGMA = np.radians(0.7)
"""Standard deviation in rad of a long line from its vanishing point: distortion of lenses, inaccurate building."""
ENDPOINT_SIGMA = 0.6
"""Standard deviation of the ends of a segment across it, in px of the image in which it was detected."""
VERTICAL_FRACTION, HORIZONTAL_FRACTION = 0.2, 0.3
"""Expected fractions of lines that are vertical, and horizontal in one of two directions; the others are clutter."""
CLUTTER_FRACTION = 1 - VERTICAL_FRACTION - HORIZONTAL_FRACTION
MIN_HEADING_STEP = np.radians(2.5)
"""Minimum angle in rad between headings at which the horizontal directions are compared with the lines."""
LINE_WEIGHT = 0.3
"""Weight of a segment: the two edges of a door and its frame are not independent."""
MAX_EFFECTIVE_LINES = 12.0
"""Maximum number of independent lines that all segments count as; floors and walls have hundreds of parallel ones."""
CLUTTER_EVIDENCE = 4.0
"""Logarithm of the likelihood that the best of all directions reaches by chance, if all lines are clutter."""
MAX_FRAMES, MAX_FRAME_LINES = 3, 60
"""Maximum number of frames whose lines are used, and of the lines of each: the longest ones."""
MIN_DISTANCE = 0.05
"""Angle in rad that is assumed between a line and a vanishing point near it."""
FOCAL_SIGMA = 0.25
"""Standard deviation of the logarithm of an estimated focal length."""
FOCAL_RATIOS = tuple(np.exp(np.linspace(-0.4, 0.4, 7)))
"""Focal lengths, relative to an estimated one, with which the lines are compared."""


@dataclass(frozen=True, slots=True)
class BackgroundLines:
    """Line segments as planes through the centre of the camera: N lines with R focal lengths."""

    normals: FloatArray
    """(R, N, 3) unit, axes of the reference; float32."""
    middles: FloatArray
    """(R, N, 3) unit rays to the middles of the segments, axes of the reference; float32."""
    log_prior: FloatArray
    """(R,) of the focal lengths."""
    sigma: FloatArray
    """(N,) rad, standard deviation of the direction in the image."""
    weight: float
    """Weight of each segment."""

    @classmethod
    def from_segments(
        cls,
        segments: LineSegments,
        intrinsics: FloatArray,
        reference_from_camera: FloatArray,
        focal_ratios: Sequence[float] = FOCAL_RATIOS,
    ) -> "BackgroundLines":
        """Converts the longest segments of some frames.

        Args:
            segments: of the clip.
            intrinsics: (3, 3) px.
            reference_from_camera: (F, 4, 4) camera poses.
            focal_ratios: focal lengths relative to the one of the intrinsics; the most likely one counts.
        """
        segments = _select_longest(segments)
        ratios = np.array(focal_ratios)
        rays = (
            camera.rays(intrinsics, segments.points)
            * np.stack([1 / ratios, 1 / ratios, 1 + 0 * ratios], axis=-1)[:, None, None]
        )
        to_reference = reference_from_camera[segments.frames, :3, :3]
        rays = rotation.normalize(rays) @ np.swapaxes(to_reference, -1, -2)
        length = np.linalg.norm(segments.points[:, 1] - segments.points[:, 0], axis=-1)
        weight = LINE_WEIGHT / max(len(np.unique(segments.frames)), 1)
        return cls(
            rotation.normalize(np.cross(rays[..., 0, :], rays[..., 1, :])).astype(np.float32),
            rotation.normalize(rays.sum(axis=-2)).astype(np.float32),
            -0.5 * (np.log(ratios) / FOCAL_SIGMA) ** 2,
            np.hypot(DIRECTION_SIGMA, ENDPOINT_SIGMA * segments.pixel_size / np.maximum(length, 1e-9)),
            min(weight, MAX_EFFECTIVE_LINES / max(len(length), 1)),
        )

    def log_likelihood(self, ups: FloatArray, blur: float = 0.0) -> FloatArray:
        """Returns the logarithm of the likelihood (M,) of up directions (M, 3), relative to lines that are all clutter.

        The heading and the focal length are the most likely ones. ``blur`` in rad is added to the standard deviation
        of the lines, so that a coarse grid of up directions has the maxima of a fine one.
        """
        if not len(self.sigma):
            return np.zeros(len(ups))
        sigma = np.hypot(self.sigma, blur)
        headings = round(np.pi / 2 / max(MIN_HEADING_STEP, 2 * blur))
        lines = self._with_fewer_focal_lengths() if blur > MIN_HEADING_STEP / 2 else self
        scores = np.array([lines._log_likelihood_of(up, sigma, headings) for up in ups])
        return np.logaddexp(0.0, scores - CLUTTER_EVIDENCE)

    def _with_fewer_focal_lengths(self) -> "BackgroundLines":
        """Returns the lines with every third focal length, for a coarse grid."""
        chosen = slice(None, None, 3)
        return replace(
            self, normals=self.normals[chosen], middles=self.middles[chosen], log_prior=self.log_prior[chosen]
        )

    def _log_likelihood_of(self, up: FloatArray, sigma: FloatArray, headings: int) -> float:
        """Returns the log-likelihood of an up direction (3,) with the best of some headings."""
        peak = np.sqrt(np.pi / 2) / sigma[:, None]
        vertical = VERTICAL_FRACTION * peak * self._closeness(up[None], sigma)
        step = np.pi / 2 / headings
        closeness = self._closeness(_horizontal_directions(up, headings), np.hypot(sigma, step / 4))
        horizontal = HORIZONTAL_FRACTION / 2 * peak * (closeness[..., :headings] + closeness[..., headings:])
        log_likelihoods = np.log(CLUTTER_FRACTION + vertical + horizontal).sum(axis=1)
        return float((self.weight * log_likelihoods + self.log_prior[:, None]).max())

    def _closeness(self, directions: FloatArray, sigma: FloatArray) -> FloatArray:
        """Returns how well the lines point to the vanishing points of directions (D, 3): (R, N, D), 0 to 1.

        The deviation of a line is the angle, in the image, between it and the line from its middle to the point.
        """
        columns = directions.T.astype(np.float32)
        precision = (-0.5 / sigma**2).astype(np.float32)[:, None]
        along_squared = np.maximum(1 - (self.middles @ columns) ** 2, np.float32(MIN_DISTANCE**2))
        return np.asarray(np.exp(precision * (self.normals @ columns) ** 2 / along_squared))


def _horizontal_directions(up: FloatArray, headings: int) -> FloatArray:
    """Returns directions (2 * headings, 3) over half a turn, perpendicular to an up direction (3,)."""
    first = rotation.normalize(np.cross(up, np.eye(3)[np.argmin(np.abs(up))]))
    angles = np.arange(2 * headings)[:, None] * (np.pi / 2 / headings)
    return np.asarray(np.cos(angles) * first + np.sin(angles) * np.cross(up, first))


def _select_longest(segments: LineSegments) -> LineSegments:
    """Returns the longest segments of frames that are spread over the clip."""
    frames = np.unique(segments.frames)
    chosen = frames[np.linspace(0, len(frames) - 1, min(len(frames), MAX_FRAMES)).round().astype(int)]
    lengths = np.linalg.norm(segments.points[:, 1] - segments.points[:, 0], axis=-1)
    longest = np.argsort(-lengths, kind="stable")
    rows = np.concatenate(
        [np.empty(0, int), *(longest[segments.frames[longest] == frame][:MAX_FRAME_LINES] for frame in chosen)]
    )
    return replace(segments, frames=segments.frames[rows], points=segments.points[rows])
