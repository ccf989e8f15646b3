"""Scene descriptions of clips of several people: paths, bodies, clothes, cameras and occluders.

In: a ``Scene`` and motions. Out: the ``ClipScene`` that ``synthetic.rendered_clip`` renders.

World frame: the first camera is on the +Z side of the people if its azimuth is 0. Then +X points to the right of the
image and +Z to the viewer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from bodydouble.data import Camera, FloatArray, Motion
from bodydouble.geometry import camera, rotation
from bodydouble.motion.resampling.motion import interpolate_motion
from bodydouble.synthetic import cameras, clothing, environments, rendered_clip, sensor
from bodydouble.synthetic.cameras import CameraMotion
from bodydouble.synthetic.props import Prop

Keyframes = tuple[tuple[float, float], ...]
"""Pairs of time in s and value; linear in between, constant outside."""

GAITS = ("walk", "run")
"""Motions that advance with each repetition; the others are played forwards and backwards in turn."""
WALL_COLOR = (0.55, 0.5, 0.42)
"""Colour of walls, linear RGB."""


@dataclass(frozen=True, slots=True)
class Role:
    """Motion, body, clothes and path of a person."""

    motion: str
    """Name of a motion."""
    body: int
    """Seed of the body."""
    clothes: int
    """Seed of skin, hair and clothes; the same seed dresses two bodies alike."""
    position: tuple[float, float]
    """Position (x, z) in m of the hips at ``position_time``."""
    position_time: float = 0.0
    """Time in s."""
    heading_deg: Keyframes = ((0.0, 0.0),)
    """Heading: rotation of the motion about +Y in degrees; gaits go along +X at 0 and along -X at 180."""
    speed: Keyframes = ((0.0, 1.0),)
    """Speed factor of the motion; 0: standing."""
    orbit: tuple[float, float, float] | None = None
    """Circle around ``position`` along which the person is moved: radius in m, revolutions per s, first angle in
    revolutions."""


@dataclass(frozen=True, slots=True)
class View:
    """Camera of one shot of the clip, until a cut."""

    end: float
    """Time in s of the cut; ignored for the last view."""
    azimuth_deg: float = 0.0
    """Direction from the people to the camera: degrees about +Y, from +Z."""
    framed_roles: tuple[int, ...] | None = None
    """Indices of the roles in the field of view; None: all."""
    camera_motion: CameraMotion = CameraMotion.STATIC


@dataclass(frozen=True, slots=True)
class Wall:
    """Box that occludes people."""

    position: tuple[float, float]
    """Position (x, z) in m of its centre."""
    half_size: tuple[float, float, float]
    """Half of width, height and depth in m."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Description of a clip: everything that decides it except the motions."""

    name: str
    purpose: str
    """Description of the clip in words."""
    seconds: float
    seed: int
    """Seed of environment, light, sensor, focal length and height of the camera."""
    roles: tuple[Role, ...]
    views: tuple[View, ...] = (View(0.0),)
    walls: tuple[Wall, ...] = ()


def build_clip_scene(
    scene: Scene, motions: Mapping[str, Motion], size: tuple[int, int], fps: Fraction
) -> rendered_clip.ClipScene:
    """Builds the renderable scene of a description.

    Args:
        scene: description of the clip.
        motions: motions of the 22 humanoid joints by name. Gaits go along +X.
        size: width and height in px.
        fps: frame rate in frames/s.
    """
    times = np.arange(round(scene.seconds * fps)) / float(fps)
    people = tuple(_make_person(role, motions[role.motion], times, fps) for role in scene.roles)
    points = np.concatenate([person.landmarks for person in people], axis=1)
    view = _make_camera(scene, people, times, size)
    eyes = camera.inverse(view.camera_from_world)[:, :3, 3]
    rng = np.random.default_rng(scene.seed)
    walls = tuple(_make_wall(wall) for wall in scene.walls)
    return rendered_clip.ClipScene(
        fps, people, walls, view, environments.sample_environment(points, eyes, rng), sensor.sample_exposure(rng)
    )


