"""Garments as shells: the tight surface of the body, smoothed, pushed out and cut where a field ends it.

A field is positive inside a garment, in m from its edge. The same fields tell which skin is covered.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from bodydouble.characters.cast.body import Body, Surface
from bodydouble.characters.cast.clip import clip
from bodydouble.characters.cast.meshes import compute_normals, smooth, subdivide
from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.geometry import rotation

Field = Callable[[FloatArray], FloatArray]
"""Points (V, 3) m -> (V,) m."""
NECK_HOLE_SLOPE = 0.45
"""Fall of the neck hole towards the front, per metre of depth."""
ARMPIT = 0.075
"""Depth of the armpit below the joint of the shoulder, m."""
REGION_MARGIN = 0.10
"""Distance, m, outside of a garment to which the surface is kept for smoothing."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Distance of a garment from the body, m, and how smooth it is."""

    offset: float
    loose: float = 0.0
    """Further distance away from the shoulders and the waist."""
    flare: float = 0.0
    """Further distance at the hem."""
    sleeve_flare: float = 0.0
    puff: float = 0.0
    """Further distance in the middle of the sleeves."""
    smoothing: int = 10


@dataclass(frozen=True)
class TopCut:
    """Extent of a garment of the upper body."""

    body: Body
    sleeve: float
    """|x| of the end of the sleeves, m."""
    hem: float
    """Height of the hem, m."""
    neck_height: float
    neck_radius: float

    @property
    def shoulder(self) -> float:
        """Distance of the shoulder joints from the middle, m."""
        return float(self.body.joints["leftUpperArm"][0])

    def neckline(self, points: FloatArray) -> FloatArray:
        """Returns a field that is negative in the hole for the neck."""
        neck = self.body.joints["neck"]
        depth = points[:, 2] - neck[2]
        height = self.neck_height - NECK_HOLE_SLOPE * np.clip(depth, 0, 0.08)
        outside = np.hypot(points[:, 0], 0.9 * depth) - self.neck_radius
        return np.asarray(np.maximum(height - points[:, 1], outside))

    def edges(self, points: FloatArray) -> FloatArray:
        """Returns the distance inside hem and sleeves."""
        x, y = np.abs(points[:, 0]), points[:, 1]
        armpit = self.body.joints["leftUpperArm"][1] - ARMPIT
        # An armhole without a sleeve ends at the armpit, below which the sides are covered.
        armhole = self.sleeve + np.clip((armpit + 0.03 - y) / 0.06, 0, 1) * max(0.0, self.shoulder + 0.04 - self.sleeve)
        return np.asarray(np.minimum(armhole - x, np.where(x > self.shoulder + 0.05, 1.0, y - self.hem)))

    def field(self, points: FloatArray) -> FloatArray:
        """Returns the field of the garment."""
        return np.minimum(self.edges(points), self.neckline(points))

    def offsets(self, points: FloatArray, fit: Fit) -> FloatArray:
        """Returns the distance (V,) of the garment from the body."""
        joints, x = self.body.joints, np.abs(points[:, 0])
        arm = np.clip((x - self.shoulder) / 0.05, 0, 1)
        down = np.clip((joints["chest"][1] - points[:, 1]) / max(joints["chest"][1] - self.hem, 0.05), 0, 1)
        along = np.clip((x - self.shoulder) / max(self.sleeve - self.shoulder, 0.02), 0, 1)
        trunk = fit.loose * np.clip((self.neck_height + 0.02 - points[:, 1]) / 0.10, 0.15, 1) + fit.flare * down**1.5
        sleeve = 0.8 * fit.loose * np.clip((x - self.shoulder + 0.02) / 0.08, 0, 1)
        sleeve = sleeve + fit.sleeve_flare * along**2 + fit.puff * np.sin(np.pi * along)
        return np.asarray(fit.offset + trunk * (1 - arm) + sleeve * np.maximum(arm, 0.2))


