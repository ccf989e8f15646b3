"""People who go where they are told, before cameras that stand where they are told: rendered clips of several people.

World: the first camera stands on the +Z side of the people unless it is turned, so that +X is to the right in the
picture and +Z towards the viewer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from bodydouble.data import Camera, FloatArray, Motion
from bodydouble.geometry import camera, rotation
from bodydouble.motion.resampling.motion import interpolated
from bodydouble.synthetic import cameras, clothing, environments, rendered_clip, sensor
from bodydouble.synthetic.cameras import Move
from bodydouble.synthetic.props import Prop

Keyframes = tuple[tuple[float, float], ...]
"""Times in s and values, linear in between and constant outside."""

GAITS = ("walk", "run")
"""Motions that go on forward when they are repeated; the others run back and forth."""
WALL_COLOR = (0.55, 0.5, 0.42)


@dataclass(frozen=True, slots=True)
class Role:
    """Who does what, where."""

    motion: str
    """Name of a motion."""
    body: int
    """Seed of the body."""
    clothes: int
    """Seed of skin, hair and clothes; the same one on two bodies dresses them alike."""
    position: tuple[float, float]
    """x and z, m, of the hips at a time."""
    position_time: float = 0.0
    """s."""
    heading_deg: Keyframes = ((0.0, 0.0),)
    """Degrees about +Y by which the motion is turned; gaits go along +X at 0 and along -X at 180."""
    speed: Keyframes = ((0.0, 1.0),)
    """Speed of the motion; 0 stands still."""
    orbit: tuple[float, float, float] | None = None
    """Radius m, turns per second and first angle in turns of a circle that the person is carried along; its middle is
    the place."""


@dataclass(frozen=True, slots=True)
class View:
    """A camera, until a cut."""

    end: float
    """s; the last one goes on to the end."""
    azimuth_deg: float = 0.0
    """Degrees about +Y, from +Z, of the camera as seen from the people."""
    framed_roles: tuple[int, ...] | None = None
    """Roles that it has in view; None: all."""
    move: Move = Move.STATIC


@dataclass(frozen=True, slots=True)
class Wall:
    """A box that hides people."""

    position: tuple[float, float]
    """x and z, m, of its middle."""
    half_size: tuple[float, float, float]
    """Half the width, height and depth, m."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that decides a clip but the motions themselves."""

    name: str
    purpose: str
    """What the clip is there for."""
    seconds: float
    seed: int
    """Of place, light, sensor, lens and height of the camera."""
    roles: tuple[Role, ...]
    views: tuple[View, ...] = (View(0.0),)
    walls: tuple[Wall, ...] = ()


def build_shot(scene: Scene, motions: Mapping[str, Motion], size: tuple[int, int], fps: Fraction) -> rendered_clip.Shot:
    """The shot of a scene.

    Args:
        scene: who is where, before which cameras.
        motions: by name, of the 22 humanoid joints. Gaits go along +X.
        size: width and height, px.
        fps: frames per second.
    """
    times = np.arange(round(scene.seconds * fps)) / float(fps)
    actors = tuple(_make_actor(role, motions[role.motion], times, fps) for role in scene.roles)
    points = np.concatenate([actor.landmarks for actor in actors], axis=1)
    view = _make_camera(scene, actors, times, size)
    eyes = camera.inverse(view.camera_from_world)[:, :3, 3]
    rng = np.random.default_rng(scene.seed)
    walls = tuple(_make_wall(wall) for wall in scene.walls)
    return rendered_clip.Shot(fps, actors, walls, view, environments.somewhere(points, eyes, rng), sensor.exposure(rng))


def _make_actor(role: Role, motion: Motion, times: FloatArray, fps: Fraction) -> rendered_clip.Actor:
    """Somebody in a body and clothes who does what the role says."""
    motion_of_role = perform_role(role, motion, times, fps)
    template = rendered_clip.direct([motion_of_role], role.body).actors[0]
    # A shot of one turns the person about and puts them in the middle.
    back = rotation.multiply(motion_of_role.rotations[0, 0], rotation.conjugate(template.motion.rotations[0, 0]))
    path, landmarks = (rotation.rotate(back, places) for places in (template.motion.root_position, template.landmarks))
    shift = _root_offset(role, path, times)
    rotations = template.motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(back, rotations[:, 0])
    moved = replace(template.motion, rotations=rotation.continuous(rotations), root_position=path + shift)
    character = clothing.dressed(template.body, np.random.default_rng(role.clothes))
    return replace(template, character=character, motion=moved, landmarks=landmarks + shift[:, None])