def _make_person(role: Role, motion: Motion, times: FloatArray, fps: Fraction) -> rendered_clip.SyntheticPerson:
    """Creates a person with the body, clothes, motion and path of a role."""
    role_motion = perform_role(role, motion, times, fps)
    template = rendered_clip.sample_scene([role_motion], role.body).people[0]
    # A shot of one person rotates and centres the person, which is undone here.
    back = rotation.multiply(role_motion.rotations[0, 0], rotation.conjugate(template.motion.rotations[0, 0]))
    path, landmarks = (rotation.rotate(back, points) for points in (template.motion.root_position, template.landmarks))
    shift = _root_offset(role, path, times)
    rotations = template.motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(back, rotations[:, 0])
    moved = replace(template.motion, rotations=rotation.make_continuous(rotations), root_position=path + shift)
    character = clothing.dress_body(template.body, np.random.default_rng(role.clothes))
    return replace(template, character=character, motion=moved, landmarks=landmarks + shift[:, None])


def perform_role(role: Role, motion: Motion, times: FloatArray, fps: Fraction) -> Motion:
    """Repeats and rotates a motion according to a role; the start position is arbitrary.

    Args:
        role: role of the person.
        motion: N frames.
        times: times (F,) in s.
        fps: frame rate of the times in frames/s.
    """
    last = len(motion.rotations) - 1
    steps = float(motion.fps / fps) * _interpolate_keyframes(role.speed, times)
    phase = np.concatenate([[0.0], np.cumsum(steps[1:])])
    cycles = np.floor(phase / last)
    cycle_phase = phase - cycles * last
    advances = role.motion in GAITS
    cycle_phase = cycle_phase if advances else np.where(cycles % 2 == 0, cycle_phase, last - cycle_phase)
    sampled = replace(interpolate_motion(motion, np.arange(last + 1), cycle_phase), fps=fps)
    stride = (motion.root_position[-1] - motion.root_position[0]) * [1.0, 0.0, 1.0] if advances else np.zeros(3)
    yaw_rotations = _rotate_about_y(np.radians(_interpolate_keyframes(role.heading_deg, times)))
    steps_world = np.diff(sampled.root_position + cycles[:, None] * stride, axis=0)
    path = sampled.root_position[0] + np.concatenate(
        [np.zeros((1, 3)), np.cumsum(rotation.rotate(yaw_rotations[1:], steps_world), 0)]
    )
    rotations = sampled.rotations.copy()
    rotations[:, 0] = rotation.multiply(yaw_rotations, rotations[:, 0])
    return replace(sampled, rotations=rotation.make_continuous(rotations), root_position=path)


def _root_offset(role: Role, path: FloatArray, times: FloatArray) -> FloatArray:
    """Returns the offsets (F, 3) in m from a path (F, 3) to the path of a role."""
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
    """Returns quaternions (F, 4) of rotations by angles (F,) in rad about +Y."""
    return rotation.from_rotvec(angles[:, None] * np.array([0.0, 1.0, 0.0]))


def _make_camera(
    scene: Scene, people: Sequence[rendered_clip.SyntheticPerson], times: FloatArray, size: tuple[int, int]
) -> Camera:
    """Joins the cameras of all views. One seed for each view gives all of them the same focal length."""
    ends = [*(view.end for view in scene.views[:-1]), np.inf]
    fps, parts = 1 / (times[1] - times[0]), []
    for view, start, end in zip(scene.views, [0.0, *ends], ends, strict=False):
        frames = (times >= start) & (times < end)
        framed = range(len(people)) if view.framed_roles is None else view.framed_roles
        points = np.concatenate([people[i].landmarks[frames] for i in framed], axis=1)
        rng = np.random.default_rng([scene.seed, 1])
        parts.append(cameras.sample_camera(points, fps, size, view.camera_motion, np.radians(view.azimuth_deg), rng))
    return Camera(size, parts[0].intrinsics, np.concatenate([part.camera_from_world for part in parts]))


def _make_wall(wall: Wall) -> Prop:
    world_from_prop = np.eye(4)
    world_from_prop[:3, 3] = wall.position[0], wall.half_size[1], wall.position[1]
    return Prop(world_from_prop, np.array(wall.half_size), np.array(WALL_COLOR))
