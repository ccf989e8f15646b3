"""Training samples: motion capture on random bodies before random cameras, with the detector's true noise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Motion
from bodydouble.evaluation.truth import people
from bodydouble.evaluation.truth.grounding import grounded
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion import crop, lifter
from bodydouble.motion.resample import motion_at, rows
from bodydouble.motion.smooth import whittaker
from bodydouble.skeletons import humanoid
from bodydouble.training.detections import FPS, FRAMES
from bodydouble.training.windows import Window, mirrored, rolled, stacked, window

DISTANCE = (1.6, 9.0)
HEIGHT = (0.3, 2.8)
"""m, of the camera."""
TIME_WARP = (0.6, 1.5)
RECOMBINED = 0.4
"""Share of the windows with the arms or the upper body of another clip."""
ARMS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Arm", "Hand", "Shoulder"))]
UPPER_BODY = [*ARMS, *(humanoid.INDEX[name] for name in ("spine", "chest", "upperChest", "neck", "head"))]
TRUNK = [humanoid.INDEX[name] for name in ("spine", "chest", "upperChest", "neck", "head")]
LEGS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Leg", "Foot"))]
SWAY = ((ARMS, 0.2), (TRUNK, 0.06), (LEGS, 0.08))
"""rad, of a constant turn of each joint of these."""
TILTED = 0.08
"""Share of the windows with a body turned away from the upright: capture has few who lie or stand on their hands."""
ROLLED = 0.35
"""Share of the windows that are turned by any angle in the picture."""
ROLL_SIGMA = 0.08
NOISE = (0.5, 1.4)
"""Times the errors that the detector really made."""
OFF_AXIS = 0.35
"""Tangent of the largest angle at which the person stands beside the optical axis."""
PANNED = 0.35
"""Share of the windows with a camera that follows the person."""
PAN_CUTOFF = 0.5
"""Hz."""
SPARSE = (1, 1, 1, 1, 2, 3)
"""Every so manieth frame is seen, as in clips of a low rate."""
GAPS = 0.15
"""Share of the windows with a gap."""
LONGEST_GAP = 12


class Sampler:
    """Draws windows: of clips that the detector saw, and of motion capture."""

    def __init__(self, motions: Sequence[Motion], seen: Sequence[Window], seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._seen = list(seen)
        self._noise = [Noise.of(one) for one in seen]
        at_rate = (motion_at(motion, FPS) for motion in motions)
        self._motions = [_standing(motion) for motion in at_rate if len(motion.rotations) >= FRAMES]
        lengths = np.sqrt([len(motion.rotations) for motion in self._motions])
        self._shares = lengths / lengths.sum()

    def batch(self, count: int, seen_share: float) -> tuple[FloatArray, Window]:
        """Features (count, T, F), and the windows; a share of them are clips that were really seen."""
        rng = self._rng
        chosen = [self._real() if rng.random() < seen_share else self._virtual() for _ in range(count)]
        turned = [self._rolled(mirrored(one) if rng.random() < 0.5 else one) for one in chosen]
        observed = np.stack([_observed(rng) for _ in turned])
        many = stacked(turned)
        return interrupted_features(many, observed), many

    def _rolled(self, seen: Window) -> Window:
        """Now and then a window turned in the picture, as somebody in a cartwheel looks; nothing is asked about up.

        Cameras are held level, and from that the network shall tell where up is.
        """
        rng = self._rng
        if rng.random() > ROLLED:
            return seen
        return replace(rolled(seen, rng.uniform(-np.pi, np.pi)), up=np.full_like(seen.up, np.nan))

    def _real(self) -> Window:
        return self._seen[int(self._rng.integers(len(self._seen)))]

    def _virtual(self) -> Window:
        rng = self._rng
        noise = self._noise[int(rng.integers(len(self._noise)))].backwards(rng.random() < 0.5)
        return filmed(self._performed(), noise, rng)

    def _performed(self) -> tuple[people.Body, Motion]:
        """Somebody who does a bit of one clip, or of two."""
        rng = self._rng
        motion = self._stretch()
        rotations, root, contacts = motion.rotations.copy(), motion.root_position, motion.contacts
        if rng.random() < RECOMBINED:
            part = UPPER_BODY if rng.random() < 0.5 else ARMS
            rotations[:, part] = self._stretch().rotations[:, part]
        for joints, sigma in SWAY:
            sway = rotation.from_rotvec(rng.normal(0, sigma, (len(joints), 3)))
            rotations[:, joints] = rotation.multiply(rotations[:, joints], sway)
        if rng.random() < TILTED:
            angles = np.linspace(rng.uniform(0, np.pi), rng.uniform(0, np.pi), FRAMES)[:, None]
            heading = rng.uniform(-np.pi, np.pi)
            axis = np.array([np.sin(heading), 0.0, np.cos(heading)])
            rotations[:, 0] = rotation.multiply(rotation.from_rotvec(angles * axis), rotations[:, 0])
            contacts = np.zeros_like(contacts)
        body = people.baked()[int(rng.integers(len(people.baked())))]
        skeleton = people.humanoid_skeleton(body)
        root = root * (_leg(skeleton.rest_offsets) / _leg(motion.skeleton.rest_offsets))
        return body, replace(motion, skeleton=skeleton, rotations=rotations, root_position=root, contacts=contacts)

    def _stretch(self) -> Motion:
        """A stretch of motion capture, faster or slower than it was."""
        rng = self._rng
        motion = self._motions[int(rng.choice(len(self._motions), p=self._shares))]
        longest = (len(motion.rotations) - 1) / (FRAMES - 1)
        step = min(rng.uniform(*TIME_WARP), longest)
        start = rng.uniform(0, len(motion.rotations) - 1 - step * (FRAMES - 1))
        frames = np.minimum(np.round(start + step * np.arange(FRAMES)).astype(int), len(motion.rotations) - 1)
        return rows(motion, frames)


def _leg(offsets: FloatArray) -> float:
    bones = [humanoid.INDEX["leftLowerLeg"], humanoid.INDEX["leftFoot"]]
    return float(np.linalg.norm(offsets[bones], axis=-1).sum())


def _standing(motion: Motion) -> Motion:
    """The motion on an adult's body, feet on the floor, with its contacts."""
    body = people.baked()[0]
    skeleton = people.humanoid_skeleton(body)
    root = motion.root_position * (_leg(skeleton.rest_offsets) / _leg(motion.skeleton.rest_offsets))
    return grounded(replace(motion, skeleton=skeleton, root_position=root), partial(_landmarks, body=body))


