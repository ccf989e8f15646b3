"""Laws of keyframes and contacts by hand: they hold, are local, and bend limbs as people do."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import Camera, FloatArray, Motion, Performance, Person
from bodydouble.data.corrections import ContactEdit, Correction, Keyframe
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera, rotation
from bodydouble.motion.corrections.apply import apply_corrections
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.skeletons.joint_limits import HINGE_AXES
from tests.motion.corrections.takes import FRAMES, MIRROR, assert_same_person, joints, movement, true_take

FRAME = 40
FALLOFF_FRAMES = 15
MM = 1e-3
CASES: dict[str, tuple[float, float, float]] = {
    "leftHand": (0.0, 0.15, 0.15),
    "rightHand": (0.1, -0.1, 0.1),
    "leftLowerArm": (0.03, 0.05, 0.05),
    "leftFoot": (0.1, 0.15, 0.1),
    "rightFoot": (-0.1, 0.0, 0.05),
    "leftLowerLeg": (0.08, 0.0, 0.0),
    "hips": (0.03, -0.1, 0.0),
    "head": (0.08, -0.03, 0.05),
    "chest": (0.02, 0.0, 0.03),
}
"""Joint -> the vector in m by which it is dragged; the right foot rests."""


def drag(
    take: Performance,
    joint: str,
    vector: tuple[float, float, float],
    person: str = "person1",
    frame: int = FRAME,
    falloff: float = 0.5,
) -> Keyframe:
    index = [p.name for p in take.people].index(person)
    x, y, z = joints(take, index)[frame, humanoid.INDEX[joint]] + np.array(vector)
    return Keyframe(person, joint, frame, position=(float(x), float(y), float(z)), falloff=falloff)


@pytest.fixture(scope="module")
def take() -> Performance:
    return true_take()


@pytest.mark.parametrize("joint", CASES)
def test_joint_reaches_its_keyframe_and_frames_beyond_the_falloff_stay(take: Performance, joint: str) -> None:
    key = drag(take, joint, CASES[joint])
    corrected = apply_corrections(take, [key])
    miss = joints(corrected)[FRAME, humanoid.INDEX[joint]] - np.array(key.position)
    assert np.linalg.norm(miss) < 0.5 * MM
    if joint != "rightFoot":
        far = np.abs(np.arange(FRAMES) - FRAME) > FALLOFF_FRAMES
        np.testing.assert_array_equal(movement(take, corrected)[far], 0.0)
    assert_same_person(corrected.people[1], take.people[1])


@pytest.mark.parametrize("joint", CASES)
def test_keyframe_where_the_joint_is_changes_nothing(take: Performance, joint: str) -> None:
    corrected = apply_corrections(take, [drag(take, joint, (0.0, 0.0, 0.0))])
    assert movement(take, corrected).max() < 0.001 * MM


@pytest.mark.parametrize("joint", CASES)
def test_limbs_bend_as_people_do(take: Performance, joint: str) -> None:
    corrected = apply_corrections(take, [drag(take, joint, CASES[joint])])
    for name, (_, axis) in HINGE_AXES.items():
        before, after = (
            rotation.to_rotvec(t.people[0].motion.rotations[:, humanoid.INDEX[name]]) for t in (take, corrected)
        )
        flexion = after @ np.array(axis)
        assert (flexion > np.minimum(before @ np.array(axis), 0.0) - np.radians(3)).all()
        sideways = np.linalg.norm(after - flexion[:, None] * np.array(axis), axis=-1)
        assert sideways.max() < np.radians(15)


@pytest.mark.parametrize("joint", [joint for joint in CASES if joint != "rightFoot"])
def test_resting_foot_stays_when_other_joints_are_dragged(take: Performance, joint: str) -> None:
    corrected = apply_corrections(take, [drag(take, joint, CASES[joint])])
    moved = soles(corrected)[:, 2:] - soles(take)[:, 2:]
    assert np.linalg.norm(moved, axis=-1).max() < 1 * MM


def test_dragged_foot_takes_its_whole_contact_along(take: Performance) -> None:
    vector = (-0.1, 0.0, 0.05)
    corrected = apply_corrections(take, [drag(take, "rightFoot", vector)])
    moved = soles(corrected)[:, 2:] - soles(take)[:, 2:]
    np.testing.assert_allclose(moved, np.broadcast_to(vector, moved.shape), atol=2 * MM)


def test_keyframe_of_a_hand_leaves_the_rest_of_the_body(take: Performance) -> None:
    corrected = apply_corrections(take, [drag(take, "leftHand", CASES["leftHand"])])
    moved = np.linalg.norm(joints(corrected) - joints(take), axis=-1)[FRAME]
    for joint in ("hips", "leftFoot", "rightFoot", "rightHand"):
        assert moved[humanoid.INDEX[joint]] < 15 * MM


def test_effect_of_a_keyframe_has_no_jumps(take: Performance) -> None:
    vector = np.array(CASES["leftHand"])
    corrected = apply_corrections(take, [drag(take, "leftHand", CASES["leftHand"])])
    change = (joints(corrected) - joints(take))[:, humanoid.INDEX["leftHand"]]
    steps = np.linalg.norm(np.diff(change, axis=0), axis=-1)
    assert steps.max() < 3 * np.linalg.norm(vector) / FALLOFF_FRAMES
    assert np.linalg.norm(np.diff(change, 2, axis=0), axis=-1).max() < 0.1 * np.linalg.norm(vector)


def test_keyframe_in_pixels_keeps_the_depth(take: Performance) -> None:
    pixel = (500.0, 300.0)
    corrected = apply_corrections(take, [Keyframe("person1", "leftHand", FRAME, pixel=pixel)])
    before, after = (
        camera.transform(take.camera.camera_from_world[FRAME], joints(t)[FRAME, [humanoid.INDEX["leftHand"]]])
        for t in (take, corrected)
    )
    np.testing.assert_allclose(camera.project(take.camera.intrinsics, after)[0], pixel, atol=0.2)
    np.testing.assert_allclose(after[0, 2], before[0, 2], atol=1 * MM)


def test_all_of_several_keyframes_are_reached(take: Performance) -> None:
    keys = [drag(take, joint, CASES[joint]) for joint in ("leftHand", "hips", "leftFoot")]
    keys += [drag(take, "head", (0.03, -0.11, 0.05)), drag(take, "rightHand", (0.0, -0.2, 0.1))]
    later = drag(take, "leftHand", (0.05, 0.1, 0.15), frame=FRAME + 4)
    corrected = apply_corrections(take, [*keys, later])
    for key in (*keys, later):
        miss = joints(corrected)[key.frame, humanoid.INDEX[key.joint]] - np.array(key.position)
        assert np.linalg.norm(miss) < 5 * MM


def test_arm_is_left_alone_within_the_falloff_of_the_other_one(take: Performance) -> None:
    left = drag(take, "leftHand", CASES["leftHand"], falloff=0.3)
    right = drag(take, "rightHand", CASES["rightHand"], frame=FRAME + 20)
    both, alone = apply_corrections(take, [left, right]), apply_corrections(take, [right])
    change = np.linalg.norm((joints(both) - joints(alone))[:, humanoid.INDEX["leftHand"]], axis=-1)
    assert change[FRAME + 14 :].max() < 0.05 * change.max()


def test_later_keyframe_of_the_same_joint_and_frame_prevails(take: Performance) -> None:
    first, second = (drag(take, "leftHand", vector) for vector in ((0.1, 0.1, 0.1), (0.0, 0.2, 0.1)))
    corrected, alone = apply_corrections(take, [first, second]), apply_corrections(take, [second])
    assert_same_person(corrected.people[0], alone.people[0])


def test_keyframe_out_of_reach_is_refused(take: Performance) -> None:
    key = Keyframe("person1", "leftHand", FRAME, position=(0.0, 9.0, 0.0))
    with pytest.raises(InvalidDataError, match=r"correction 1: leftHand of person1 cannot be brought to .* frame 40"):
        apply_corrections(take, [key])


@pytest.mark.parametrize("part", ["foot", "heel", "toes"])
def test_sole_does_not_slide_in_an_added_contact(take: Performance, part: str) -> None:
    edit = ContactEdit("person1", "left", 0, 5, part=part)
    corrected = apply_corrections(take, [edit])
    columns = {"foot": [0, 1], "heel": [0], "toes": [1]}[part]
    resting = soles(corrected)[:6, columns]
    assert np.linalg.norm(np.diff(resting, axis=0), axis=-1).max() < 0.2 * MM
    assert np.abs(resting[..., 1]).max() < 0.5 * MM
    assert (corrected.people[0].motion.contacts[:6, columns] == 1).all()
    assert movement(take, corrected)[20:].max() == 0
    assert np.linalg.norm((soles(corrected) - soles(take))[:, 2:], axis=-1).max() < 1 * MM


def test_added_contact_continues_the_one_before(take: Performance) -> None:
    person = take.people[0]
    contacts = person.motion.contacts.copy()
    contacts[FRAME:, 2:] = 0.0
    rotations = person.motion.rotations.copy()
    shin = humanoid.INDEX["rightLowerLeg"]
    rotations[FRAME:, shin] = rotation.from_rotvec(np.linspace(0, 0.2, FRAMES - FRAME)[:, None] * [1.0, 0.0, 0.0])
    changed = with_motion(take, replace(person.motion, contacts=contacts, rotations=rotations))
    corrected = apply_corrections(changed, [ContactEdit("person1", "right", FRAME, FRAME + 20)])
    resting = soles(corrected)[FRAME - 10 : FRAME + 21, 2:]
    assert np.linalg.norm(resting - resting[0], axis=-1).max() < 0.5 * MM
    assert movement(changed, corrected)[: FRAME - FALLOFF_FRAMES].max() == 0


def test_contact_of_a_foot_that_is_elsewhere_is_refused(take: Performance) -> None:
    moving = take.people[0].motion
    path = moving.root_position + np.linspace(0, 9, FRAMES)[:, None] * [0.0, 0.0, 1.0]
    walking = with_motion(take, replace(moving, root_position=path, contacts=np.zeros((FRAMES, 4))))
    with pytest.raises(InvalidDataError, match="cannot rest in all of the added contact"):
        apply_corrections(walking, [ContactEdit("person1", "left", 10, 80)])


def test_corrections_of_two_people_commute(take: Performance) -> None:
    first, second = (
        drag(take, "leftHand", (0.0, 0.2, 0.1), person="person1"),
        drag(take, "hips", (0.0, -0.1, 0.0), person="person2"),
    )
    one, other = apply_corrections(take, [first, second]), apply_corrections(take, [second, first])
    for a, b in zip(one.people, other.people, strict=True):
        assert_same_person(a, b)


@pytest.mark.parametrize("joint", ["leftHand", "rightFoot", "leftLowerLeg", "hips", "head"])
def test_mirrored_take_and_correction_give_the_mirrored_result(take: Performance, joint: str) -> None:
    key, edit = drag(take, joint, CASES[joint]), ContactEdit("person1", "left", 0, 5)
    assert key.position is not None
    x, y, z = key.position
    mirrored_key = Keyframe("person1", humanoid.mirrored_name(joint), FRAME, position=(-x, y, z))
    mirrored_edit = replace(edit, side="right")
    corrected = apply_corrections(take, [key, edit])
    mirrored = apply_corrections(mirror_take(take), [mirrored_key, mirrored_edit])
    expected = joints(corrected)[:, list(humanoid.MIRROR)] * MIRROR
    np.testing.assert_allclose(joints(mirrored), expected, atol=0.5 * MM)


def test_undo_gives_the_former_result(take: Performance) -> None:
    corrections: list[Correction] = [
        ContactEdit("person1", "left", 0, 5),
        drag(take, "leftHand", (0.0, 0.2, 0.1)),
        drag(take, "hips", (0.0, -0.1, 0.0)),
    ]
    former = apply_corrections(take, corrections[:2])
    apply_corrections(take, corrections)
    again = apply_corrections(take, corrections[:-1])
    assert_same_person(again.people[0], former.people[0])
    assert again.corrections == former.corrections == tuple(corrections[:2])


def soles(take: Performance) -> FloatArray:
    motion = take.people[0].motion
    return sole_positions(motion.skeleton, motion.rotations, motion.root_position)


def with_motion(take: Performance, motion: Motion) -> Performance:
    return replace(take, people=(replace(take.people[0], motion=motion), *take.people[1:]))


def mirror_take(take: Performance) -> Performance:
    """The take in a mirror: x of the world and of the image are negated, left and right exchanged."""
    poses = take.camera.camera_from_world.copy()
    poses[:, 0] *= -1
    poses[..., 0] *= -1
    width = take.camera.image_size[0]
    return replace(
        take,
        camera=Camera(take.camera.image_size, take.camera.intrinsics, poses),
        people=tuple(_mirror_person(person, width) for person in take.people),
    )


def _mirror_person(person: Person, width: int) -> Person:
    motion, order, points = person.motion, list(humanoid.MIRROR), list(blazepose.MIRROR)
    track = person.track
    return replace(
        person,
        track=replace(
            track,
            keypoints=track.keypoints[:, points] * MIRROR + [width, 0.0, 0.0],
            landmarks_3d=track.landmarks_3d[:, points] * MIRROR,
        ),
        motion=replace(
            motion,
            rotations=motion.rotations[:, order] * [1.0, -1.0, -1.0, 1.0],
            root_position=motion.root_position * MIRROR,
            contacts=motion.contacts[:, [2, 3, 0, 1]],
        ),
    )
