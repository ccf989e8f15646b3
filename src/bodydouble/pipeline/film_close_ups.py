"""Close-ups: characters of people whose feet are never seen are placed by the head and shoulders in the image.

The motion of such people rests on guesses of what is out of the image, so that its distance can be wrong. Where feet
are seen, they tell where a character stands; here, the head does.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import Camera, Character, FloatArray, Person
from bodydouble.geometry import camera as cameras
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.body.root_translation import fit_translation
from bodydouble.motion.floor.contacts import are_feet_ever_seen, landmark_confidence
from bodydouble.motion.resampling.smoothing import robust_whittaker
from bodydouble.render.preview import JointMatrixSequence
from bodydouble.skeletons import blazepose, humanoid

MIN_CONFIDENCE = 0.5
"""Minimum confidence of a landmark that is seen."""
MIN_LANDMARKS = 4
"""Minimum number of landmarks that are seen in a frame that counts."""
CUTOFF = 0.5
"""Cutoff frequency in Hz of the shift; faster changes are those of the pose."""
OUTLIER = 0.1
"""Deviation in m from the smooth shift at which the weight of a frame is halved."""

_LANDMARKS = [
    blazepose.INDEX["nose"],
    *(blazepose.INDEX[f"{side}_{part}"] for part in ("ear", "shoulder") for side in ("left", "right")),
]


@dataclass(frozen=True, slots=True)
class HeadAlignedMatrices:
    """Sequence of joint matrices (J, 4, 4), moved so that the head of the character is at given places."""

    matrices: JointMatrixSequence
    head: int
    """Joint of the head."""
    places: FloatArray
    """(T, 3) m, world."""

    def __len__(self) -> int:
        return len(self.matrices)

    def __getitem__(self, frame: int) -> FloatArray:
        moved = self.matrices[frame].copy()
        moved[:, :3, 3] += self.places[frame] - moved[self.head, :3, 3]
        return moved


def place_by_head(
    person: Person, camera: Camera, character: Character, matrices: JointMatrixSequence
) -> JointMatrixSequence:
    """Places the character of a person in a close-up.

    Args:
        person: with the motion that the character performs.
        camera: of the film.
        character: the character of the person.
        matrices: world_from_joint in every frame of the person.

    Returns:
        The matrices themselves if a foot of the person is ever seen; else matrices in the same poses, elsewhere.
    """
    head = character.humanoid.get("head")
    confidence = landmark_confidence(person.track)
    if head is None or are_feet_ever_seen(confidence, float(person.motion.fps)):
        return matrices
    shift = _find_shift(person, camera, np.where(confidence >= MIN_CONFIDENCE, confidence, 0.0))
    joints = kinematics.joint_positions(person.motion)
    return HeadAlignedMatrices(matrices, head, joints[:, humanoid.INDEX["head"]] + shift)


def _find_shift(person: Person, camera: Camera, confidence: FloatArray) -> FloatArray:
    """Returns the translations (T, 3) m, world, that bring a person onto the seen landmarks, smooth in time."""
    motion, poses = person.motion, camera.camera_from_world[person.track.frames]
    seen = (confidence[:, _LANDMARKS] > 0).sum(axis=1) >= MIN_LANDMARKS
    if not seen.any():
        return np.zeros_like(motion.root_position)
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(rotation.from_matrix(poses[:, :3, :3]), rotations[:, 0])
    points = np.nan_to_num(cameras.rays(camera.intrinsics, person.track.keypoints[..., :2])[..., :2])
    placed = fit_translation(motion.skeleton, rotations, points, confidence, _LANDMARKS)
    difference = placed - cameras.transform(poses, motion.root_position[:, None])[:, 0]
    smooth = robust_whittaker(difference, seen[:, None].astype(float), float(motion.fps), CUTOFF, np.asarray(OUTLIER))
    return np.asarray(np.einsum("tji,tj->ti", poses[:, :3, :3], smooth))