def _landmarks(motion: Motion, body: people.Body) -> FloatArray:
    positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    joints, offsets = people.attached_landmarks(body)
    return positions[:, joints] + rotation.rotate(world[:, joints], offsets)


@dataclass(frozen=True, slots=True)
class Noise:
    """What was wrong with what the detector saw in one clip."""

    points: FloatArray
    """(T, 33, 2) seen minus true, in sizes."""
    rough: FloatArray
    """(T, 33, 3) m, seen minus true, axes of the crop, sizes made alike."""
    confidence: FloatArray
    """(T, 33)."""

    @classmethod
    def of(cls, seen: Window) -> "Noise":
        """The errors in a clip."""
        depth = seen.depths[..., None]
        true = np.concatenate([seen.true_points * (1 + seen.size * depth), depth], axis=-1)
        true = true - true[:, crop.HIPS].mean(axis=1, keepdims=True)
        # A skeleton that comes nearer becomes fewer sizes large, but no smaller.
        true = true / np.linalg.norm(seen.offsets, axis=(1, 2))[:, None, None]
        alike = np.median(np.linalg.norm(seen.rough[:, crop.SIZED], axis=-1))
        alike /= np.median(np.linalg.norm(true[:, crop.SIZED], axis=-1))
        return cls(seen.points - seen.true_points, seen.rough - alike * true, seen.confidence)

    def backwards(self, really: bool) -> "Noise":
        """The same, the last frame first."""
        order = slice(None, None, -1 if really else 1)
        return Noise(self.points[order], self.rough[order], self.confidence[order])


