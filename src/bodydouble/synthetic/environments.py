"""Random light and random places for rendered people."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.render.surroundings import Finish, Light, Pattern, Stage, Surroundings

Color = tuple[float, float, float]

OUTDOORS = 0.5
DAYLIGHT = (np.array([2.6, 2.45, 2.2]), np.array([0.60, 0.70, 0.88]))
DUSK = (np.array([1.7, 1.0, 0.55]), np.array([0.34, 0.36, 0.52]))
LAMPS = (np.array([1.9, 1.75, 1.5]), np.array([0.75, 0.72, 0.68]))
"""Linear colours of the key light and of the light from above."""


def somewhere(points: FloatArray, camera_positions: FloatArray, rng: np.random.Generator) -> Stage:
    """A room that holds people and camera, or a place outdoors.

    Args:
        points: (..., 3) m, all landmarks of all people.
        camera_positions: (F, 3) m.
        rng: decides everything.
    """
    outdoors = bool(rng.random() < OUTDOORS)
    light = _light(points, camera_positions, outdoors, rng)
    sky = np.array(light.sky)
    place = Surroundings(
        floor=_floor(outdoors, rng),
        wall=_finish(rng.choice([Pattern.PLAIN, Pattern.PLAIN, Pattern.BRICKS, Pattern.PLANKS]), rng, (0.15, 0.75)),
        sky=_color(sky * [0.35, 0.55, 1.0]) if outdoors else _color(np.full(3, rng.uniform(0.5, 0.85))),
        horizon=_color(sky * rng.uniform(0.9, 1.3)) if outdoors else _color(np.full(3, rng.uniform(0.7, 1.6))),
        room=None if outdoors else _room(points, camera_positions, rng),
        skyline=float(rng.uniform(0.05, 0.5)),
        seed=float(rng.uniform(0, 100)),
    )
    return Stage(light, place)


def _light(points: FloatArray, camera_positions: FloatArray, outdoors: bool, rng: np.random.Generator) -> Light:
    """The key light comes from any side, now and then from behind the people; low in the evening."""
    dusk = outdoors and rng.random() < 0.25
    key, sky = DUSK if dusk else DAYLIGHT if outdoors else LAMPS
    to_camera = camera_positions.mean(axis=0) - points.reshape(-1, 3).mean(axis=0)
    bearing = np.arctan2(to_camera[0], to_camera[2]) + rng.normal(0.0, 1.3)
    elevation = np.radians(rng.uniform(28, 40) if dusk else rng.uniform(40, 80))
    direction = (np.sin(bearing) / np.tan(elevation), 1.0, np.cos(bearing) / np.tan(elevation))
    shine = rng.uniform(0.2, 1.15)  # an overcast sky has hardly a sun
    tint = rng.normal(1.0, 0.05, 3)
    return Light(
        (float(direction[0]), 1.0, float(direction[2])),
        _color(key * shine * tint),
        _color(sky * rng.uniform(0.85, 1.3) * tint),
        _color(sky * rng.uniform(0.35, 0.7)),
    )


def _room(
    points: FloatArray, camera_positions: FloatArray, rng: np.random.Generator
) -> tuple[float, float, float, float, float]:
    inside = np.concatenate([points.reshape(-1, 3), camera_positions])
    low = inside.min(axis=0)[[0, 2]] - rng.uniform(1.0, 4.0, 2)
    high = inside.max(axis=0)[[0, 2]] + rng.uniform(1.0, 4.0, 2)
    height = max(rng.uniform(2.4, 4.5), float(inside[:, 1].max()) + 0.3)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1]), height


def _floor(outdoors: bool, rng: np.random.Generator) -> Finish:
    if outdoors and rng.random() < 0.4:  # grass
        return Finish(Pattern.GRAIN, _color(rng.uniform([0.04, 0.10, 0.02], [0.10, 0.2, 0.06])), (0.16, 0.2, 0.07), 0.4)
    kinds = [Pattern.GRAIN, Pattern.TILES, Pattern.PLAIN] if outdoors else list(Pattern)[:4]
    return _finish(rng.choice(kinds), rng, (0.10, 0.5))


def _finish(pattern: Pattern, rng: np.random.Generator, brightness: tuple[float, float]) -> Finish:
    grey = rng.uniform(*brightness)
    first = grey * rng.uniform([0.9, 0.8, 0.6], [1.1, 1.0, 1.0])
    second = np.clip(first * rng.uniform(0.55, 1.5), 0.02, 0.85)
    size = {Pattern.PLANKS: 0.13, Pattern.TILES: 0.45, Pattern.BRICKS: 0.24}.get(pattern, 0.8)
    return Finish(Pattern(pattern), _color(first), _color(second), float(size * rng.uniform(0.7, 1.6)))


def _color(rgb: FloatArray) -> Color:
    return float(rgb[0]), float(rgb[1]), float(rgb[2])