def perform_role(role: Role, motion: Motion, times: FloatArray, fps: Fraction) -> Motion:
    """A motion repeated and turned as the role says; where it begins does not matter.

    Args:
        role: who does it.
        motion: N frames.
        times: (F,) s.
        fps: of the times.
    """
    last = len(motion.rotations) - 1
    steps = float(motion.fps / fps) * _interpolate_keyframes(role.speed, times)
    phase = np.concatenate([[0.0], np.cumsum(steps[1:])])
    cycles = np.floor(phase / last)
    cycle_phase = phase - cycles * last
    advances = role.motion in GAITS
    cycle_phase = cycle_phase if advances else np.where(cycles % 2 == 0, cycle_phase, last - cycle_phase)
    sampled = replace(interpolated(motion, np.arange(last + 1), cycle_phase), fps=fps)
    stride = (motion.root_position[-1] - motion.root_position[0]) * [1.0, 0.0, 1.0] if advances else np.zeros(3)
    yaw_rotations = _rotate_about_y(np.radians(_interpolate_keyframes(role.heading_deg, times)))
    steps_world = np.diff(sampled.root_position + cycles[:, None] * stride, axis=0)
    path = sampled.root_position[0] + np.concatenate(
        [np.zeros((1, 3)), np.cumsum(rotation.rotate(yaw_rotations[1:], steps_world), 0)]
    )
    rotations = sampled.rotations.copy()
    rotations[:, 0] = rotation.multiply(yaw_rotations, rotations[:, 0])
    return replace(sampled, rotations=rotation.continuous(rotations), root_position=path)


def _root_offset(role: Role, path: FloatArray, times: FloatArray) -> FloatArray:
    """(F, 3) m that brings a path (F, 3) where the role is to be."""
    frame = int(np.argmin(np.abs(times - role.position_time)))
    offset = np.tile(
        np.array([role.position[0], 0.0, role.position[1]]) - path[frame] * [1.0, 0.0, 1.0], (len(times), 1)
    )
    if role.orbit:
        radius, rate, first = role.orbit
        angle = 2 * np.pi * (first + rate * times)
        offset += radius * np.stack([np.cos(angle), np.zeros_like(angle), np.sin(angle)], axis=-1)
    return offset


def _interpolate_keyframes(keyframes: Keyframes, times: FloatArray) -> FloatArray:
    key_times, values = np.array(keyframes).T
    return np.asarray(np.interp(times, key_times, values))


def _rotate_about_y(angles: FloatArray) -> FloatArray:
    """Quaternions (F, 4) that turn by angles (F,) rad about +Y."""
    return rotation.from_rotvec(angles[:, None] * np.array([0.0, 1.0, 0.0]))


def _make_camera(
    scene: Scene, actors: Sequence[rendered_clip.Actor], times: FloatArray, size: tuple[int, int]
) -> Camera:
    """The cameras of all views one after the other, with one lens: each begins with the same random numbers."""
    ends = [*(view.end for view in scene.views[:-1]), np.inf]
    fps, parts = 1 / (times[1] - times[0]), []
    for view, start, end in zip(scene.views, [0.0, *ends], ends, strict=False):
        frames = (times >= start) & (times < end)
        framed = range(len(actors)) if view.framed_roles is None else view.framed_roles
        points = np.concatenate([actors[i].landmarks[frames] for i in framed], axis=1)
        rng = np.random.default_rng([scene.seed, 1])
        parts.append(cameras.filmed(points, fps, size, view.move, np.radians(view.azimuth_deg), rng))
    return Camera(size, parts[0].intrinsics, np.concatenate([part.camera_from_world for part in parts]))


def _make_wall(wall: Wall) -> Prop:
    world_from_prop = np.eye(4)
    world_from_prop[:3, 3] = wall.position[0], wall.half_size[1], wall.position[1]
    return Prop(world_from_prop, np.array(wall.half_size), np.array(WALL_COLOR))
