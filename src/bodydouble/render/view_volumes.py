"""What of the world camera and light see: boxes, areas and matrices."""

import numpy as np

from bodydouble.data import Character, FloatArray

_NEGLIGIBLE_WEIGHT = 0.02


def joint_boxes(character: Character, joint_from_character: FloatArray) -> FloatArray:
    """Boxes around the skin that each joint moves.

    Args:
        character: a character with J joints.
        joint_from_character: (J, 4, 4) inverse bind matrices.

    Returns:
        Corners (J, 8, 4) m, homogeneous, in the joint's frame; NaN for a joint that moves no vertex.
    """
    low = np.full((len(joint_from_character), 3), np.inf)
    high = -low
    for mesh in character.meshes:
        vertex, slot = np.nonzero(mesh.weights > _NEGLIGIBLE_WEIGHT)
        joint = mesh.joints[vertex, slot]
        matrix = joint_from_character[joint]
        local = (matrix[:, :3, :3] @ mesh.positions[vertex, :, None])[..., 0] + matrix[:, :3, 3]
        np.minimum.at(low, joint, local)
        np.maximum.at(high, joint, local)
    choice = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(8, 3)
    corners = np.where(choice, high[:, None], low[:, None])
    corners[np.isinf(low).any(axis=1)] = np.nan
    return np.concatenate([corners, np.ones((len(corners), 8, 1))], axis=-1)


def hull(joint_matrices: FloatArray, boxes: FloatArray) -> FloatArray:
    """Points (N, 3) m, world, that hold all skin between them, of joints (J, 4, 4) and their joint_boxes (J, 8, 4)."""
    points = (joint_matrices[:, None] @ boxes[..., None])[..., :3, 0].reshape(-1, 3)
    return points[~np.isnan(points[:, 0])]


def floor_area(points: FloatArray, sun: FloatArray, margin: float = 0.2) -> FloatArray:
    """The part of the floor that can be in shadow or touched.

    Args:
        points: (N, 3) m, world, of hull.
        sun: (3,) unit, towards the light.
        margin: m around it, for soft edges.

    Returns:
        (4,) x and z of the corner, extent in x and in z, m.
    """
    shadow = points - sun * (points[:, 1:2] / sun[1])
    flat = np.concatenate([points, shadow])[:, [0, 2]]
    low, high = flat.min(axis=0) - margin, flat.max(axis=0) + margin
    return np.concatenate([low, high - low])


def floor_corners(area: FloatArray) -> FloatArray:
    """Corners (4, 3) m, world, of a floor area (4,)."""
    x, z, width, length = area
    return np.array([[x, 0.0, z], [x + width, 0.0, z], [x, 0.0, z + length], [x + width, 0.0, z + length]])


def floor_view(area: FloatArray, height: float, sun: FloatArray) -> FloatArray:
    """View along the light onto the floor: depth 0 at a height, depth 1 on the floor.

    What lies on one ray of the light lands on one place of the floor, so the same map gives the shadow on the floor
    and of characters on themselves.

    Args:
        area: (4,) of floor_area.
        height: m.
        sun: (3,) towards the light.

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


def contact_view(area: FloatArray, height: float) -> FloatArray:
    """View straight up: clip_from_world (4, 4) with depth 0 on the floor area (4,) and depth 1 at a height in m."""
    view = floor_view(area, height, np.array([0.0, 1.0, 0.0]))
    return np.diag([1.0, 1.0, -1.0, 1.0]) @ view


def clip_from_camera(intrinsics: FloatArray, size: tuple[int, int], near: float, far: float) -> FloatArray:
    """OpenGL clip space (4, 4) of a pinhole camera; the buffer's first row is the top row of the picture.

    Args:
        intrinsics: (3, 3) px.
        size: width and height of the picture, px.
        near: m, nearest depth that is drawn.
        far: m, farthest depth that is drawn.
    """
    clip = np.zeros((4, 4))
    clip[:2, :3] = 2.0 * intrinsics[:2] / np.array(size)[:, None]
    clip[0, 2] -= 1.0
    clip[1, 2] -= 1.0
    clip[2, 2:] = (far + near) / (far - near), -2.0 * far * near / (far - near)
    clip[3, 2] = 1.0
    return clip


def picture_region(clip_from_world: FloatArray, points: FloatArray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of the picture that holds everything between points.

    Args:
        clip_from_world: (4, 4) of clip_from_camera.
        points: (N, 3) m, world.
        size: width and height of the picture, px.

    Returns:
        x, y, width, height, px; the whole picture if a point lies beside or behind the camera.
    """
    clip = points @ clip_from_world[:, :3].T + clip_from_world[:, 3]
    if clip[:, 3].min() <= 1e-3:
        return (0, 0, *size)
    pixels = (clip[:, :2] / clip[:, 3:] * 0.5 + 0.5) * size
    low = np.clip(np.floor(pixels.min(axis=0)) - 1, 0, size).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, size).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])
