"""Training samples: motion capture on random bodies before random cameras, with the detector's true noise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Motion
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.lifting import lifter, person_view
from bodydouble.motion.resampling.smoothing import whittaker
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.synthetic import bodies
from bodydouble.synthetic.grounding import grounded
from bodydouble.training.augmentation import Repertoire
from bodydouble.training.detections import FPS, FRAMES
from bodydouble.training.windows import Window, backwards, mirrored, rolled, stacked, window

DISTANCE = (1.6, 9.0)
HEIGHT = (0.3, 2.8)
"""m, of the camera."""
ROLLED = 0.35
"""Share of the windows that are turned by any angle in the picture."""
ROLL_SIGMA = 0.08
LIMBS = [
    [i for i, name in enumerate(blazepose.LANDMARKS) if name.startswith(side) and name.split("_")[1] in parts]
    for side in ("left", "right")
    for parts in (("elbow", "wrist", "pinky", "index", "thumb"), ("knee", "ankle", "heel", "foot"))
]
MIXED = 0.5
"""Share of the windows of which some limbs have the errors of other clips."""
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
LOST = 0.35
"""Share of the windows in which the detector does not believe what it says of some limbs for a while ..."""
LONGEST_LOSS = 40
"""... of at most so many frames, ..."""
ASTRAY = 0.3
"""... and sizes by which that is wrong, on each axis."""


class Sampler:
    """Draws windows: of clips that the detector saw, and of motion capture."""

    def __init__(self, motions: Sequence[Motion], seen: Sequence[Window], seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._seen = list(seen)
        self._noise = [Noise.of(one) for one in seen]
        self._repertoire = Repertoire([_standing(motion) for motion in motions], FRAMES, FPS)

    def batch(self, count: int, seen_share: float) -> tuple[FloatArray, Window]:
        """Features (count, T, F), and the windows; a share of them are clips that were really seen."""
        rng = self._rng
        chosen = [self._real() if rng.random() < seen_share else self._virtual() for _ in range(count)]
        turned = [self._with_lost_limbs(self._rolled(mirrored(one) if rng.random() < 0.5 else one)) for one in chosen]
        observed = np.stack([_observed(rng) for _ in turned])
        many = stacked(turned)
        return interrupted_features(many, observed), many

    def _with_lost_limbs(self, seen: Window) -> Window:
        """Now and then limbs that somebody hides: no confidence, and a place that says nothing."""
        rng = self._rng
        if rng.random() > LOST:
            return seen
        points, rough, confidence = seen.points.copy(), seen.rough.copy(), seen.confidence.copy()
        unit = np.median(np.linalg.norm(rough[:, person_view.SIZED], axis=-1))
        for limb in (LIMBS[i] for i in rng.permutation(len(LIMBS))[: rng.integers(1, 4)]):
            start = int(rng.integers(FRAMES))
            rows = np.ix_(range(start, min(start + int(rng.integers(4, LONGEST_LOSS)), FRAMES)), limb)
            points[rows] += rng.normal(0, ASTRAY, 2) * rng.integers(2)
            rough[rows] += rng.normal(0, ASTRAY * unit, 3) * rng.integers(2)
            confidence[rows] *= rng.uniform(0, 0.3) * rng.integers(2)
        return replace(seen, points=points, rough=rough, confidence=confidence)

    def _rolled(self, seen: Window) -> Window:
        """Now and then a window turned in the picture, as somebody in a cartwheel looks; nothing is asked about up.

        Cameras are held level, and from that the network shall tell where up is.
        """
        rng = self._rng
        if rng.random() > ROLLED:
            return seen
        return replace(rolled(seen, rng.uniform(-np.pi, np.pi)), up=np.full_like(seen.up, np.nan))

    def _real(self) -> Window:
        """A clip as it was seen, forwards or backwards."""
        seen = self._seen[int(self._rng.integers(len(self._seen)))]
        return backwards(seen) if self._rng.random() < 0.5 else seen

    def _virtual(self) -> Window:
        return filmed(self._performed(), self._errors(), self._rng)

    def _performed(self) -> tuple[bodies.Body, Motion]:
        """Somebody who does something."""
        rng = self._rng
        motion = self._repertoire.draw(rng)
        body = bodies.baked()[int(rng.integers(len(bodies.baked())))]
        skeleton = bodies.humanoid_skeleton(body)
        root = motion.root_position * (_leg(skeleton.rest_offsets) / _leg(motion.skeleton.rest_offsets))
        return body, replace(motion, skeleton=skeleton, root_position=root)

    def _errors(self) -> "Noise":
        """The detector's errors in one clip; now and then with those of another clip for some limbs."""
        rng = self._rng
        one = self._noise[int(rng.integers(len(self._noise)))]
        if rng.random() < MIXED:
            for limb in LIMBS:
                if rng.random() < 0.5:
                    one = one.with_limb(limb, self._noise[int(rng.integers(len(self._noise)))])
        return one.backwards(rng.random() < 0.5)


