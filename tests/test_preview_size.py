"""Size of characters in the preview."""

import numpy as np
import pytest

from bodydouble.characters.rest_pose import character_height
from bodydouble.characters.retarget import JointMatrixSequence, retarget
from bodydouble.motion.body.proportions import scale_skeleton, stature
from bodydouble.pipeline.preview_size import PersonSizedMatrices
from tests import builders
from tests.characters.shaped_characters import ADULT, adult_mannequin

MOTION = builders.smooth_motion(8, skeleton=ADULT)


@pytest.mark.parametrize("size", [0.5, 1.0, 1.6])
def test_characters_of_any_size_have_the_size_and_the_path_of_the_person(size: float) -> None:
    skeleton = scale_skeleton(ADULT, size)
    motion = builders.smooth_motion(8, skeleton=skeleton)
    character = adult_mannequin()
    matrices = PersonSizedMatrices(JointMatrixSequence(character, *retarget(motion, character)), character, motion)
    hips = np.stack([matrices[row][character.humanoid["hips"], :3, 3] for row in range(len(matrices))])
    ratio = stature(skeleton) / character_height(character)
    np.testing.assert_allclose(hips[:, [0, 2]], motion.root_position[:, [0, 2]], atol=0.02)
    assert np.linalg.norm(matrices[0][0, :3, 0]) == pytest.approx(ratio)


def test_feet_on_the_floor_stay_there() -> None:
    character = adult_mannequin()
    plain = JointMatrixSequence(character, *retarget(MOTION, character))
    sized = PersonSizedMatrices(plain, character, MOTION)
    low = np.flatnonzero(MOTION.root_position[:, 1] <= ADULT.rest_offsets[0, 1])
    assert len(low)
    for row in low.tolist():
        scale = np.linalg.norm(sized[row][0, :3, 0])
        np.testing.assert_allclose(sized[row][:, 1, 3], scale * plain[row][:, 1, 3])
