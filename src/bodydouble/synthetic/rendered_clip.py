"""Rendered clips with ground truth: motions and a seed -> `ClipScene` -> frames (`RgbImage`) and `Performance`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from bodydouble.characters.retarget import JointMatrixSequence, retarget
from bodydouble.data import (
    BoolArray,
    Camera,
    Character,
    Face,
    FloatArray,
    Hands,
    MorphWeights,
    Motion,
    Performance,
    Person,
    RgbImage,
    Track,
)
from bodydouble.formats import performance
from bodydouble.formats.media import VideoWriter
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.geometry.gaze import gaze_rotations
from bodydouble.motion.body import body_landmarks
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS
from bodydouble.motion.hands.merge import merge_hands
from bodydouble.render.environment import Environment
from bodydouble.render.scene import SceneRenderer
from bodydouble.skeletons import arkit
from bodydouble.synthetic import bodies, cameras, clothing, environments, props, sensor, visibility
from bodydouble.synthetic.cameras import CameraMotion
from bodydouble.synthetic.grounding import ground_motion
from bodydouble.synthetic.true_appearance import read_appearance

LANDSCAPE = (1280, 720)
PORTRAIT = (720, 1280)
"""Width and height of images in px."""
MIN_VISIBLE_FRACTION = 0.25
"""Minimum fraction of visible landmarks of a person who counts as observed."""
MIN_PERSON_DISTANCE = 0.5
"""Minimum distance in m between the hips of two people over the floor."""
MAX_OCCLUDED_FRACTION = 0.4
"""Maximum fraction of a person's landmarks and frames that one occluder hides."""
PLACEMENT_ATTEMPTS = 60
"""Number of attempts to place a person or an occluder."""


@dataclass(frozen=True, slots=True)
class SceneOptions:
    """Properties of a scene that are chosen, not drawn."""

    camera_motion: CameraMotion = CameraMotion.STATIC
    image_size: tuple[int, int] = LANDSCAPE
    occluder_count: int = 0
    """Number of objects in front of people."""
    camera_ranges: cameras.CameraRanges = field(default_factory=cameras.CameraRanges)


@dataclass(frozen=True, slots=True)
class SyntheticPerson:
    """Rendered person: a body, a dressed character and a motion."""

    body: bodies.Body
    character: Character
    motion: Motion
    landmarks: FloatArray
    """Landmarks (F, 33, 3) in the world, m, in BlazePose order."""
    hands: Hands | None = None
    """Motion of the fingers; None: they are lightly curled."""
    face: Face | None = None
    """Motion of the face; None: it stands still."""


@dataclass(frozen=True, slots=True)
class ClipScene:
    """Complete description of a clip, from which its frames and its ground truth follow."""

    fps: Fraction
    people: tuple[SyntheticPerson, ...]
    occluders: tuple[props.Prop, ...]
    camera: Camera
    environment: Environment
    exposure: sensor.Exposure


def sample_scene(motions: Sequence[Motion], seed: int, options: SceneOptions | None = None) -> ClipScene:
    """Draws a random scene for motions: bodies, clothes, camera, environment and sensor.

    The same seed gives the same scene. Each further person crosses the line of sight to an earlier one.

    Args:
        motions: one motion of the 22 humanoid joints per person, at one frame rate; the shortest decides the length.
        seed: seed of everything that is random.
        options: properties that are chosen.
    """
    options = options or SceneOptions()
    rng = np.random.default_rng(seed)
    frame_count = min(len(motion.rotations) for motion in motions)
    bearing = rng.uniform(-np.pi, np.pi)
    people: list[SyntheticPerson] = []
    for motion in motions:
        body = bodies.sample_body(rng)
        character = clothing.dress_body(body, rng)
        landmark_positions = partial(bodies.landmark_positions, body=body)
        grounded = ground_motion(_retarget_motion(_trim(motion, frame_count), body), landmark_positions)
        people.append(_place_person(grounded, body, character, people, bearing, rng))
    points = np.concatenate([person.landmarks for person in people], axis=1)
    fps = motions[0].fps
    view = cameras.sample_camera(
        points, float(fps), options.image_size, options.camera_motion, bearing, rng, options.camera_ranges
    )
    camera_positions = camera.inverse(view.camera_from_world)[:, :3, 3]
    occluders = tuple(_sample_occluder(people, camera_positions, rng) for _ in range(options.occluder_count))
    return ClipScene(
        fps,
        tuple(people),
        occluders,
        view,
        environments.sample_environment(points, camera_positions, rng),
        sensor.sample_exposure(rng),
    )