def _leg(offsets: FloatArray) -> float:
    bones = [humanoid.INDEX["leftLowerLeg"], humanoid.INDEX["leftFoot"]]
    return float(np.linalg.norm(offsets[bones], axis=-1).sum())


def _standing(motion: Motion) -> Motion:
    """The motion on an adult's body, feet on the floor, with its contacts."""
    body = bodies.baked()[0]
    skeleton = bodies.humanoid_skeleton(body)
    root = motion.root_position * (_leg(skeleton.rest_offsets) / _leg(motion.skeleton.rest_offsets))
    return grounded(replace(motion, skeleton=skeleton, root_position=root), partial(_landmarks, body=body))


def _landmarks(motion: Motion, body: bodies.Body) -> FloatArray:
    positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    joints, offsets = bodies.attached_landmarks(body)
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
        true = true - true[:, person_view.HIPS].mean(axis=1, keepdims=True)
        # A skeleton that comes nearer becomes fewer sizes large, but no smaller.
        true = true / np.linalg.norm(seen.offsets, axis=(1, 2))[:, None, None]
        alike = np.median(np.linalg.norm(seen.rough[:, person_view.SIZED], axis=-1))
        alike /= np.median(np.linalg.norm(true[:, person_view.SIZED], axis=-1))
        return cls(seen.points - seen.true_points, seen.rough - alike * true, seen.confidence)

    def with_limb(self, limb: list[int], other: "Noise") -> "Noise":
        """The same but for some landmarks."""
        mixed = Noise(self.points.copy(), self.rough.copy(), self.confidence.copy())
        mixed.points[:, limb], mixed.rough[:, limb] = other.points[:, limb], other.rough[:, limb]
        mixed.confidence[:, limb] = other.confidence[:, limb]
        return mixed

    def backwards(self, really: bool) -> "Noise":
        """The same, the last frame first."""
        order = slice(None, None, -1 if really else 1)
        return Noise(self.points[order], self.rough[order], self.confidence[order])


def filmed(performed: tuple[bodies.Body, Motion], noise: Noise, rng: np.random.Generator) -> Window:
    """Somebody before a random camera, seen with the detector's noise."""
    body, motion = performed
    points = _landmarks(motion, body)
    camera_from_world = _camera(points, rng)
    true = points @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    true[..., 2] = np.maximum(true[..., 2], 0.3)
    view = person_view.crop(true[..., :2] / true[..., 2:], noise.confidence)
    turned = true @ view.camera_from_crop
    relative = turned - turned[:, person_view.HIPS].mean(axis=1, keepdims=True)
    relative *= lifter.ROUGH_SIZE / np.median(np.linalg.norm(relative[:, person_view.SIZED], axis=-1))
    seen = view.points + rng.uniform(*NOISE) * noise.points
    middle = seen[:, person_view.HIPS].mean(axis=1, keepdims=True)
    if rng.random() < PANNED:
        view = replace(view, direction=_followed(view.direction, rng))
    made = window(
        replace(view, points=seen - middle), noise.confidence, relative + rng.uniform(*NOISE) * noise.rough, true,
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