@dataclass(frozen=True)
class LegCut:
    """Extent of a garment of the legs, or of socks."""

    body: Body
    waist: float
    hem: float

    def field(self, points: FloatArray) -> FloatArray:
        """Returns the field of the garment."""
        outside = np.abs(points[:, 0]) > self.body.joints["leftUpperArm"][0] + 0.06
        return np.where(outside, -1.0, np.minimum(self.waist - points[:, 1], points[:, 1] - self.hem))

    def offsets(self, points: FloatArray, fit: Fit) -> FloatArray:
        """Returns the distance (V,) of the garment from the body."""
        hips, knee = self.body.joints["hips"][1], self.body.joints["leftLowerLeg"][1] + 0.05
        down = np.clip((knee - points[:, 1]) / max(knee - self.hem, 0.05), 0, 1)
        if self.hem > knee - 0.05:
            down = np.clip((hips - points[:, 1]) / (hips - self.hem), 0, 1) ** 2
        return np.asarray(
            fit.offset + fit.loose * np.clip((hips - 0.08 - points[:, 1]) / 0.15, 0, 1) + fit.flare * down
        )


@dataclass(frozen=True)
class ShoeCut:
    """Extent of a shoe: up to a height above the ankle, lower on the instep."""

    body: Body
    height: float

    def field(self, points: FloatArray) -> FloatArray:
        """Returns the field of the garment."""
        ankle = self.body.joints["leftFoot"]
        instep = 0.25 * np.clip(points[:, 2] - ankle[2] - 0.01, 0, 0.07)
        outside = np.abs(points[:, 0]) > self.body.joints["leftUpperArm"][0] + 0.2
        return np.where(outside, -1.0, ankle[1] + self.height - 0.03 - points[:, 1] - instep)

    def offsets(self, points: FloatArray, fit: Fit) -> FloatArray:
        """Returns the distance (V,) of the shoe from the foot."""
        return np.full(len(points), fit.offset)


def cut_shell(body: Body, cut: TopCut | LegCut | ShoeCut, fit: Fit, *, is_fine: bool = True) -> Surface:
    """Cuts a garment from the tight surface of the body.

    Args:
        body: the body.
        cut: extent of the garment.
        fit: distance from the body.
        is_fine: whether the triangles are divided first.
    """
    tights = body.tights
    near = (cut.field(tights.positions) > -REGION_MARGIN)[tights.triangles].any(axis=1)
    used, local = np.unique(tights.triangles[near], return_inverse=True)
    triangles: IntArray = local.reshape(-1, 3)
    positions, weights = tights.positions[used], tights.weights[used]
    if is_fine:
        triangles, (positions, weights) = subdivide(triangles, positions, weights)
    smoothed = smooth(positions, triangles, fit.smoothing + 2 * is_fine)
    normals = rotation.normalize(smooth(compute_normals(smoothed, triangles), triangles, 6))
    lost = np.einsum("ij,ij->i", positions - smoothed, normals)
    surface = smoothed + normals * (np.maximum(lost, 0) + cut.offsets(positions, fit))[:, None]
    triangles, (surface, weights) = clip(triangles, cut.field(surface), surface, weights)
    return Surface(surface, triangles, weights / weights.sum(axis=1, keepdims=True))


def nearest_weights(surface: Surface, points: FloatArray) -> FloatArray:
    """Returns skin weights (V, J) of points, from the four nearest vertices of a surface."""
    distance, nearest = cKDTree(surface.positions).query(points, k=4)
    share = 1 / (np.asarray(distance) + 1e-3)
    share /= share.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("ik,ikj->ij", share, surface.weights[nearest]))


def split_sides(surface: Surface, normals: FloatArray) -> tuple[IntArray, IntArray, BoolArray]:
    """Splits the vertices between the front and the back of a surface, so that each side has its own texture.

    Returns:
        Triangles (N, 3) of new vertices; the old index (W,) of each; whether it is in front (W,).
    """
    facing = normals[surface.triangles, 2].mean(axis=1) >= 0
    codes = surface.triangles * 2 + facing[:, None]
    used, local = np.unique(codes, return_inverse=True)
    return local.reshape(-1, 3), used // 2, used % 2 == 1