def _sample_occluder(
    people: Sequence[SyntheticPerson], camera_positions: FloatArray, rng: np.random.Generator
) -> props.Prop:
    """Draws an occluder in front of a person that hides no person too much."""
    for _ in range(PLACEMENT_ATTEMPTS):
        landmarks = people[int(rng.integers(len(people)))].landmarks
        frame, landmark = int(rng.integers(len(landmarks))), int(rng.integers(landmarks.shape[1]))
        prop = props.sample_occluder(landmarks[frame, landmark], camera_positions[frame], rng)
        if (
            max(visibility.is_occluded_by_prop(camera_positions, person.landmarks, prop).mean() for person in people)
            < MAX_OCCLUDED_FRACTION
        ):
            break
    return prop


def _trim(motion: Motion, frame_count: int) -> Motion:
    return Motion(
        motion.skeleton, motion.fps, motion.rotations[:frame_count], motion.root_position[:frame_count],
        motion.contacts[:frame_count], motion.joint_sigma[:frame_count],
    )  # fmt: skip


def _retarget_motion(motion: Motion, body: bodies.Body) -> Motion:
    """Transfers a motion to another body and scales its path by the length of the legs."""
    skeleton = bodies.build_humanoid_skeleton(body)
    legs = ["leftLowerLeg", "leftFoot"]
    own_leg_length, source_leg_length = (
        sum(float(np.linalg.norm(s.rest_offsets[s.index(joint)])) for joint in legs)
        for s in (skeleton, motion.skeleton)
    )
    frame_count = len(motion.rotations)
    unknown = np.zeros((frame_count, len(SOLE_LANDMARKS)))
    sigma = np.zeros((frame_count, len(skeleton.joint_names)))
    return Motion(
        skeleton,
        motion.fps,
        motion.rotations,
        motion.root_position * (own_leg_length / source_leg_length),
        unknown,
        sigma,
    )


def _place_person(
    motion: Motion,
    body: bodies.Body,
    character: Character,
    others: Sequence[SyntheticPerson],
    bearing: float,
    rng: np.random.Generator,
) -> SyntheticPerson:
    """Places a person with a random heading: the first at the origin, others so that they cross a line of sight.

    If no attempt finds a free position, the last one counts.
    """
    landmarks = bodies.landmark_positions(motion, body)
    for _ in range(PLACEMENT_ATTEMPTS):
        heading = rotation.from_rotvec(np.array([0.0, rng.uniform(-np.pi, np.pi), 0.0]))
        path = rotation.rotate(heading, motion.root_position)
        shift = -path.mean(axis=0) * [1.0, 0.0, 1.0]
        if others:
            shift = _crossing_shift(path, others[int(rng.integers(len(others)))], bearing, rng)
        if all(_min_path_distance(path + shift, other.motion.root_position) > MIN_PERSON_DISTANCE for other in others):
            break
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(heading, rotations[:, 0])
    moved = Motion(
        motion.skeleton,
        motion.fps,
        rotation.make_continuous(rotations),
        path + shift,
        motion.contacts,
        motion.joint_sigma,
    )
    return SyntheticPerson(body, character, moved, rotation.rotate(heading, landmarks) + shift)


