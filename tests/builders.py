"""Small skeletons, motions, performances and characters for tests."""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bodydouble.data import (
    Appearance,
    AppearanceSample,
    Camera,
    Character,
    Face,
    Hands,
    Material,
    Mesh,
    Motion,
    Performance,
    Person,
    Skeleton,
    Track,
    Trait,
)
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid

Floats = NDArray[np.float64]

_CENTRE_AND_LEFT: dict[str, tuple[float, float, float]] = {
    "hips": (0.0, 0.95, 0.0),
    "spine": (0.0, 0.10, -0.01),
    "chest": (0.0, 0.13, 0.0),
    "upperChest": (0.0, 0.13, 0.0),
    "neck": (0.0, 0.14, -0.01),
    "head": (0.0, 0.10, 0.02),
    "leftShoulder": (0.03, 0.09, 0.0),
    "leftUpperArm": (0.14, 0.0, 0.0),
    "leftLowerArm": (0.27, 0.0, 0.0),
    "leftHand": (0.25, 0.0, 0.0),
    "leftUpperLeg": (0.09, -0.05, 0.0),
    "leftLowerLeg": (0.0, -0.41, 0.0),
    "leftFoot": (0.0, -0.41, -0.02),
    "leftToes": (0.0, -0.06, 0.13),
}
"""An adult of 1.75 m; metres from the parent."""


def humanoid_skeleton() -> Skeleton:
    """The 22 body joints of an adult, in a T-pose."""

    def offset(joint: str) -> Floats:
        if joint.startswith("right"):
            return offset(humanoid.mirrored_name(joint)) * [-1.0, 1.0, 1.0]
        return np.array(_CENTRE_AND_LEFT[joint])

    return Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array([offset(joint) for joint in humanoid.JOINTS]))


