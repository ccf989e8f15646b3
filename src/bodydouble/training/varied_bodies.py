"""Bodies with varied proportions: a baked body -> the same person with longer or shorter bones.

Source of the spread: Gordon et al., 2012 Anthropometric Survey of U.S. Army Personnel, 2014. At a given stature, the
lengths of arms and legs have a standard deviation of 3 to 5 %, breadths of shoulders and hips 5 to 7 %. The spread here
is larger, since the baked bodies are few and their joints are not those of other capture systems.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.motion.body.proportions import BONES, bone_of_joints
from bodydouble.skeletons import humanoid
from bodydouble.synthetic import bodies

GROUP_SIGMA = 0.05
"""Standard deviation of the logarithm of the length of both bones of arms, and likewise of legs."""
BONE_SIGMAS: Mapping[str, float] = {"trunk": 0.05, "head": 0.06, "shoulders": 0.07, "pelvis": 0.09, "foot": 0.06}
"""Standard deviation of the logarithm of a bone's length; 0.03 of bones that are not named."""
GROUPS = (("upper arm", "forearm"), ("thigh", "shank"))
"""Bones that are long or short together."""
_BONE_OF_JOINT = bone_of_joints()


def vary_proportions(body: bodies.Body, rng: np.random.Generator) -> bodies.Body:
    """Returns a body whose 22 joints and 33 landmarks have other proportions. Mesh and fingers stay as they are."""
    scales = sample_bone_scales(rng)
    own = np.where(_BONE_OF_JOINT >= 0, scales[_BONE_OF_JOINT], 1.0)
    joints = body.joints.copy()
    for joint, parent in enumerate(humanoid.PARENTS[1:], start=1):
        joints[joint] = joints[parent] + own[joint] * (body.joints[joint] - body.joints[parent])
    carriers, offsets = bodies.attach_landmarks(body)
    return replace(body, joints=joints, landmarks=joints[carriers] + own[carriers, None] * offsets)


def sample_bone_scales(rng: np.random.Generator) -> FloatArray:
    """Draws the factors (K,) of the lengths of ``proportions.BONES``."""
    logarithms = rng.normal(0, [BONE_SIGMAS.get(bone, 0.03) for bone in BONES])
    for group in GROUPS:
        logarithms[[BONES.index(bone) for bone in group]] += rng.normal(0, GROUP_SIGMA)
    return np.exp(logarithms)