def _crossing_shift(path: FloatArray, other: SyntheticPerson, bearing: float, rng: np.random.Generator) -> FloatArray:
    """Draws a shift (3,) that puts a path (F, 3) in front of or behind another person in one frame."""
    frame = int(rng.integers(len(path)))
    to_camera = np.array([np.sin(bearing), 0.0, np.cos(bearing)])
    sideways = np.array([to_camera[2], 0.0, -to_camera[0]])
    gap = rng.choice([-1.0, 1.0]) * rng.uniform(0.8, 1.8) * to_camera + rng.normal(0, 0.35) * sideways
    return np.asarray((other.motion.root_position[frame] - path[frame]) * [1.0, 0.0, 1.0] + gap)


def _min_path_distance(first: FloatArray, second: FloatArray) -> float:
    """Returns the minimum distance in m between two paths (F, 3) over the floor."""
    return float(np.linalg.norm((first - second)[:, [0, 2]], axis=1).min())


def create_ground_truth(scene: ClipScene) -> Performance:
    """Returns the ground truth of a scene as a performance.

    The confidence of a keypoint is 1 if it is in the image and no other person or object occludes it, else 0.
    Self-occlusion does not count.
    """
    tracks = tuple(_ground_truth_track(scene, i) for i in range(len(scene.people)))
    order = sorted(range(len(tracks)), key=lambda i: -float(np.ptp(tracks[i].keypoints[..., 1], axis=1).mean()))
    people = tuple(
        _ground_truth_person(f"person{rank + 1}", scene.people[i], tracks[i]) for rank, i in enumerate(order)
    )
    return Performance(scene.fps, len(scene.camera.camera_from_world), scene.camera, people)


def _ground_truth_person(name: str, person: SyntheticPerson, track: Track) -> Person:
    appearance = read_appearance(person.body, person.character)
    return Person(name, track, person.motion, person.hands, person.face, appearance)


def _ground_truth_track(scene: ClipScene, index: int) -> Track:
    person, view = scene.people[index], scene.camera
    camera_points = camera.transform(view.camera_from_world, person.landmarks)
    pixels = camera.project(view.intrinsics, camera_points)
    inside = np.all((pixels > 0) & (pixels < np.array(view.image_size)), axis=-1) & (camera_points[..., 2] > 0)
    visible = inside & ~_occluded_landmarks(scene, index)
    return Track(
        frames=np.arange(len(pixels)),
        observed=visible.mean(axis=1) >= MIN_VISIBLE_FRACTION,
        boxes=np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=-1),
        keypoints=np.concatenate([pixels, visible[..., None]], axis=-1),
        landmarks_3d=camera_points - body_landmarks.group_mean(camera_points, body_landmarks.HIPS)[:, None],
    )


def _occluded_landmarks(scene: ClipScene, index: int) -> BoolArray:
    """Returns a mask (F, 33) of the landmarks of a person that another person or an object occludes."""
    points = scene.people[index].landmarks
    camera_positions = camera.inverse(scene.camera.camera_from_world)[:, :3, 3]
    occluded = np.zeros(points.shape[:2], dtype=bool)
    for other in (person for i, person in enumerate(scene.people) if i != index):
        occluded |= visibility.is_occluded_by_person(camera_positions, points, _body_capsules(other))
    for prop in scene.occluders:
        occluded |= visibility.is_occluded_by_prop(camera_positions, points, prop)
    return occluded


def _body_capsules(person: SyntheticPerson) -> visibility.Capsules:
    joints, world = kinematics.forward_kinematics(
        person.motion.skeleton, person.motion.rotations, person.motion.root_position
    )
    up = rotation.rotate(world[:, person.motion.skeleton.index("head")], np.array([0.0, 1.0, 0.0]))
    return visibility.build_capsules(person.body, joints, up)


