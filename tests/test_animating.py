"""Characters in the pipeline."""

import numpy as np

from bodydouble.characters.load import BUILTIN, load_character
from bodydouble.geometry import kinematics
from bodydouble.pipeline import retarget_to_character
from tests import builders


def test_a_built_in_character_gets_the_proportions_of_the_person() -> None:
    motion = builders.smooth_motion(3)
    animated = retarget_to_character(motion, load_character("mannequin"))
    humanoid = [animated.character.humanoid[joint] for joint in motion.skeleton.joint_names]
    positions = kinematics.rest_positions(animated.character.skeleton)[humanoid]
    np.testing.assert_allclose(positions, kinematics.rest_positions(motion.skeleton), atol=1e-9)


def test_a_rig_from_a_file_keeps_its_proportions() -> None:
    rig = load_character(str(BUILTIN / "mannequin.glb"))
    animated = retarget_to_character(builders.smooth_motion(3), rig)
    np.testing.assert_array_equal(animated.character.skeleton.rest_offsets, rig.skeleton.rest_offsets)
