"""Covered skin that comes through clothes of drawn characters, in poses of the motion library.

The characters are built with the skin below their clothes, which they lack otherwise. It pokes through where it is seen
and the outside of cloth lies less than 5 cm behind it. Where it is seen from below, through the opening of a skirt or
a sleeve, there is none.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.bench.surface_layers import SurfaceLayers
from bodydouble.characters.cast.assemble import COVERED, build_character
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.presets import PRESETS
from bodydouble.characters.cast.random_looks import draw_look
from bodydouble.characters.retarget import pose_matrices
from bodydouble.data import Character, FloatArray, IntArray, Mesh
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.pipeline import Progress, motion_library
from bodydouble.pipeline.animated_characters import AnimatedCharacter, retarget_to_character

POSES = 200
IMAGE_SIZE = (256, 256)
EXTENT = 2.3
"""Height of what an image shows, statures."""
DISTANCE = 4.0
"""Distance of the camera, statures."""
VIEWS_DEG = ((0.0, 10.0), (90.0, 10.0), (180.0, 10.0), (270.0, 10.0), (45.0, 40.0))
"""Azimuth and elevation of the cameras."""
MAX_DEPTH = 0.05
"""Distance, m, of cloth behind skin that comes through it."""
GARMENTS = ("top", "bottom", "socks", "shoes")
UNDER_SKIRT = ("body", "inner shorts", "socks")


@dataclass(frozen=True, slots=True)
class GarmentFigures:
    """Covered skin that comes through one garment of one look."""

    look: str
    kind: str
    """As "skirt" or "hoodie"."""
    share: float
    """Pixels of covered skin before the garment, as a share of those of the figure, over all poses."""
    worst_share: float
    """The same in the worst pose."""


@dataclass(frozen=True, slots=True)
class CastFigures:
    """Figures of the drawn cast."""

    garments: tuple[GarmentFigures, ...]
    build_seconds: dict[str, float]
    """Computing time by look."""


def choose_looks(count: int) -> list[Look]:
    """Returns the presets and a number of random looks."""
    return [*PRESETS.values(), *(draw_look(100 + k) for k in range(count))]


def measure_cast(looks: Sequence[Look], poses: int, progress: Progress) -> CastFigures:
    """Measures covered skin that comes through clothes, and the time to build a character.

    Args:
        looks: the looks.
        poses: number of poses, evenly spread over the motions of the library.
        progress: collects progress.
    """
    garments: list[GarmentFigures] = []
    seconds = {}
    with progress.stage("cast", len(looks)):
        for look in progress.track(looks):
            start = time.process_time()
            build_character(look)
            seconds[look.name] = time.process_time() - start
            garments += measure_look(look, poses)
    return CastFigures(tuple(garments), seconds)


def measure_look(look: Look, poses: int) -> list[GarmentFigures]:
    """Measures the garments of one look."""
    character = _split_under_skirt(build_character(look, has_covered_skin=True), look)
    matrices = [m for animated, frames in _animate(character, poses) for m in _pose(animated, frames)]
    pokes = np.zeros((len(matrices), len(GARMENTS)))
    figures = np.zeros(len(matrices))
    with SurfaceLayers(IMAGE_SIZE, character) as layers:
        for k, pose in enumerate(matrices):
            pokes[k], figures[k] = count_pokes(layers, character, pose, look.height)
    shares = pokes / figures[:, None]
    worn = {mesh.name for mesh in character.meshes}
    kinds = {"top": look.top, "bottom": look.bottom, "socks": "socks", "shoes": look.shoes}
    return [
        GarmentFigures(look.name, kinds[name], float(pokes[:, g].sum() / figures.sum()), float(shares[:, g].max()))
        for g, name in enumerate(GARMENTS)
        if name in worn
    ]


def _split_under_skirt(character: Character, look: Look) -> Character:
    """Counts what lies under a skirt at rest as covered."""
    if look.bottom != "skirt":
        return character
    (skirt,) = (mesh for mesh in character.meshes if mesh.name == "bottom")
    low, high = skirt.positions[:, 1].min() + 0.02, skirt.positions[:, 1].max()
    reach = np.abs(skirt.positions[:, 0]).max()
    meshes: list[Mesh] = []
    for mesh in character.meshes:
        x, y = np.abs(mesh.positions[:, 0]), mesh.positions[:, 1]
        inside = ((y > low) & (y < high) & (x < reach))[mesh.triangles].all(axis=1)
        if mesh.name in UNDER_SKIRT and inside.any():
            meshes += [
                replace(mesh, triangles=mesh.triangles[~inside]),
                replace(mesh, triangles=mesh.triangles[inside], name=COVERED),
            ]
        else:
            meshes.append(mesh)
    return replace(character, meshes=tuple(meshes))


def _animate(character: Character, poses: int) -> list[tuple[AnimatedCharacter, IntArray]]:
    """Retargets the motions of the library; returns them with the frames that are measured."""
    names = motion_library.names()
    animated = []
    for k, name in enumerate(names):
        motion = motion_library.load(name)[1]
        count = poses * (k + 1) // len(names) - poses * k // len(names)
        frames = np.linspace(0, len(motion.rotations) - 1, count + 2)[1:-1].astype(int)
        first = max(int(frames.min(initial=0)) - 30, 0)
        part = slice_motion(motion, slice(first, int(frames.max(initial=0)) + 1))
        animated.append((retarget_to_character(part, character), frames - first))
    return animated


def _pose(animated: AnimatedCharacter, frames: IntArray) -> list[FloatArray]:
    rotations, hips = animated.rotations[frames], animated.hips_translation[frames]
    return list(pose_matrices(animated.character, rotations, hips))


def count_pokes(
    layers: SurfaceLayers, character: Character, pose: FloatArray, stature: float
) -> tuple[FloatArray, int]:
    """Returns the pixels of covered skin before each garment (G,), and those of the figure, over all views."""
    names = np.array([mesh.name for mesh in character.meshes])
    cloth = np.flatnonzero(np.isin(names, GARMENTS))
    middle = pose[character.humanoid["spine"], :3, 3]
    counts, figure = np.zeros(len(GARMENTS)), 0
    for azimuth, elevation in VIEWS_DEG:
        camera, intrinsics = _look_at(middle, azimuth, elevation, stature)
        first, second = layers.draw(pose, intrinsics, camera, cloth.tolist())
        covered = np.append(names == COVERED, False)[first.meshes]
        is_before = (second.meshes >= 0) & second.is_outside & (second.depths - first.depths < MAX_DEPTH)
        through = np.append(names, "")[second.meshes[covered & is_before]]
        counts += [(through == garment).sum() for garment in GARMENTS]
        figure += int((first.meshes >= 0).sum())
    return counts, figure


def _look_at(middle: FloatArray, azimuth_deg: float, elevation_deg: float, stature: float) -> tuple[FloatArray, ...]:
    """Returns camera_from_world (4, 4) and intrinsics (3, 3) of a camera that looks at a point (3,)."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    level = np.cos(elevation)
    backward = np.array([np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level])
    right = np.array([np.cos(azimuth), 0.0, -np.sin(azimuth)])
    camera = np.eye(4)
    camera[:3, :3] = np.stack([right, -np.cross(backward, right), -backward])
    camera[:3, 3] = -camera[:3, :3] @ (middle + DISTANCE * stature * backward)
    width, height = IMAGE_SIZE
    focal = height * DISTANCE / EXTENT
    return camera, np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])
