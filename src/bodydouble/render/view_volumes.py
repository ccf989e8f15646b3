"""View volumes: bounding boxes, floor area and projection matrices of the camera and the shadow maps."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import Character, FloatArray, Mesh

PixelRect = tuple[int, int, int, int]
"""Rectangle x, y, width, height, px."""

_MIN_SKIN_WEIGHT = 0.02
"""Minimum weight of a vertex that counts for the bounding box of a joint."""


def joint_boxes(character: Character, joint_from_character: FloatArray) -> FloatArray:
    """Computes the bounding box of the skin that each joint moves.

    Args:
        character: a character with J joints.
        joint_from_character: (J, 4, 4) inverse bind matrices.

    Returns:
        Corners (J, 8, 4) m, homogeneous, in the joint's frame; NaN for a joint that moves no vertex.
    """
    low = np.full((len(joint_from_character), 3), np.inf)
    high = -low
    for mesh in character.meshes:
        vertex, slot = np.nonzero(mesh.weights > _MIN_SKIN_WEIGHT)
        joint = mesh.joints[vertex, slot]
        matrix = joint_from_character[joint]
        for positions in _extreme_positions(mesh):
            local = (matrix[:, :3, :3] @ positions[vertex, :, None])[..., 0] + matrix[:, :3, 3]
            np.minimum.at(low, joint, local)
            np.maximum.at(high, joint, local)
    choice = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(8, 3)
    corners = np.where(choice, high[:, None], low[:, None])
    corners[np.isinf(low).any(axis=1)] = np.nan
    return np.concatenate([corners, np.ones((len(corners), 8, 1))], axis=-1)


def _extreme_positions(mesh: Mesh) -> list[FloatArray]:
    """Returns the positions (V, 3) of a mesh, and those in which all morph targets move them farthest."""
    if not mesh.morph_targets:
        return [mesh.positions]
    low = np.zeros_like(mesh.positions)
    high = np.zeros_like(mesh.positions)
    for target in mesh.morph_targets:
        np.minimum(low, target.position_offsets, out=low)
        np.maximum(high, target.position_offsets, out=high)
    return [mesh.positions, mesh.positions + low, mesh.positions + high]


def place_boxes(joint_matrices: FloatArray, boxes: FloatArray) -> FloatArray:
    """Returns the corners (K, 8, 3) m, world, of joint_boxes (J, 8, 4) of joints (J, 4, 4) that move the skin."""
    corners = (joint_matrices[:, None] @ boxes[..., None])[..., :3, 0]
    return np.asarray(corners[~np.isnan(corners[:, 0, 0])])


def skin_bounds(joint_matrices: FloatArray, boxes: FloatArray) -> FloatArray:
    """Returns points (N, 3) m, world, that enclose the skin of joints (J, 4, 4) with joint_boxes (J, 8, 4)."""
    return place_boxes(joint_matrices, boxes).reshape(-1, 3)


def floor_area(points: FloatArray, sun: FloatArray, margin: float = 0.2) -> FloatArray:
    """Computes the part of the floor that can be in shadow or touched.

    Args:
        points: (N, 3) m, world, of skin_bounds.
        sun: (3,) unit vector towards the light.
        margin: margin in m for soft edges.

    Returns:
        (4,) x and z of the corner, extent in x and in z, m.
    """
    shadow = points - sun * (points[:, 1:2] / sun[1])
    flat = np.concatenate([points, shadow])[:, [0, 2]]
    low, high = flat.min(axis=0) - margin, flat.max(axis=0) + margin
    return np.concatenate([low, high - low])


def floor_corners(area: FloatArray) -> FloatArray:
    """Returns the corners (4, 3) m, world, of a floor area (4,)."""
    x, z, width, length = area
    return np.array([[x, 0.0, z], [x + width, 0.0, z], [x, 0.0, z + length], [x + width, 0.0, z + length]])


def sun_clip_from_world(area: FloatArray, height: float, sun: FloatArray) -> FloatArray:
    """Computes the projection along the light onto the floor: depth 0 at a height, depth 1 on the floor.

    Points on one ray of the light project to one point of the floor, so the same map gives the shadow on the floor and
    of characters on themselves.

    Args:
        area: (4,) of floor_area.
        height: height in m of depth 0.
        sun: (3,) vector towards the light.

    Returns:
        clip_from_world (4, 4).
    """
    x, z, width, length = area
    scale = 2.0 / np.array([width, length, height])
    along = sun / sun[1]
    return np.array(
        [
            [scale[0], -scale[0] * along[0], 0.0, -scale[0] * x - 1.0],
            [0.0, -scale[1] * along[2], scale[1], -scale[1] * z - 1.0],
            [0.0, -scale[2], 0.0, 1.0],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def contact_clip_from_world(area: FloatArray, height: float) -> FloatArray:
    """Computes the view straight up: (4, 4) with depth 0 on the floor area (4,) and depth 1 at a height in m."""
    view = sun_clip_from_world(area, height, np.array([0.0, 1.0, 0.0]))
    return np.diag([1.0, 1.0, -1.0, 1.0]) @ view


def clip_from_camera(intrinsics: FloatArray, image_size: tuple[int, int], near: float, far: float) -> FloatArray:
    """Computes the OpenGL projection (4, 4) of a pinhole camera; the buffer's first row is the top row of the image.

    Args:
        intrinsics: (3, 3) px.
        image_size: width and height of the image, px.
        near: minimum depth in m that is drawn.
        far: maximum depth in m that is drawn.
    """
    clip = np.zeros((4, 4))
    clip[:2, :3] = 2.0 * intrinsics[:2] / np.array(image_size)[:, None]
    clip[0, 2] -= 1.0
    clip[1, 2] -= 1.0
    clip[2, 2:] = (far + near) / (far - near), -2.0 * far * near / (far - near)
    clip[3, 2] = 1.0
    return clip


def image_region(clip_from_world: FloatArray, points: FloatArray, image_size: tuple[int, int]) -> PixelRect:
    """Computes the bounding rectangle of points in the image.

    Args:
        clip_from_world: (4, 4) of clip_from_camera.
        points: (N, 3) m, world.
        image_size: width and height of the image, px.

    Returns:
        x, y, width, height, px; the whole image if a point lies beside or behind the camera.
    """
    clip = points @ clip_from_world[:, :3].T + clip_from_world[:, 3]
    if clip[:, 3].min() <= 1e-3:
        return (0, 0, *image_size)
    pixels = (clip[:, :2] / clip[:, 3:] * 0.5 + 0.5) * image_size
    low = np.clip(np.floor(pixels.min(axis=0)) - 1, 0, image_size).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, image_size).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def image_regions(
    clip_from_world: FloatArray, bounds: Sequence[FloatArray], image_size: tuple[int, int], margin: int = 0
) -> list[PixelRect]:
    """Returns the rectangles of the image, without overlap, that hold each of several sets of points (N, 3) m, world.

    Each is wider by a margin in px on all sides.
    """
    regions = [image_region(clip_from_world, points, image_size) for points in bounds]
    return merge_regions([_widen(region, margin, image_size) for region in regions if region[2] > 0 and region[3] > 0])


def _widen(region: PixelRect, margin: int, image_size: tuple[int, int]) -> PixelRect:
    """Returns a rectangle that is wider by a margin on all sides, cut at the edges of the image."""
    x, y, width, height = region
    left, top = max(x - margin, 0), max(y - margin, 0)
    right, bottom = min(x + width + margin, image_size[0]), min(y + height + margin, image_size[1])
    return left, top, right - left, bottom - top


def merge_regions(regions: Sequence[PixelRect]) -> list[PixelRect]:
    """Merges rectangles that overlap into their bounding rectangles, until none overlap."""
    separate: list[PixelRect] = []
    for region in regions:
        merged = region
        while overlapping := next((other for other in separate if _overlap(merged, other)), None):
            separate.remove(overlapping)
            merged = _bounding_region(merged, overlapping)
        separate.append(merged)
    return separate


def _overlap(a: PixelRect, b: PixelRect) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _bounding_region(a: PixelRect, b: PixelRect) -> PixelRect:
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return x, y, max(a[0] + a[2], b[0] + b[2]) - x, max(a[1] + a[3], b[1] + b[3]) - y