def random_quaternions(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Quaternions (*shape, 4), uniform over all rotations."""
    return np.asarray(rotation.normalize(rng.normal(size=(*shape, 4))))


def wave(rng: np.random.Generator, frames: int, shape: tuple[int, ...], amplitude: float) -> Floats:
    """Smooth random curves (frames, *shape), each the sum of two slow sine waves."""
    time = np.arange(frames).reshape(-1, *[1] * len(shape)) / 30.0
    total = np.zeros((frames, *shape))
    for _ in range(2):
        total += np.sin(2 * np.pi * (rng.uniform(0.2, 1.0, shape) * time + rng.uniform(size=shape)))
    return amplitude / 2 * total


def smooth_motion(
    frames: int = 30, seed: int = 0, fps: Fraction = Fraction(30), skeleton: Skeleton | None = None
) -> Motion:
    """A motion in which every joint sways by up to 0.6 rad per axis and the root wanders half a metre."""
    rng = np.random.default_rng(seed)
    skeleton = humanoid_skeleton() if skeleton is None else skeleton
    joints = len(skeleton.joint_names)
    return Motion(
        skeleton=skeleton,
        fps=fps,
        rotations=rotation.make_continuous(rotation.from_rotvec(wave(rng, frames, (joints, 3), 0.6))),
        root_position=skeleton.rest_offsets[0] + wave(rng, frames, (3,), 0.5),
        contacts=rng.uniform(size=(frames, 4)),
        joint_sigma=rng.uniform(0.01, 0.1, size=(frames, joints)),
    )


def level_camera(frames: int, image_size: tuple[int, int] = (640, 480)) -> Camera:
    """A camera 4 m in front of the origin at a height of 1 m that looks along -Z of the world."""
    camera_from_world = np.diag([1.0, -1.0, -1.0, 1.0])
    camera_from_world[:3, 3] = (0.0, 1.0, 4.0)
    intrinsics = np.array([[600.0, 0.0, image_size[0] / 2], [0.0, 600.0, image_size[1] / 2], [0.0, 0.0, 1.0]])
    return Camera(image_size, intrinsics, np.tile(camera_from_world, (frames, 1, 1)))


def track(frames: int, first_frame: int = 0, seed: int = 0) -> Track:
    """A random track with a gap of one frame in the middle when it is long enough."""
    rng = np.random.default_rng(seed)
    observed = np.ones(frames, dtype=bool)
    if frames > 2:
        observed[frames // 2] = False
    boxes = rng.uniform(0, 400, (frames, 4))
    keypoints = np.concatenate([rng.uniform(0, 400, (frames, 33, 2)), rng.uniform(size=(frames, 33, 1))], axis=-1)
    landmarks_3d = rng.normal(size=(frames, 33, 3))
    boxes[~observed] = np.nan
    keypoints[~observed] = (np.nan, np.nan, 0.0)
    landmarks_3d[~observed] = np.nan
    return Track(np.arange(first_frame, first_frame + frames), observed, boxes, keypoints, landmarks_3d)


def hands(frames: int, seed: int = 0) -> Hands:
    """Random hands; the left one is not observed in the first frame."""
    rng = np.random.default_rng(seed)
    observed = np.ones((frames, 2), dtype=bool)
    observed[0, 0] = False
    keypoints = np.concatenate([rng.uniform(0, 400, (frames, 2, 21, 2)), rng.uniform(size=(frames, 2, 21, 1))], axis=-1)
    keypoints[~observed] = (np.nan, np.nan, 0.0)
    rotations = rotation.make_continuous(rotation.from_rotvec(wave(rng, frames, (30, 3), 0.6)))
    return Hands(observed, keypoints, rng.uniform(0.01, 0.03, (30, 3)), rotations)


def face(frames: int, seed: int = 0) -> Face:
    """A random face that is not observed in the first frame."""
    rng = np.random.default_rng(seed)
    return Face(np.arange(frames) > 0, rng.uniform(size=(frames, 52)), rng.uniform(-0.5, 0.5, (frames, 2)))


def appearance() -> Appearance:
    """An appearance with a colour, two classes and a length; the rest was not seen."""
    return Appearance(
        skin_color=Trait((0.75, 0.5, 0.375), 0.5),
        hair=Trait("short", 0.25),
        bottom=Trait("skirt", 1.0),
        sleeve=Trait(0.5, 0.75),
    )


def appearance_sample(seed: int = 0) -> AppearanceSample:
    """A sample with random colours."""
    rng = np.random.default_rng(seed)
    return AppearanceSample(
        limbs=rng.uniform(size=(4, 2, 8, 3)),
        arms_over_trunk=np.zeros((2, 2, 8), dtype=bool),
        between_legs=rng.uniform(size=(2, 8, 3)),
        beside_legs=rng.uniform(size=(2, 2, 8, 3)),
        torso=rng.uniform(size=(10, 8, 3)),
        feet=rng.uniform(size=(2, 3)),
        hands=rng.uniform(size=(2, 3)),
        face=rng.uniform(size=(5, 6, 3)),
        head=rng.integers(0, 256, (64, 64, 3)).astype(np.uint8),
        turn=0.0,
        glasses=float("nan"),
        weight=0.5,
    )


def performance(frames: int = 12, people: int = 2, fps: Fraction = Fraction(30000, 1001)) -> Performance:
    """Performance in which person n appears n frames after the first person and stays to the end."""
    cast_people = tuple(
        Person(f"person{n + 1}", track(frames - n, n, seed=n), smooth_motion(frames - n, seed=n, fps=fps))
        for n in range(people)
    )
    return Performance(fps, frames, level_camera(frames), cast_people)


def character(seed: int | None = None, material: Material | None = None) -> Character:
    """Character of boxes on the humanoid skeleton, one per joint, skinned to the joint and its parent.

    Args:
        seed: seed of random rest rotations, as in rigs whose bones have different axes; None: identity.
        material: material of the only mesh.
    """
    skeleton = humanoid_skeleton()
    joints = len(skeleton.joint_names)
    rest = np.tile(rotation.IDENTITY, (joints, 1))
    if seed is not None:
        rest = random_quaternions(np.random.default_rng(seed), (joints,))
    return Character(
        name="boxes",
        skeleton=_with_rest_rotations(skeleton, rest),
        rest_rotations=rest,
        humanoid=dict(humanoid.INDEX),
        meshes=(_boxes(skeleton, material or Material()),),
    )


def _with_rest_rotations(skeleton: Skeleton, rest: Floats) -> Skeleton:
    """Skeleton with the same joint positions; offsets are in the axes of the rotated parents."""
    parent_rest = rest[np.maximum(skeleton.parents, 0)]
    parent_rest[0] = rotation.IDENTITY
    offsets = rotation.rotate(rotation.conjugate(parent_rest), skeleton.rest_offsets)
    return Skeleton(skeleton.joint_names, skeleton.parents, offsets)


_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
_FACES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
     [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
)  # fmt: skip


def _boxes(skeleton: Skeleton, material: Material) -> Mesh:
    joints = np.arange(len(skeleton.joint_names))
    parents = np.maximum(skeleton.parents, 0)
    centres = kinematics.rest_positions(skeleton)
    positions = (centres[:, None] + 0.04 * _CORNERS).reshape(-1, 3)
    pairs = np.stack([joints, parents, 0 * joints, 0 * joints], axis=-1)
    vertices = len(positions)
    return Mesh(
        positions=positions,
        normals=np.tile(rotation.normalize(_CORNERS), (len(joints), 1)),
        triangles=(_FACES + 8 * joints[:, None, None]).reshape(-1, 3),
        joints=np.repeat(pairs, 8, axis=0),
        weights=np.tile([0.7, 0.3, 0.0, 0.0], (vertices, 1)),
        material=material,
        uvs=np.tile((_CORNERS[:, :2] + 1) / 2, (len(joints), 1)),
        colors=np.tile(np.append((_CORNERS + 1) / 2, np.ones((8, 1)), axis=1), (len(joints), 1)),
    )


def assert_same(actual: ArrayLike, expected: ArrayLike, tolerance: float) -> None:
    """Asserts that no element differs by more than the tolerance."""
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=0.0, atol=tolerance)
