"""A clip of rendered people: who acts where, the performance that really takes place, and the video of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from bodydouble.characters.retarget import Poses, retarget
from bodydouble.data import BoolArray, Camera, Character, FloatArray, Motion, Performance, Person, RgbImage, Track
from bodydouble.formats import performance
from bodydouble.formats.media import VideoWriter
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion.body import body_landmarks
from bodydouble.motion.floor.contacts import POINTS
from bodydouble.render.scene import Scene
from bodydouble.render.surroundings import Stage
from bodydouble.synthetic import bodies, cameras, clothing, environments, props, sensor, visibility
from bodydouble.synthetic.cameras import Move
from bodydouble.synthetic.grounding import grounded

LANDSCAPE = (1280, 720)
PORTRAIT = (720, 1280)
SEEN_SHARE = 0.25
"""Somebody is visible while at least this share of the landmarks is."""
NEIGHBOUR_DISTANCE = 0.5
"""m; nobody comes closer to anybody."""
HIDDEN_SHARE = 0.4
"""An object hides at most this share of anybody's landmarks and frames."""
PLACEMENTS = 60
"""Attempts to place somebody or something."""


@dataclass(frozen=True, slots=True)
class ShotOptions:
    """What is not left to chance."""

    move: Move = Move.STATIC
    size: tuple[int, int] = LANDSCAPE
    objects: int = 0
    """Objects that stand in front of people."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person with a body, clothes and a motion."""

    body: bodies.Body
    character: Character
    motion: Motion
    landmarks: FloatArray
    """(F, 33, 3) m, world, BlazePose order."""


@dataclass(frozen=True, slots=True)
class Shot:
    """Everything that decides the pictures of a clip."""

    fps: Fraction
    actors: tuple[Actor, ...]
    objects: tuple[props.Prop, ...]
    camera: Camera
    stage: Stage
    exposure: sensor.Exposure


def direct(motions: Sequence[Motion], seed: int, options: ShotOptions | None = None) -> Shot:
    """Random bodies, clothes, place, camera and sensor for motions; the same seed gives the same ones.

    The second and later people cross the line between the camera and the first one.

    Args:
        motions: one per person, of the 22 humanoid joints, at one rate; the shortest decides the length.
        seed: of all that is random.
        options: what is given.
    """
    options = options or ShotOptions()
    rng = np.random.default_rng(seed)
    frames = min(len(motion.rotations) for motion in motions)
    bearing = rng.uniform(-np.pi, np.pi)
    actors: list[Actor] = []
    for motion in motions:
        somebody = bodies.somebody(rng)
        character = clothing.dressed(somebody, rng)
        own = grounded(_performed(_cut(motion, frames), somebody), partial(_landmarks, somebody=somebody))
        actors.append(_placed(own, somebody, character, actors, bearing, rng))
    points = np.concatenate([actor.landmarks for actor in actors], axis=1)
    fps = motions[0].fps
    view = cameras.filmed(points, float(fps), options.size, options.move, bearing, rng)
    eyes = camera.inverse(view.camera_from_world)[:, :3, 3]
    objects = tuple(_object(actors, eyes, rng) for _ in range(options.objects))
    return Shot(fps, tuple(actors), objects, view, environments.somewhere(points, eyes, rng), sensor.exposure(rng))


def _object(actors: Sequence[Actor], eyes: FloatArray, rng: np.random.Generator) -> props.Prop:
    """Something in front of somebody that does not hide too much of anybody."""
    for _ in range(PLACEMENTS):
        landmarks = actors[int(rng.integers(len(actors)))].landmarks
        frame, landmark = int(rng.integers(len(landmarks))), int(rng.integers(landmarks.shape[1]))
        prop = props.in_front(landmarks[frame, landmark], eyes[frame], rng)
        if max(visibility.behind_prop(eyes, actor.landmarks, prop).mean() for actor in actors) < HIDDEN_SHARE:
            break
    return prop


