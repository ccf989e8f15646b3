"""Random environments for rendered people: points of people and camera -> `Environment` (light and surroundings)."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.render.environment import Environment, Light, SurfaceFinish, SurfacePattern, Surroundings

Color = tuple[float, float, float]
"""Linear RGB."""

OUTDOOR_PROBABILITY = 0.5
"""Fraction of environments that are outdoors."""
DAYLIGHT_COLORS = (np.array([2.6, 2.45, 2.2]), np.array([0.60, 0.70, 0.88]))
DUSK_COLORS = (np.array([1.7, 1.0, 0.55]), np.array([0.34, 0.36, 0.52]))
LAMP_COLORS = (np.array([1.9, 1.75, 1.5]), np.array([0.75, 0.72, 0.68]))
"""Linear colours of the key light and of the ambient light from above."""


def sample_environment(points: FloatArray, camera_positions: FloatArray, rng: np.random.Generator) -> Environment:
    """Draws a room that contains people and camera, or an outdoor scene.

    Args:
        points: all landmarks (..., 3) of all people in the world, m.
        camera_positions: camera positions (F, 3) in the world, m.
        rng: source of everything that is random.
    """
    is_outdoors = bool(rng.random() < OUTDOOR_PROBABILITY)
    light = _sample_light(points, camera_positions, is_outdoors, rng)
    sky = np.array(light.sky)
    surroundings = Surroundings(
        floor=_sample_floor(is_outdoors, rng),
        wall=_sample_finish(
            rng.choice([SurfacePattern.PLAIN, SurfacePattern.PLAIN, SurfacePattern.BRICKS, SurfacePattern.PLANKS]),
            rng,
            (0.15, 0.75),
        ),
        sky=_color_tuple(sky * [0.35, 0.55, 1.0]) if is_outdoors else _color_tuple(np.full(3, rng.uniform(0.5, 0.85))),
        horizon=_color_tuple(sky * rng.uniform(0.9, 1.3))
        if is_outdoors
        else _color_tuple(np.full(3, rng.uniform(0.7, 1.6))),
        room=None if is_outdoors else _sample_room(points, camera_positions, rng),
        skyline=float(rng.uniform(0.05, 0.5)),
        seed=float(rng.uniform(0, 100)),
    )
    return Environment(light, surroundings)


def _sample_light(
    points: FloatArray, camera_positions: FloatArray, is_outdoors: bool, rng: np.random.Generator
) -> Light:
    """Draws the light: a key light from any side, sometimes behind the people, and low at dusk."""
    is_dusk = is_outdoors and rng.random() < 0.25
    key, sky = DUSK_COLORS if is_dusk else DAYLIGHT_COLORS if is_outdoors else LAMP_COLORS
    to_camera = camera_positions.mean(axis=0) - points.reshape(-1, 3).mean(axis=0)
    bearing = np.arctan2(to_camera[0], to_camera[2]) + rng.normal(0.0, 1.3)
    elevation = np.radians(rng.uniform(28, 40) if is_dusk else rng.uniform(40, 80))
    direction = (np.sin(bearing) / np.tan(elevation), 1.0, np.cos(bearing) / np.tan(elevation))
    brightness = rng.uniform(0.2, 1.15)  # the sun hardly shines through an overcast sky
    tint = rng.normal(1.0, 0.05, 3)
    return Light(
        (float(direction[0]), 1.0, float(direction[2])),
        _color_tuple(key * brightness * tint),
        _color_tuple(sky * rng.uniform(0.85, 1.3) * tint),
        _color_tuple(sky * rng.uniform(0.35, 0.7)),
    )


def _sample_room(
    points: FloatArray, camera_positions: FloatArray, rng: np.random.Generator
) -> tuple[float, float, float, float, float]:
    enclosed = np.concatenate([points.reshape(-1, 3), camera_positions])
    low = enclosed.min(axis=0)[[0, 2]] - rng.uniform(1.0, 4.0, 2)
    high = enclosed.max(axis=0)[[0, 2]] + rng.uniform(1.0, 4.0, 2)
    height = max(rng.uniform(2.4, 4.5), float(enclosed[:, 1].max()) + 0.3)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1]), height


def _sample_floor(is_outdoors: bool, rng: np.random.Generator) -> SurfaceFinish:
    if is_outdoors and rng.random() < 0.4:  # grass
        return SurfaceFinish(
            SurfacePattern.GRAIN,
            _color_tuple(rng.uniform([0.04, 0.10, 0.02], [0.10, 0.2, 0.06])),
            (0.16, 0.2, 0.07),
            0.4,
        )
    patterns = (
        [SurfacePattern.GRAIN, SurfacePattern.TILES, SurfacePattern.PLAIN] if is_outdoors else list(SurfacePattern)[:4]
    )
    return _sample_finish(rng.choice(patterns), rng, (0.10, 0.5))


def _sample_finish(pattern: SurfacePattern, rng: np.random.Generator, brightness: tuple[float, float]) -> SurfaceFinish:
    grey = rng.uniform(*brightness)
    first = grey * rng.uniform([0.9, 0.8, 0.6], [1.1, 1.0, 1.0])
    second = np.clip(first * rng.uniform(0.55, 1.5), 0.02, 0.85)
    size = {SurfacePattern.PLANKS: 0.13, SurfacePattern.TILES: 0.45, SurfacePattern.BRICKS: 0.24}.get(pattern, 0.8)
    return SurfaceFinish(
        SurfacePattern(pattern), _color_tuple(first), _color_tuple(second), float(size * rng.uniform(0.7, 1.6))
    )


def _color_tuple(rgb: FloatArray) -> Color:
    return float(rgb[0]), float(rgb[1]), float(rgb[2])
