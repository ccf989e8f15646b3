"""Size of characters in the preview: joint matrices of a character of any size -> in the size and place of the person.

The files hold characters in their own size, whose paths are scaled to it. Seen by the camera of the video, they would
stand elsewhere than the people, and small ones would leave the picture.
"""

import numpy as np

from bodydouble.characters.rest_pose import character_height
from bodydouble.characters.retarget import JointMatrixSequence, path_scale
from bodydouble.data import Character, FloatArray, Motion
from bodydouble.motion.body.proportions import stature


class PersonSizedMatrices:
    """Sequence of joint matrices (Jc, 4, 4) of all frames, scaled about the floor and moved to the person's path."""

    def __init__(self, matrices: JointMatrixSequence, character: Character, motion: Motion) -> None:
        """Takes the matrices of a character that performs a motion, which is not a built-in one."""
        self._matrices = matrices
        self._scale = stature(motion.skeleton) / character_height(character)
        self._shifts = _path_shifts(motion, self._scale * path_scale(motion.skeleton, character))

    def __len__(self) -> int:
        return len(self._matrices)

    def __getitem__(self, frame: int) -> FloatArray:
        matrices = self._matrices[frame].copy()
        matrices[:, :3] *= self._scale
        matrices[:, :3, 3] += self._shifts[frame]
        return matrices


def _path_shifts(motion: Motion, scale: float) -> FloatArray:
    """Returns the translations (T, 3) m from a path that was scaled about the origin to the person's own.

    Vertically only what the hips are above their height in standing counts, so that feet on the floor stay there.
    """
    standing = motion.skeleton.rest_offsets[0, 1]
    path = motion.root_position.copy()
    path[:, 1] = np.maximum(path[:, 1] - standing, 0.0)
    return np.asarray(path * (1.0 - scale))
