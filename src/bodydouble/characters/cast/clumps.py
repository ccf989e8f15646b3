"""Clumps of hair: guide lines on the head -> tapered closed strips with a bent cross-section."""

from dataclasses import dataclass, field

import numpy as np
from scipy.interpolate import PchipInterpolator

from bodydouble.characters.cast.head import CENTER, Head
from bodydouble.characters.cast.meshes import Part, compute_normals, grid_triangles
from bodydouble.data import FloatArray, IntArray
from bodydouble.geometry import rotation

ACROSS = np.array([-1.0, -0.62, -0.22, 0.22, 0.62, 1.0, 0.45, -0.45])
HEIGHTS = np.array([-0.25, 0.62, 1.0, 1.0, 0.62, -0.25, -0.40, -0.40])
"""Cross-section of a clump: places across, and heights in units of the thickness."""
HEAD_RADIUS = 0.45
"""Radius to which the cross-section bends, H."""
SKULL_RADII = np.array([0.42, 0.50, 0.46])
TEXTURE_RANGE = (-1.6, 1.35)
"""Heights, H, of the bottom and the top of the hair's texture."""
TINTS = 7
"""Columns of the texture with different tints; the last two have no ring of light."""
PLAIN_TINT, INNER_TINT = TINTS - 2, TINTS - 1
"""Columns of hair without clumps, and of the inner layer."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Course of the width along a clump: at the root, the place of the full width, the sharpness of the tip."""

    root: float = 0.75
    peak: float = 0.45
    power: float = 0.9
    tip: float = 0.0

    def width(self, t: FloatArray) -> FloatArray:
        """Returns the relative width at t, 0 at the root to 1 at the tip."""
        rising = self.root + (1 - self.root) * np.sin(np.pi / 2 * np.clip(t / self.peak, 0, 1))
        rest = np.clip((1 - t) / (1 - self.peak), 0, 1)
        falling = self.tip + (1 - self.tip) * np.sin(np.pi / 2 * rest) ** self.power
        return np.asarray(np.where(t < self.peak, rising, falling))


@dataclass(frozen=True, slots=True)
class Clump:
    """Clump of hair along a guide."""

    guide: FloatArray
    """(K, 3) H."""
    width: float
    """Half of it, H."""
    thickness: float = 0.030
    profile: Profile = Profile()
    rings: int = 12
    is_inner: bool = False
    own_normals: float = 0.45
    """Share of the surface's own normals in shading; the rest is an ellipsoid's."""
    outward: FloatArray | None = None
    """(3,) direction away from the head; None: away from its centre."""
    chain: int = -1
    """Index of the hair that swings which the clump hangs on; -1: none."""
    ring_shift: float = 0.0
    """Height of the ring of light above its usual place, H."""


@dataclass(slots=True)
class HairMesh:
    """Growing mesh of hair."""

    positions: list[FloatArray] = field(default_factory=list)
    triangles: list[IntArray] = field(default_factory=list)
    normals: list[FloatArray] = field(default_factory=list)
    uvs: list[FloatArray] = field(default_factory=list)
    chains: list[IntArray] = field(default_factory=list)
    count: int = 0

    def add(
        self, positions: FloatArray, triangles: IntArray, normals: FloatArray, uvs: FloatArray, chain: int = -1
    ) -> None:
        """Appends a mesh."""
        self.positions.append(positions)
        self.triangles.append(triangles + self.count)
        self.normals.append(normals)
        self.uvs.append(uvs)
        self.chains.append(np.full(len(positions), chain))
        self.count += len(positions)

    def to_part(self, **morphs: FloatArray) -> Part:
        """Returns the part of the mesh."""
        positions, normals, uvs = (np.concatenate(a) for a in (self.positions, self.normals, self.uvs))
        return Part("hair", "hair", positions, np.concatenate(self.triangles), normals, uvs, morphs=morphs)

    def add_clump(self, clump: Clump, rng: np.random.Generator) -> None:
        """Appends a clump; the random numbers choose its tint and shift its highlight."""
        t = np.linspace(0, 1, clump.rings)
        line = _resample(clump.guide, clump.rings)
        across, outward = _frames(line, clump.outward)
        width = clump.width * clump.profile.width(t)
        thickness = clump.thickness * Profile(0.7, 0.4, 0.8).width(t)
        lift = HEIGHTS * thickness[:, None] - ACROSS**2 * width[:, None] ** 2 / (2 * HEAD_RADIUS)
        rings = (
            line[:, None] + across[:, None] * (ACROSS * width[:, None])[..., None] + outward[:, None] * lift[..., None]
        )
        positions = rings.reshape(-1, 3)
        triangles = _clump_triangles(clump.rings)
        normals = compute_normals(positions, triangles)
        if (normals.reshape(rings.shape)[:, 2] * outward).sum() < 0:
            triangles, normals = triangles[:, ::-1], -normals
        soft = rotation.normalize((positions - CENTER) / SKULL_RADII**2)
        normals = rotation.normalize(normals * clump.own_normals + soft * (1 - clump.own_normals))
        tint = INNER_TINT if clump.is_inner else int(rng.integers(PLAIN_TINT))
        across_texture = np.tile((ACROSS + 1) / 2, clump.rings)
        uvs = hair_uvs(across_texture, positions[:, 1] - clump.ring_shift + rng.uniform(-0.03, 0.03), tint)
        self.add(positions, triangles, normals, uvs, clump.chain)


def hair_uvs(across: FloatArray, height: FloatArray, tint: int) -> FloatArray:
    """Returns texture coordinates (V, 2) at places across a clump, 0 to 1, and heights, H, in a column of a tint."""
    low, high = TEXTURE_RANGE
    u = (tint + 0.02 + 0.96 * across) / TINTS
    return np.stack([u, np.clip((high - height) / (high - low), 0.001, 0.999)], axis=1)


def _resample(guide: FloatArray, count: int) -> FloatArray:
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(guide, axis=0), axis=1))])
    return np.asarray(PchipInterpolator(arc / arc[-1], guide, axis=0)(np.linspace(0, 1, count)))


def _frames(line: FloatArray, outward: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Returns directions across (K, 3) and outward (K, 3) of a guide, continuous along it."""
    tangent = rotation.normalize(np.gradient(line, axis=0))
    away = line - CENTER if outward is None else np.broadcast_to(outward, line.shape)
    across = rotation.normalize(np.cross(tangent, away))
    for i in range(1, len(line)):
        mean = across[i] * np.sign(across[i] @ across[i - 1] or 1.0) + across[i - 1]
        mean = mean - tangent[i] * (mean @ tangent[i])
        across[i] = mean / max(np.linalg.norm(mean), 1e-9)
    return across, np.cross(across, tangent)


def _clump_triangles(rings: int) -> IntArray:
    sides = len(ACROSS)
    k = np.arange(1, sides - 1)
    root = np.stack([np.zeros(sides - 2, int), k + 1, k], axis=1)
    last = (rings - 1) * sides
    return np.concatenate([grid_triangles(rings, sides, closed=True), root, root[:, ::-1] + last])


def direction(azimuth: float, elevation: float) -> FloatArray:
    """Returns the unit vector (3,) at an azimuth from the front to the left and an elevation, degrees."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])


def on_head(head: Head, azimuth: float, elevation: float, offset: float) -> FloatArray:
    """Returns a point (3,) above the head in a direction, degrees; the crown is domed."""
    unit = direction(azimuth, elevation)
    dome = 0.105 * max(0.0, np.sin(np.radians(elevation))) ** 3
    return np.asarray(CENTER + unit * (head.radius(unit[None])[0] + offset + dome))
