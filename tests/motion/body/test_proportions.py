"""Laws of body proportions: bone lengths, left-right symmetry, soles on the floor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bodydouble.data import FloatArray
from bodydouble.geometry import kinematics
from bodydouble.motion.body import body_landmarks
from bodydouble.motion.body.proportions import (
    BONES,
    bone_lengths,
    scale_skeleton,
    skeleton_from_bone_scales,
    stature,
    weighted_quantile,
)
from bodydouble.skeletons import adult_template, blazepose, humanoid
from tests.builders import assert_same

MIRROR = np.array([-1.0, 1.0, 1.0])
FEET = [blazepose.INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("heel", "foot_index")]
random_bone_scales = arrays(np.float64, len(BONES), elements=st.floats(0.6, 1.6))


def carried_by(*parts: str) -> list[int]:
    """Returns the landmarks that are attached to joints, given without their side."""
    joints = [joint for joint in humanoid.JOINTS if joint.removeprefix("left").removeprefix("right") in parts]
    carriers, _ = body_landmarks.landmark_attachments(body_landmarks.template_skeleton())
    landmarks = [number for number, carrier in enumerate(carriers) if humanoid.JOINTS[carrier] in joints]
    assert landmarks
    return landmarks


def offsets(bone_scales: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns the offsets (33, 3) of landmarks on a body with bone scales, and on the template."""
    skeletons = (skeleton_from_bone_scales(bone_scales), body_landmarks.template_skeleton())
    scaled, template = (body_landmarks.landmark_attachments(skeleton)[1] for skeleton in skeletons)
    return scaled, template


@given(random_bone_scales)
def test_bone_lengths_are_scaled(bone_scales: FloatArray) -> None:
    assert_same(
        bone_lengths(skeleton_from_bone_scales(bone_scales)),
        bone_scales * bone_lengths(body_landmarks.template_skeleton()),
        1e-12,
    )


def test_bone_scales_of_1_give_the_template() -> None:
    assert_same(
        skeleton_from_bone_scales(np.ones(len(BONES))).rest_offsets,
        body_landmarks.template_skeleton().rest_offsets,
        1e-15,
    )


@given(random_bone_scales)
def test_skeleton_and_landmarks_are_mirror_symmetric(bone_scales: FloatArray) -> None:
    skeleton = skeleton_from_bone_scales(bone_scales)
    assert_same(skeleton.rest_offsets[list(humanoid.MIRROR)] * MIRROR, skeleton.rest_offsets, 1e-12)
    landmarks = body_landmarks.rest_landmarks(skeleton)
    assert_same(landmarks[list(blazepose.MIRROR)] * MIRROR, landmarks, 1e-12)


@given(random_bone_scales)
def test_soles_are_on_the_floor(bone_scales: FloatArray) -> None:
    soles = body_landmarks.rest_landmarks(skeleton_from_bone_scales(bone_scales))[FEET, 1]
    assert_same(soles, body_landmarks.rest_landmarks(body_landmarks.template_skeleton())[FEET, 1], 1e-9)
    assert_same(soles, 0.0, 0.02)


@pytest.mark.parametrize("scale", [0.5, 0.9, 1.2])
def test_scaling_a_skeleton_scales_bones_landmarks_and_stature(scale: float) -> None:
    skeleton = skeleton_from_bone_scales(np.linspace(0.8, 1.2, len(BONES)))
    larger = scale_skeleton(skeleton, scale)
    assert_same(bone_lengths(larger), scale * bone_lengths(skeleton), 1e-12)
    assert_same(body_landmarks.rest_landmarks(larger), scale * body_landmarks.rest_landmarks(skeleton), 1e-12)
    assert stature(larger) == pytest.approx(scale * stature(skeleton))


def test_stature_of_the_template() -> None:
    assert stature(body_landmarks.template_skeleton()) == pytest.approx(adult_template.STATURE)


@pytest.mark.parametrize(
    ("bone", "grows"),
    [("thigh", True), ("shank", True), ("trunk", True), ("head", True), ("upper arm", False), ("forearm", False),
     ("foot", False)],
)  # fmt: skip
def test_stature_grows_with_the_bones_of_the_upright_chain(bone: str, grows: bool) -> None:
    bone_scales = np.ones(len(BONES))
    bone_scales[BONES.index(bone)] = 1.2
    assert (stature(skeleton_from_bone_scales(bone_scales)) > adult_template.STATURE + 0.01) == grows
    assert stature(skeleton_from_bone_scales(bone_scales)) >= adult_template.STATURE - 1e-12


@given(random_bone_scales)
def test_head_and_hands_scale_with_their_bones(bone_scales: FloatArray) -> None:
    scaled, template = offsets(bone_scales)
    for parts, bone in ((("head",), "head"), (("Hand",), "forearm")):
        rows = carried_by(*parts)
        assert_same(scaled[rows], bone_scales[BONES.index(bone)] * template[rows], 1e-12)


@given(random_bone_scales)
def test_feet_scale_with_their_bone_and_reach_the_floor(bone_scales: FloatArray) -> None:
    scaled, template = offsets(bone_scales)
    assert_same(scaled[FEET][:, [0, 2]], bone_scales[BONES.index("foot")] * template[FEET][:, [0, 2]], 1e-12)
    carriers, _ = body_landmarks.landmark_attachments(skeleton_from_bone_scales(bone_scales))
    heights = kinematics.rest_positions(skeleton_from_bone_scales(bone_scales))[carriers[FEET], 1]
    template_heights = kinematics.rest_positions(body_landmarks.template_skeleton())[carriers[FEET], 1]
    assert_same(scaled[FEET][:, 1] / template[FEET][:, 1], heights / template_heights, 1e-9)


def test_weighted_quantile() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    assert [weighted_quantile(values, weights, fraction) for fraction in (0.1, 0.5, 0.9)] == [1.0, 2.0, 3.0]
    assert weighted_quantile(values, np.array([0.0, 0.0, 1.0]), 0.01) == 2.0