def render_frames(scene: ClipScene) -> Iterator[RgbImage]:
    """Renders the frames (H, W, 3), uint8 RGB, of a scene."""
    characters = [person.character for person in scene.people] + [
        props.build_character(prop) for prop in scene.occluders
    ]
    poses = [_pose_person(person) for person in scene.people]
    matrix_sequences = [sequence for sequence, _ in poses]
    face_weights = [weights for _, weights in poses]
    prop_poses = [prop.world_from_prop[None] for prop in scene.occluders]
    camera_sensor = sensor.Sensor(scene.exposure, scene.camera.image_size)
    colors = [(128, 128, 128)] * len(characters)
    with SceneRenderer(scene.camera.image_size, characters, colors, scene.environment) as renderer:
        for frame in range(len(scene.camera.camera_from_world)):
            view = scene.camera.camera_from_world[frame]
            subframes = [_joint_matrices(matrix_sequences, frame, time) for time in _subframe_times(scene.exposure)]
            morphs = [_weights_of_frame(weights, frame) for weights in face_weights] + [None] * len(prop_poses)
            images = [
                renderer.draw([*joint_matrices, *prop_poses], scene.camera.intrinsics, view, morphs)
                for joint_matrices in subframes
            ]
            yield camera_sensor.expose(images[0] if len(images) == 1 else np.mean(images, axis=0).astype(np.uint8))


def _pose_person(person: SyntheticPerson) -> tuple[JointMatrixSequence, MorphWeights | None]:
    """Returns the joint matrices of a person in every frame, and the weights (F, K) of the morph targets."""
    motion = person.motion if person.hands is None else merge_hands(person.motion, person.hands)
    rotations, hips_translation = retarget(motion, person.character)
    if person.face is None:
        return JointMatrixSequence(person.character, rotations, hips_translation), None
    for joint in (person.character.humanoid[name] for name in ("leftEye", "rightEye")):
        rotations[:, joint] = gaze_rotations(person.face.gaze)
    indices = [[arkit.INDEX[target.name] for target in mesh.morph_targets] for mesh in person.character.meshes]
    weights = tuple(person.face.weights[:, own] if own else None for own in indices)
    return JointMatrixSequence(person.character, rotations, hips_translation), weights


def _weights_of_frame(weights: MorphWeights | None, frame: int) -> MorphWeights | None:
    return weights and tuple(None if values is None else values[frame] for values in weights)


def _subframe_times(exposure: sensor.Exposure) -> FloatArray:
    """Returns the times of the subframes that are averaged for motion blur, in frames from the middle."""
    count = exposure.subframe_count
    return exposure.shutter_fraction * ((np.arange(count) + 0.5) / count - 0.5)


def _joint_matrices(matrix_sequences: Sequence[JointMatrixSequence], frame: int, time: float) -> list[FloatArray]:
    """Returns the joint matrices of all people at a time in frames before or after a frame, -1 to 1."""
    matrices = [matrix_sequence[frame] for matrix_sequence in matrix_sequences]
    weight = abs(time)
    if not weight or not matrices:
        return matrices
    neighbour = min(max(frame + (1 if time > 0 else -1), 0), len(matrix_sequences[0]) - 1)
    return [
        (1 - weight) * matrix + weight * matrix_sequence[neighbour]
        for matrix, matrix_sequence in zip(matrices, matrix_sequences, strict=True)
    ]


def render(scene: ClipScene, video_path: Path, ground_truth_path: Path) -> None:
    """Writes the video of a scene, and its ground truth as a performance file.

    One thread encodes the video, so that it is the same on machines with more and with fewer cores.

    Args:
        scene: the scene.
        video_path: video file to write.
        ground_truth_path: performance file to write.

    Raises:
        OutputError: a file cannot be written.
        RenderingUnavailableError: there is no OpenGL on this machine.
    """
    with VideoWriter(video_path, image_size=scene.camera.image_size, fps=scene.fps, threads=1) as writer:
        for image in render_frames(scene):
            writer.write(np.ascontiguousarray(image))
    performance.save(ground_truth_path, create_ground_truth(scene))