def filmed(performed: tuple[people.Body, Motion], noise: Noise, rng: np.random.Generator) -> Window:
    """Somebody before a random camera, seen with the detector's noise."""
    body, motion = performed
    points = _landmarks(motion, body)
    camera_from_world = _camera(points, rng)
    true = points @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    true[..., 2] = np.maximum(true[..., 2], 0.3)
    view = crop.crop(true[..., :2] / true[..., 2:], noise.confidence)
    turned = true @ view.camera_from_crop
    relative = turned - turned[:, crop.HIPS].mean(axis=1, keepdims=True)
    relative *= lifter.ROUGH_SIZE / np.median(np.linalg.norm(relative[:, crop.SIZED], axis=-1))
    seen = view.points + rng.uniform(*NOISE) * noise.points
    middle = seen[:, crop.HIPS].mean(axis=1, keepdims=True)
    if rng.random() < PANNED:
        view = replace(view, direction=_followed(view.direction, rng))
    made = window(
        replace(view, points=seen - middle), noise.confidence, relative + rng.uniform(*NOISE) * noise.rough, turned,
        np.broadcast_to(camera_from_world[:3, :3], (len(true), 3, 3)), motion.skeleton.rest_offsets,
        motion.rotations, motion.root_position, motion.contacts,
    )  # fmt: skip
    return replace(made, true_points=made.true_points - middle)


def _followed(direction: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Where (T, 2) a camera that pans sees somebody."""
    way = direction - direction.mean(axis=0)
    pan = whittaker(way, np.ones((len(way), 1)), float(FPS), PAN_CUTOFF)
    return direction - rng.uniform(0.5, 1.0) * pan


def _camera(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """(4, 4) camera_from_world of a random static camera that looks at points (T, 33, 3)."""
    middle = points.mean(axis=(0, 1)) * [1.0, 0.0, 1.0]
    yaw, distance = rng.uniform(-np.pi, np.pi), np.exp(rng.uniform(*np.log(DISTANCE)))
    eye = middle + distance * np.array([np.sin(yaw), 0.0, np.cos(yaw)]) + [0.0, rng.uniform(*HEIGHT), 0.0]
    backward = rotation.normalize(eye - middle - np.array([0.0, 0.9, 0.0]))
    right = rotation.normalize(np.cross([0.0, 1.0, 0.0], backward))
    level = np.stack([right, -np.cross(backward, right), -backward])
    aside = rng.uniform(-OFF_AXIS, OFF_AXIS, 2)
    off = rotation.to_matrix(rotation.from_rotvec(np.array([aside[0], aside[1], rng.normal(0, ROLL_SIGMA)])))
    pose = np.eye(4)
    pose[:3, :3] = off @ level
    pose[:3, 3] = -pose[:3, :3] @ eye
    return pose


def _observed(rng: np.random.Generator) -> BoolArray:
    """(T,) frames in which the person is seen."""
    step = SPARSE[int(rng.integers(len(SPARSE)))]
    observed = np.zeros(FRAMES, dtype=bool)
    observed[int(rng.integers(step)) :: step] = True
    if rng.random() < GAPS:
        start = int(rng.integers(FRAMES))
        observed[start : start + int(rng.integers(2, LONGEST_GAP))] = False
    return observed


def interrupted_features(seen: Window, observed: BoolArray) -> FloatArray:
    """Features (N, T, F) float32 of N windows of which only some frames (N, T) are seen, the others interpolated."""
    age = np.stack([lifter.ages(row, float(FPS)) for row in observed])
    made = lifter.features(seen.points, seen.confidence, seen.rough, seen.direction, seen.size, age)
    frames = np.arange(observed.shape[1])
    for one, there in zip(made, observed, strict=True):
        if not there.all():
            one[:, :-1] = lifter.interpolated(frames, frames[there], one[there, :-1])
    return made.astype(np.float32)
