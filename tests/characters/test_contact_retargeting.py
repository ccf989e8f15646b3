"""Feet stay planted and hands keep their contacts on characters of other proportions."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.characters.body_fitting import fit_character
from bodydouble.characters.foot_planting import plant_feet
from bodydouble.characters.hand_contacts import keep_hand_contacts
from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import retarget
from bodydouble.characters.soles import find_sole_points
from bodydouble.data import Character, FloatArray, Motion, Skeleton
from bodydouble.evaluation.metrics.floor import foot_slide_mm, penetration_mm
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.two_bone_ik import MAX_REACH, solve_towards, solve_two_bones
from bodydouble.pipeline.animated_characters import retarget_to_character
from bodydouble.pipeline.foot_quality import measure_feet
from bodydouble.skeletons import adult_template, humanoid
from tests import builders

ADULT = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))
FPS = Fraction(30)


def with_limb_ratios(legs: float, arms: float) -> Skeleton:
    """The adult template with other lengths of legs and arms, its soles still on the floor."""
    offsets = np.array(ADULT.rest_offsets)
    for side in ("left", "right"):
        for bones, ratio in ((("LowerLeg", "Foot"), legs), (("LowerArm", "Hand"), arms)):
            for bone in bones:
                offsets[humanoid.INDEX[side + bone]] *= ratio
    grown = offsets - ADULT.rest_offsets
    offsets[0, 1] -= grown[humanoid.INDEX["leftLowerLeg"], 1] + grown[humanoid.INDEX["leftFoot"], 1]
    return replace(ADULT, rest_offsets=offsets)


def character_with(legs: float = 1.0, arms: float = 1.0) -> Character:
    return replace(fit_character(load_character("mannequin"), with_limb_ratios(legs, arms)), is_builtin=False)


def stepping_motion(frames: int = 90) -> Motion:
    """A walk made in code: the feet rest in turn, exactly, and the hips move on.

    The hips travel at 1 m/s. Each resting foot is held by the legs' inverse kinematics on the adult template.
    """
    time = np.arange(frames) / 30
    joints = len(humanoid.JOINTS)
    rotations = np.tile(rotation.IDENTITY, (frames, joints, 1))
    for side, phase in (("left", 0.0), ("right", np.pi)):
        swing = 0.4 * np.sin(2 * np.pi * time + phase)
        rotations[:, humanoid.INDEX[side + "UpperLeg"]] = rotation.from_rotvec(np.outer(swing, [1.0, 0.0, 0.0]))
        bend = 0.3 + 0.3 * np.cos(2 * np.pi * time + phase)
        rotations[:, humanoid.INDEX[side + "LowerLeg"]] = rotation.from_rotvec(np.outer(bend, [1.0, 0.0, 0.0]))
    root = ADULT.rest_offsets[0] + np.outer(time, [0.0, 0.0, 1.0]) - [0.0, 0.03, 0.0]
    contacts = np.zeros((frames, 4))
    rests = np.sin(2 * np.pi * time + np.pi / 2) > 0
    contacts[:, :2], contacts[:, 2:] = rests[:, None], ~rests[:, None]
    return Motion(ADULT, FPS, rotations, root, contacts, np.full((frames, joints), 0.01))


def sole_positions(character: Character, rotations: FloatArray, hips: FloatArray) -> FloatArray:
    soles = find_sole_points(character)
    assert soles is not None
    positions, world = kinematics.forward_kinematics(character.skeleton, rotations, hips, character.humanoid["hips"])
    return soles.positions(positions, world)


@pytest.mark.parametrize("legs", [0.5, 0.7, 1.0, 1.4, 2.0])
def test_planted_feet_do_not_slide_or_sink(legs: float) -> None:
    motion, character = stepping_motion(), character_with(legs=legs)
    rotations, hips = retarget(motion, character)
    before = sole_positions(character, rotations, hips)
    planted, planted_hips = plant_feet(character, rotations, hips, motion.contacts, float(FPS))
    after = sole_positions(character, planted, planted_hips)
    slide = foot_slide_mm(after, motion.contacts, float(FPS))
    assert np.nanmean(foot_slide_mm(before, motion.contacts, float(FPS))) > 20.0
    assert np.nanmean(slide) < 2.0
    assert penetration_mm(after).mean() < 0.5


def test_bone_lengths_do_not_change() -> None:
    motion, character = stepping_motion(), character_with(legs=1.4)
    rotations, hips = retarget(motion, character)
    planted, planted_hips = plant_feet(character, rotations, hips, motion.contacts, float(FPS))
    np.testing.assert_allclose(np.linalg.norm(planted, axis=-1), 1.0, atol=1e-9)
    untouched = [j for name, j in character.humanoid.items() if "Leg" not in name and "Foot" not in name]
    builders.assert_same(planted[:, untouched], rotations[:, untouched], 1e-9)
    builders.assert_same(planted_hips[:, [0, 2]], hips[:, [0, 2]], 0.0)


def test_motion_without_contacts_is_unchanged() -> None:
    motion, character = stepping_motion(), character_with(legs=0.7)
    rotations, hips = retarget(motion, character)
    for contacts in (np.zeros((90, 4)), np.full((90, 4), np.nan)):
        planted, planted_hips = plant_feet(character, rotations, hips, contacts, float(FPS))
        assert planted is rotations
        assert planted_hips is hips


def test_planting_is_mirror_symmetric() -> None:
    motion, character = stepping_motion(), character_with(legs=0.7)
    mirrored = replace(
        motion,
        rotations=motion.rotations[:, humanoid.MIRROR] * [1.0, -1.0, -1.0, 1.0],
        root_position=motion.root_position * [-1.0, 1.0, 1.0],
        contacts=motion.contacts[:, [2, 3, 0, 1]],
    )
    soles = [
        sole_positions(character, *plant_feet(character, *retarget(m, character), m.contacts, float(FPS)))
        for m in (motion, mirrored)
    ]
    builders.assert_same(soles[1][:, [2, 3, 0, 1]] * [-1.0, 1.0, 1.0], soles[0], 1e-6)


def folded_hands(frames: int = 45) -> Motion:
    """A standing person whose hands come together before the chest, stay and part again."""
    motion = stepping_motion(frames)
    fold = np.clip(np.minimum(np.arange(frames), np.arange(frames)[::-1]) / 12, 0.0, 1.0)
    rotations = np.tile(rotation.IDENTITY, (frames, len(humanoid.JOINTS), 1))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        down = rotation.from_rotvec(np.array([0.0, 0.0, -1.0 * sign]))
        forward = rotation.from_rotvec(fold[:, None] * np.array([-0.6, 0.0, 0.0]))
        inwards = rotation.from_rotvec(fold[:, None] * np.array([0.0, -0.8 * sign, 0.0]))
        upper_arm = rotation.multiply(inwards, rotation.multiply(forward, down))
        rotations[:, humanoid.INDEX[side + "UpperArm"]] = upper_arm
        bend = rotation.from_rotvec(fold[:, None] * np.array([0.0, -1.4 * sign, 0.0]))
        rotations[:, humanoid.INDEX[side + "LowerArm"]] = bend
    root = np.tile(ADULT.rest_offsets[0], (frames, 1))
    return replace(motion, rotations=rotations, root_position=root)


def palm_distance(character: Character, rotations: FloatArray, hips: FloatArray) -> FloatArray:
    positions, _ = kinematics.forward_kinematics(character.skeleton, rotations, hips, character.humanoid["hips"])
    hands = [positions[:, character.humanoid[side + "Hand"]] for side in ("left", "right")]
    elbows = [positions[:, character.humanoid[side + "LowerArm"]] for side in ("left", "right")]
    palms = [hand + 0.33 * (hand - elbow) for hand, elbow in zip(hands, elbows, strict=True)]
    return np.asarray(np.linalg.norm(palms[0] - palms[1], axis=-1))


@pytest.mark.parametrize("arms", [0.8, 1.0, 1.4])
def test_hands_that_meet_still_meet(arms: float) -> None:
    motion, character = folded_hands(), character_with(arms=arms)
    source = palm_distance(character_with(), *retarget(motion, character_with()))
    together = source < 0.06
    assert together.sum() >= 10
    rotations, hips = retarget(motion, character)
    kept = palm_distance(character, keep_hand_contacts(motion, character, rotations, hips), hips)
    apart = palm_distance(character, rotations, hips)[together].max()
    assert kept[together].max() < max(0.3 * apart, 0.02)


def test_hands_meet_on_a_character_without_a_neck() -> None:
    motion, character = folded_hands(), character_with(arms=1.4)
    character = replace(character, humanoid={b: j for b, j in character.humanoid.items() if b != "neck"})
    rotations, hips = retarget(motion, character)
    kept = palm_distance(character, keep_hand_contacts(motion, character, rotations, hips), hips)
    together = palm_distance(character_with(), *retarget(motion, character_with())) < 0.06
    assert kept[together].max() < 0.3 * palm_distance(character, rotations, hips)[together].max()


def test_free_hands_are_unchanged() -> None:
    motion, character = stepping_motion(), character_with(arms=1.4)
    rotations, hips = retarget(motion, character)
    builders.assert_same(keep_hand_contacts(motion, character, rotations, hips), rotations, 1e-9)


def test_two_bones_reach_the_target_or_stretch_towards_it() -> None:
    rng = np.random.default_rng(0)
    start, middle, end = (rng.normal(size=(200, 3)) for _ in range(3))
    upper, lower = np.linalg.norm(middle - start, axis=-1), np.linalg.norm(end - middle, axis=-1)
    target = start + rng.normal(size=(200, 3)) * 2
    turns = solve_two_bones(start, middle, end, target, rng.normal(size=(200, 3)))
    new_middle = start + rotation.rotate(turns[0], middle - start)
    new_end = new_middle + rotation.rotate(turns[1], end - middle)
    distance = np.linalg.norm(target - start, axis=-1)
    within = (distance < MAX_REACH * (upper + lower)) & (distance > np.abs(upper - lower))
    assert 50 < within.sum() < 200
    builders.assert_same(new_end[within], target[within], 1e-5)
    reached = np.linalg.norm(new_end - start, axis=-1)
    builders.assert_same(reached, np.clip(distance, np.abs(upper - lower), MAX_REACH * (upper + lower)), 1e-5)


def test_a_limb_bends_towards_the_hint_and_reaches_its_target() -> None:
    rng = np.random.default_rng(2)
    start, middle, end, hint = (rng.normal(size=(200, 3)) for _ in range(4))
    upper, lower = np.linalg.norm(middle - start, axis=-1), np.linalg.norm(end - middle, axis=-1)
    distance = np.abs(upper - lower) + rng.uniform(0.1, 0.9, 200) * (
        MAX_REACH * (upper + lower) - np.abs(upper - lower)
    )
    direction = rotation.normalize(rng.normal(size=(200, 3)))
    target = start + distance[:, None] * direction
    turns = solve_towards(start, middle, end, target, hint)
    new_middle = start + rotation.rotate(turns[0], middle - start)
    builders.assert_same(new_middle + rotation.rotate(turns[1], end - middle), target, 1e-9)
    normal = np.cross(direction, hint - start)
    builders.assert_same(np.sum(normal * (new_middle - start), axis=1), np.zeros(200), 1e-9)
    assert np.all(np.sum(np.cross(direction, new_middle - start) * normal, axis=1) > 0)


def test_sole_points_are_those_of_the_shoe_at_rest() -> None:
    character = load_character("mannequin")
    bind = kinematics.bind_matrices(character)
    soles = find_sole_points(character)
    assert soles is not None
    points = soles.positions(bind[None, :, :3, 3], character.rest_rotations[None])[0]
    builders.assert_same(points[:, 1], np.zeros(4), 0.006)
    assert np.all(points[[0, 2], 2] < bind[character.humanoid["leftFoot"], 2, 3])
    assert np.all(points[[1, 3], 2] > bind[character.humanoid["leftToes"], 2, 3])
    assert find_sole_points(replace(character, humanoid={"hips": 0})) is None


def test_feet_are_measured_before_and_after() -> None:
    motion = stepping_motion()
    measured = measure_feet(motion, retarget_to_character(motion, character_with(legs=0.6)))
    assert measured is not None
    before, after = measured
    assert after.slide_mm < 2.0 < before.slide_mm
    assert after.penetration_mm <= before.penetration_mm