def _cut(motion: Motion, frames: int) -> Motion:
    return Motion(
        motion.skeleton, motion.fps, motion.rotations[:frames], motion.root_position[:frames],
        motion.contacts[:frames], motion.joint_sigma[:frames],
    )  # fmt: skip


def _performed(motion: Motion, somebody: bodies.Body) -> Motion:
    """The motion on another body; its path is scaled by the length of the legs."""
    skeleton = bodies.humanoid_skeleton(somebody)
    legs = ["leftLowerLeg", "leftFoot"]
    own, given = (
        sum(float(np.linalg.norm(s.rest_offsets[s.index(joint)])) for joint in legs)
        for s in (skeleton, motion.skeleton)
    )
    frames = len(motion.rotations)
    unknown = np.zeros((frames, len(POINTS)))
    sigma = np.zeros((frames, len(skeleton.joint_names)))
    return Motion(skeleton, motion.fps, motion.rotations, motion.root_position * (own / given), unknown, sigma)


def _landmarks(motion: Motion, somebody: bodies.Body) -> FloatArray:
    positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    joints, offsets = bodies.attached_landmarks(somebody)
    return positions[:, joints] + rotation.rotate(world[:, joints], offsets)


def _placed(
    motion: Motion,
    somebody: bodies.Body,
    character: Character,
    others: Sequence[Actor],
    bearing: float,
    rng: np.random.Generator,
) -> Actor:
    """Somebody turned and put on the floor: the first in the middle, others where they cross a line of sight.

    If no attempt finds a free place, the last one counts.
    """
    landmarks = _landmarks(motion, somebody)
    for _ in range(PLACEMENTS):
        turn = rotation.from_rotvec(np.array([0.0, rng.uniform(-np.pi, np.pi), 0.0]))
        path = rotation.rotate(turn, motion.root_position)
        shift = -path.mean(axis=0) * [1.0, 0.0, 1.0]
        if others:
            shift = _crossing(path, others[int(rng.integers(len(others)))], bearing, rng)
        if all(_distance(path + shift, other.motion.root_position) > NEIGHBOUR_DISTANCE for other in others):
            break
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(turn, rotations[:, 0])
    moved = Motion(
        motion.skeleton, motion.fps, rotation.continuous(rotations), path + shift, motion.contacts, motion.joint_sigma
    )
    return Actor(somebody, character, moved, rotation.rotate(turn, landmarks) + shift)


def _crossing(path: FloatArray, other: Actor, bearing: float, rng: np.random.Generator) -> FloatArray:
    """Shift (3,) that puts a path (F, 3) in front of or behind somebody in some frame."""
    frame = int(rng.integers(len(path)))
    toward = np.array([np.sin(bearing), 0.0, np.cos(bearing)])
    aside = np.array([toward[2], 0.0, -toward[0]])
    gap = rng.choice([-1.0, 1.0]) * rng.uniform(0.8, 1.8) * toward + rng.normal(0, 0.35) * aside
    return np.asarray((other.motion.root_position[frame] - path[frame]) * [1.0, 0.0, 1.0] + gap)


def _distance(one: FloatArray, other: FloatArray) -> float:
    """The least distance, m, between two paths (F, 3) over the floor."""
    return float(np.linalg.norm((one - other)[:, [0, 2]], axis=1).min())


def truth_of(shot: Shot) -> Performance:
    """The performance that takes place in a shot, as perfect eyes would see it.

    Keypoints have confidence 1 where nothing but the person's own body hides them, and 0 otherwise.
    """
    found = tuple(_person(shot, i) for i in range(len(shot.actors)))
    order = sorted(range(len(found)), key=lambda i: -float(np.ptp(found[i].keypoints[..., 1], axis=1).mean()))
    cast = tuple(Person(f"person{rank + 1}", found[i], shot.actors[i].motion) for rank, i in enumerate(order))
    return Performance(shot.fps, len(shot.camera.camera_from_world), shot.camera, cast)


