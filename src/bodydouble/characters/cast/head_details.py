"""Ears, glasses and beards of the cast, in the frame of the head, H."""

import numpy as np

from bodydouble.characters.cast.clip import clip
from bodydouble.characters.cast.clumps import Clump, HairMesh, Profile, hair_uvs
from bodydouble.characters.cast.head import Head
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Part, compute_normals, grid_triangles, join, orient, sweep_tube
from bodydouble.data import FloatArray, IntArray
from bodydouble.geometry import rotation

EAR_PLACE = np.array([0.388, 0.37, -0.06])
EAR_TURN = np.radians(26.0)
COVERED_EARS = ("bob", "shoulder", "long")


def build_ears(look: Look) -> list[Part]:
    """Builds both ears; none under hair that hangs over them."""
    if look.hair in COVERED_EARS:
        return []
    positions, triangles = _left_ear(look)
    mirrored = positions * [-1.0, 1.0, 1.0], triangles[:, ::-1]
    return [_skin_part(p, t) for p, t in ((positions, triangles), mirrored)]


def _skin_part(positions: FloatArray, triangles: IntArray) -> Part:
    normals = compute_normals(positions, triangles)
    return Part("face", "face", positions, triangles, normals, np.zeros((len(positions), 2)))


def _left_ear(look: Look) -> tuple[FloatArray, IntArray]:
    """Returns a flattened ellipsoid with a hollow outside, narrower at the lobe, turned outwards."""
    polar, around = np.meshgrid(
        np.linspace(0.02, np.pi - 0.02, 9), np.linspace(0, 2 * np.pi, 16, endpoint=False), indexing="ij"
    )
    x, y, z = np.cos(polar), np.sin(polar) * np.sin(around), np.sin(polar) * np.cos(around)
    thickness = 0.034 * (1 - 0.8 * np.exp(-((np.hypot(y, z) / 0.45) ** 2)) * (x > 0))
    lobe = np.where(y > 0, 1.0, 1 - 0.45 * np.minimum(1, -y))
    points = np.stack([x * thickness, 0.105 * y, 0.068 * z * lobe], axis=-1).reshape(-1, 3)
    cos, sin = np.cos(EAR_TURN), np.sin(EAR_TURN)
    turned = np.stack(
        [points[:, 0] * cos - points[:, 2] * sin, points[:, 1], points[:, 0] * sin + points[:, 2] * cos], axis=1
    )
    place = EAR_PLACE * [look.face_width, 1.0, 1.0]
    positions = turned + place
    return positions, orient(positions, grid_triangles(9, 16, closed=True), place)


def build_glasses(head: Head, look: Look) -> list[Part]:
    """Builds frames without lenses: two rims, a bridge and two temples."""
    if look.glasses == "none":
        return []
    half_width, half_height, power = (0.138, 0.112, 1.0) if look.glasses == "round" else (0.150, 0.105, 0.6)
    angle = np.linspace(0, 2 * np.pi, 33)
    x0, y0 = look.eye_spacing, look.eye_level - 0.012
    x = x0 + half_width * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    y = y0 + half_height * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    level = np.full(len(x), y0)
    z = 0.55 * head.front(0.9 * x, level) + 0.45 * head.front(np.array([0.05]), np.array([y0])) + 0.06
    rim = sweep_tube(np.stack([x, y, z], axis=1), np.full((33, 2), 0.0046), 7)
    hinge = np.array([x0 + half_width, y0 + 0.02, z[0] - 0.004])
    temple = np.array([hinge, [0.408, y0 + 0.03, hinge[2] - 0.16], [0.425, y0 + 0.02, -0.10]])
    meshes = [rim, sweep_tube(temple, np.full((3, 2), 0.0048), 7)]
    meshes += [(p * [-1.0, 1.0, 1.0], t[:, ::-1]) for p, t in meshes]
    bridge_x = np.linspace(-(x0 - half_width), x0 - half_width, 7)
    bridge_z = np.full(7, float(head.front(np.array([0.0]), np.array([y0]))[0]) + 0.055)
    bridge = np.stack([bridge_x, np.full(7, y0 + 0.035), bridge_z], axis=1)
    positions, triangles = join([*meshes, sweep_tube(bridge, np.full((7, 2), 0.0046), 7)])
    normals = compute_normals(positions, triangles)
    return [Part("accessories", "glasses", positions, triangles, normals, np.zeros((len(positions), 2)))]


def build_beard(head: Head, look: Look) -> list[Part]:
    """Builds a moustache, or a full beard: a shell on the jaw with clumps."""
    if look.beard == "none":
        return []
    mesh, rng = HairMesh(), np.random.default_rng(look.seed + 7)
    if look.beard == "full":
        _add_shell(mesh, head)
        for k in np.linspace(-1, 1, 9):
            mesh.add_clump(_beard_clump(head, k), rng)
    for side in (1, -1):
        mesh.add_clump(_moustache(head, side, look.mouth_height), rng)
    low = np.clip((0.17 - np.concatenate(mesh.positions)[:, 1:2]) / 0.15, 0, 1)
    return [mesh.to_part(jawOpen=low * np.array([0.0, -0.055, -0.012]))]


def _add_shell(mesh: HairMesh, head: Head) -> None:
    x, y, z = np.abs(head.positions[:, 0]), head.positions[:, 1], head.positions[:, 2]
    edge = np.interp(x, [0, 0.06, 0.085, 0.20, 0.32, 0.40], [0.118, 0.128, 0.20, 0.20, 0.30, 0.42])
    field = np.minimum(edge - y, z + 0.02)
    raised = head.positions + head.normals * (0.03 * np.clip(field / 0.06, 0.15, 1))[:, None]
    triangles, (positions, normals) = clip(head.triangles, field, raised, head.normals)
    uvs = hair_uvs(np.full(len(positions), 0.40), positions[:, 1] - 0.30, 0)
    mesh.add(positions, triangles, rotation.normalize(normals), uvs)


def _beard_clump(head: Head, k: float) -> Clump:
    x, y = 0.22 * k, 0.10 + 0.10 * abs(k) ** 1.5
    z = float(head.front(np.array([x]), np.array([y]))[0])
    guide = [
        (x, y, z + 0.01),
        (0.95 * x, y - 0.07, z + 0.045),
        (0.70 * x, y - 0.16 - 0.07 * (1 - abs(k)), z + 0.02 - 0.02 * abs(k)),
    ]
    return Clump(np.array(guide), 0.055, 0.030, Profile(0.8, 0.4, 0.8), rings=8, outward=np.array([k, 0.1, 1.0]))


def _moustache(head: Head, side: int, mouth: float) -> Clump:
    places = ((0.004, 0.215, 0.012), (0.05, 0.212, 0.022), (0.125, mouth - 0.005, 0.014))
    guide = [(side * x, y, float(head.front(np.array([x]), np.array([y]))[0]) + lift) for x, y, lift in places]
    outward = np.array([0.0, 0.1, 1.0])
    return Clump(np.array(guide), 0.028, 0.020, Profile(0.7, 0.4, 0.8), rings=8, outward=outward)
