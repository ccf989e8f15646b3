"""Bodies of all proportions: bones as long as asked for, two equal sides, soles on the floor."""

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
ratios_of_bones = arrays(np.float64, len(BONES), elements=st.floats(0.6, 1.6))


def carried_by(*parts: str) -> list[int]:
    """Landmarks that are attached to these joints, of the left and of the right or of neither."""
    joints = [joint for joint in humanoid.JOINTS if joint.removeprefix("left").removeprefix("right") in parts]
    carriers, _ = body_landmarks.landmark_attachments(body_landmarks.template_skeleton())
    found = [number for number, carrier in enumerate(carriers) if humanoid.JOINTS[carrier] in joints]
    assert found
    return found


def offsets(ratios: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Offsets (33, 3) of landmarks on a body of these proportions, and on the template."""
    return body_landmarks.landmark_attachments(skeleton_from_bone_scales(ratios))[
        1
    ], body_landmarks.landmark_attachments(body_landmarks.template_skeleton())[1]


@given(ratios_of_bones)
def test_bones_are_as_long_as_asked_for(ratios: FloatArray) -> None:
    assert_same(
        bone_lengths(skeleton_from_bone_scales(ratios)),
        ratios * bone_lengths(body_landmarks.template_skeleton()),
        1e-12,
    )


def test_no_change_gives_the_template() -> None:
    assert_same(
        skeleton_from_bone_scales(np.ones(len(BONES))).rest_offsets,
        body_landmarks.template_skeleton().rest_offsets,
        1e-15,
    )


@given(ratios_of_bones)
def test_both_sides_are_equal(ratios: FloatArray) -> None:
    skeleton = skeleton_from_bone_scales(ratios)
    assert_same(skeleton.rest_offsets[list(humanoid.MIRROR)] * MIRROR, skeleton.rest_offsets, 1e-12)
    landmarks = body_landmarks.rest_landmarks(skeleton)
    assert_same(landmarks[list(blazepose.MIRROR)] * MIRROR, landmarks, 1e-12)


@given(ratios_of_bones)
def test_everybody_stands_on_the_floor(ratios: FloatArray) -> None:
    soles = body_landmarks.rest_landmarks(skeleton_from_bone_scales(ratios))[FEET, 1]
    assert_same(soles, body_landmarks.rest_landmarks(body_landmarks.template_skeleton())[FEET, 1], 1e-9)
    assert_same(soles, 0.0, 0.02)


@pytest.mark.parametrize("scale", [0.5, 0.9, 1.2])
def test_a_larger_person_is_larger_everywhere(scale: float) -> None:
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
def test_stature_grows_with_what_is_upright(bone: str, grows: bool) -> None:
    ratios = np.ones(len(BONES))
    ratios[BONES.index(bone)] = 1.2
    assert (stature(skeleton_from_bone_scales(ratios)) > adult_template.STATURE + 0.01) == grows
    assert stature(skeleton_from_bone_scales(ratios)) >= adult_template.STATURE - 1e-12


@given(ratios_of_bones)
def test_head_and_hands_are_as_large_as_their_bones(ratios: FloatArray) -> None:
    own, usual = offsets(ratios)
    for parts, bone in ((("head",), "head"), (("Hand",), "forearm")):
        there = carried_by(*parts)
        assert_same(own[there], ratios[BONES.index(bone)] * usual[there], 1e-12)


@given(ratios_of_bones)
def test_feet_are_as_long_as_their_bone_and_reach_the_floor(ratios: FloatArray) -> None:
    own, usual = offsets(ratios)
    assert_same(own[FEET][:, [0, 2]], ratios[BONES.index("foot")] * usual[FEET][:, [0, 2]], 1e-12)
    carriers, _ = body_landmarks.landmark_attachments(skeleton_from_bone_scales(ratios))
    heights = kinematics.rest_positions(skeleton_from_bone_scales(ratios))[carriers[FEET], 1]
    usual_heights = kinematics.rest_positions(body_landmarks.template_skeleton())[carriers[FEET], 1]
    assert_same(own[FEET][:, 1] / usual[FEET][:, 1], heights / usual_heights, 1e-9)


def test_weighted_quantile() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    assert [weighted_quantile(values, weights, share) for share in (0.1, 0.5, 0.9)] == [1.0, 2.0, 3.0]
    assert weighted_quantile(values, np.array([0.0, 0.0, 1.0]), 0.01) == 2.0