def _person(shot: Shot, index: int) -> Track:
    actor, view = shot.actors[index], shot.camera
    seen = camera.transform(view.camera_from_world, actor.landmarks)
    pixels = camera.project(view.intrinsics, seen)
    inside = np.all((pixels > 0) & (pixels < np.array(view.image_size)), axis=-1) & (seen[..., 2] > 0)
    visible = inside & ~_hidden(shot, index)
    return Track(
        frames=np.arange(len(pixels)),
        observed=visible.mean(axis=1) >= SEEN_SHARE,
        boxes=np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=-1),
        keypoints=np.concatenate([pixels, visible[..., None]], axis=-1),
        landmarks_3d=seen - body_landmarks.group_mean(seen, body_landmarks.HIPS)[:, None],
    )


def _hidden(shot: Shot, index: int) -> BoolArray:
    """(F, 33) landmarks of a person behind somebody else or an object."""
    points = shot.actors[index].landmarks
    eyes = camera.inverse(shot.camera.camera_from_world)[:, :3, 3]
    hidden = np.zeros(points.shape[:2], dtype=bool)
    for other in (actor for i, actor in enumerate(shot.actors) if i != index):
        hidden |= visibility.behind_person(eyes, points, _capsules(other))
    for prop in shot.objects:
        hidden |= visibility.behind_prop(eyes, points, prop)
    return hidden


def _capsules(actor: Actor) -> visibility.Capsules:
    joints, world = kinematics.forward_kinematics(
        actor.motion.skeleton, actor.motion.rotations, actor.motion.root_position
    )
    up = rotation.rotate(world[:, actor.motion.skeleton.index("head")], np.array([0.0, 1.0, 0.0]))
    return visibility.capsules(actor.body, joints, up)


def pictures(shot: Shot) -> Iterator[RgbImage]:
    """The frames (H, W, 3) uint8 RGB of a shot."""
    characters = [actor.character for actor in shot.actors] + [props.character(prop) for prop in shot.objects]
    poses = [Poses(actor.character, *retarget(actor.motion, actor.character)) for actor in shot.actors]
    still = [prop.world_from_prop[None] for prop in shot.objects]
    camera_sensor = sensor.Sensor(shot.exposure, shot.camera.image_size)
    colors = [(128, 128, 128)] * len(characters)
    with Scene(shot.camera.image_size, characters, colors, shot.stage) as scene:
        for frame in range(len(shot.camera.camera_from_world)):
            view = shot.camera.camera_from_world[frame]
            moments = [_moment(poses, frame, share) for share in _shares(shot.exposure)]
            drawn = [scene.draw([*moment, *still], shot.camera.intrinsics, view) for moment in moments]
            yield camera_sensor.expose(drawn[0] if len(drawn) == 1 else np.mean(drawn, axis=0).astype(np.uint8))


def _shares(settings: sensor.Exposure) -> FloatArray:
    """Times of the pictures that make up a frame, in frames from its middle."""
    count = settings.subframes
    return settings.shutter * ((np.arange(count) + 0.5) / count - 0.5)


def _moment(poses: Sequence[Poses], frame: int, share: float) -> list[FloatArray]:
    """Joint matrices of all people shortly before or after a frame."""
    matrices = [pose[frame] for pose in poses]
    neighbour = min(max(frame + (1 if share > 0 else -1), 0), len(poses[0]) - 1)
    weight = abs(share)
    if not weight:
        return matrices
    return [(1 - weight) * own + weight * pose[neighbour] for own, pose in zip(matrices, poses, strict=True)]


def make(shot: Shot, video: Path, truth: Path) -> None:
    """Writes the video of a shot, and its truth as a performance file.

    Raises:
        OutputError: a file cannot be written.
        RenderingUnavailableError: there is no OpenGL on this machine.
    """
    with VideoWriter(video, size=shot.camera.image_size, fps=shot.fps) as writer:
        for picture in pictures(shot):
            writer.write(np.ascontiguousarray(picture))
    performance.save(truth, truth_of(shot))
