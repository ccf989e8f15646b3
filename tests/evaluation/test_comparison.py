import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from bodydouble.data import Motion, Performance, Skeleton
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.comparison import Comparison, combine, compare, compare_recordings
from bodydouble.evaluation.evaluation_clip import recording
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.metrics.pose import HIPS, LIMB_JOINTS
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import assert_same
from tests.evaluation import scenes


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in values.items():
        result |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return result


def _noisy(performance: Performance, angle: float, seed: int = 0) -> Performance:
    """The performance with sways of every joint of about the angle (rad)."""
    rng = np.random.default_rng(seed)
    people = []
    for person in performance.people:
        sway = rotation.from_rotvec(builders.wave(rng, len(person.motion.rotations), (22, 3), angle))
        motion = replace(person.motion, rotations=rotation.multiply(person.motion.rotations, sway))
        people.append(replace(person, motion=motion))
    return scenes.of(performance, *people)


def _assert_same_figures(a: Comparison, b: Comparison, tolerance: float) -> None:
    first, second = (
        {key: value for key, value in _flat(c.as_dict()).items() if isinstance(value, float | int | None)}
        for c in (a, b)
    )
    assert first.keys() == second.keys()
    for key, value in first.items():
        assert second[key] == (value if value is None else pytest.approx(value, abs=tolerance)), key


def test_the_truth_has_no_errors() -> None:
    truth = scenes.truth()
    found = compare(truth, truth)
    assert found.coverage == 1.0
    assert found.person_frames == Counts(80, 0, 0)
    assert found.joints == Counts(80 * 12, 0, 0)
    assert found.contacts.f1 == found.identities.hota.hota == found.identities.frames.f1 == 1.0
    assert (found.picture.pck, found.picture.oks_ap) == (1.0, 1.0)
    errors = {**_flat(found.as_dict()["pose"]), **_flat(found.as_dict()["world"])}
    for key, value in errors.items():
        if key.startswith("pck3d"):
            assert value == pytest.approx(1.0)
        elif key not in ("hidden_mpjpe_mm", "root_translation_error_percent"):
            assert value == pytest.approx(0.0, abs=1e-8), key
    assert found.motion.jitter_10m_s3 == found.motion.true_jitter_10m_s3 > 0
    assert found.motion.foot_slide_mm == found.motion.true_foot_slide_mm > 0


def test_the_mean_joint_error_is_that_of_a_plain_loop() -> None:
    truth = scenes.truth(12, people=1)
    predicted = _noisy(truth, 0.3)
    total = []
    for frame in range(12):
        poses = []
        for performance in (predicted, truth):
            motion = performance.people[0].motion
            joints = kinematics.joint_positions(motion)[frame]
            view = performance.camera.camera_from_world[frame]
            seen = [view[:3, :3] @ joint + view[:3, 3] for joint in joints]
            middle = (seen[HIPS[0]] + seen[HIPS[1]]) / 2
            poses.append([joint - middle for joint in seen])
        total.append([1000 * np.linalg.norm(a - b) for a, b in zip(*poses, strict=True)])
    found = compare(predicted, truth)
    assert found.pose.mpjpe_mm == pytest.approx(np.mean(total))
    assert found.pose.mpjpe_limbs_mm == pytest.approx(np.mean(np.array(total)[:, list(LIMB_JOINTS)]))
    assert_same(found.people[0].error_mm, np.mean(total, axis=1), 1e-9)
    assert found.pose.joints_mm["leftHand"] == pytest.approx(np.mean(total, axis=0)[humanoid.INDEX["leftHand"]])
    assert found.pose.pa_mpjpe_mm < found.pose.mpjpe_mm


def test_standing_elsewhere_is_no_error_of_pose() -> None:
    truth = scenes.truth()
    predicted = scenes.of(truth, *(scenes.moved(person, (0.05, 0.1, -0.3)) for person in truth.people))
    found = compare(predicted, truth)
    assert found.pose.mpjpe_mm == pytest.approx(0.0, abs=1e-8)
    assert found.world.wa_mpjpe_mm == pytest.approx(0.0, abs=1e-8)
    assert found.motion.floating_mm > compare(truth, truth).motion.floating_mm + 50


def test_a_turned_world_changes_no_error_of_pose_and_path() -> None:
    """Both the people and the camera are turned: relative to the camera nothing moves."""
    truth = scenes.truth()
    predicted = _noisy(truth, 0.2)
    turn = rotation.from_rotvec(np.array([0.0, 1.0, 0.0]))
    people = []
    for person in predicted.people:
        rotations = person.motion.rotations.copy()
        rotations[:, 0] = rotation.multiply(turn, rotations[:, 0])
        motion = replace(
            person.motion, rotations=rotations, root_position=rotation.rotate(turn, person.motion.root_position)
        )
        people.append(replace(person, motion=motion))
    back = np.eye(4)
    back[:3, :3] = rotation.to_matrix(turn).T
    camera = replace(truth.camera, camera_from_world=truth.camera.camera_from_world @ back)
    _assert_same_figures(
        compare(replace(predicted, camera=camera, people=tuple(people)), truth), compare(predicted, truth), 1e-6
    )


def test_order_and_names_of_predicted_people_do_not_matter() -> None:
    truth = scenes.truth(people=3)
    predicted = _noisy(truth, 0.2)
    shuffled = scenes.of(predicted, *(scenes.renamed(predicted.people[n], f"p{n}") for n in (2, 0, 1)))
    _assert_same_figures(compare(shuffled, truth), compare(predicted, truth), 1e-9)


def test_missing_frames_count_against_coverage_and_recall() -> None:
    truth = scenes.truth(40, people=2)
    predicted = scenes.of(truth, scenes.without_frames(truth.people[0], 10, 40), truth.people[1])
    found = compare(predicted, truth)
    assert found.person_frames == Counts(70, 0, 10)
    assert found.coverage == 70 / 80
    assert found.joints == Counts(70 * 12, 0, 10 * 12)
    assert found.pose.mpjpe_mm == pytest.approx(0.0, abs=1e-8)
    assert found.identities.frames == Counts(70, 0, 10)
    assert found.picture.pck == 70 / 80


def test_missed_and_invented_people_are_named_and_counted() -> None:
    truth = scenes.truth(20, people=2)
    ghost = scenes.renamed(scenes.moved(truth.people[0], (-4.0, 0.0, 0.0)), "ghost")
    found = compare(scenes.of(truth, ghost, truth.people[1]), truth)
    assert (found.missed, found.extra) == (("true1",), ("ghost",))
    assert found.person_frames == Counts(20, 20, 20)
    assert found.joints == Counts(240, 240, 240)


def test_a_split_track_is_one_person_and_one_too_many() -> None:
    truth = scenes.truth(40, people=1)
    person = truth.people[0]
    later = scenes.renamed(scenes.without_frames(person, 25, 40), "later")
    found = compare(scenes.of(truth, scenes.without_frames(person, 0, 25), later), truth)
    assert found.person_frames == Counts(25, 15, 15)
    assert found.identities.switches == 1
    assert found.identities.frames.f1 == 25 / 40


def test_hidden_frames_are_measured_apart() -> None:
    truth = scenes.truth(40, people=1)
    unseen = scenes.of(truth, scenes.hidden(truth.people[0], 10, 20))
    predicted = _noisy(truth, 0.3)
    found, whole = compare(predicted, unseen), compare(predicted, truth)
    assert found.person_frames == Counts(30, 0, 0)
    assert found.people[0].hidden_frames == 10
    assert found.identities.frames == Counts(30, 0, 0)
    assert np.isnan(found.people[0].error_mm[10:20]).all()
    assert (3 * found.pose.mpjpe_mm + found.pose.hidden_mpjpe_mm) / 4 == pytest.approx(whole.pose.mpjpe_mm)


def test_rotation_errors_of_one_joint() -> None:
    truth = scenes.truth(10, people=1)
    person = truth.people[0]
    rotations = person.motion.rotations.copy()
    neck = humanoid.INDEX["neck"]
    rotations[:, neck] = rotation.multiply(rotations[:, neck], rotation.from_rotvec(np.array([0.0, 0.5, 0.0])))
    found = compare(scenes.of(truth, replace(person, motion=replace(person.motion, rotations=rotations))), truth).pose
    assert found.joints_deg["neck"] == pytest.approx(np.degrees(0.5))
    assert found.rotation_error_deg == pytest.approx(np.degrees(0.5) / 22)


def test_another_skeleton_in_the_same_pose() -> None:
    """A person of 1.1 times the size: no error of angles, a known error of lengths, none after alignment."""
    truth = scenes.truth(15, people=1)
    person = truth.people[0]
    skeleton = person.motion.skeleton
    larger = Skeleton(skeleton.joint_names, skeleton.parents, 1.1 * skeleton.rest_offsets)
    found = compare(scenes.of(truth, replace(person, motion=replace(person.motion, skeleton=larger))), truth)
    assert found.motion.bone_length_error_percent == pytest.approx(10.0)
    assert found.motion.bone_length_variation_percent == pytest.approx(0.0, abs=1e-9)
    pose = found.pose
    angles = [pose.rotation_error_deg, pose.flexion_error_deg, pose.direction_error_deg]
    assert angles == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    assert found.pose.pa_mpjpe_mm == pytest.approx(0.0, abs=1e-8)
    assert found.pose.mpjpe_mm > 10


def test_a_method_that_knows_few_joints_is_measured_on_those() -> None:
    truth = scenes.truth(20, people=2)
    others = [j for j in range(22) if j not in LIMB_JOINTS]
    found = compare_recordings(scenes.without_joints(_noisy(truth, 0.2), others), recording(truth))
    full = compare(_noisy(truth, 0.2), truth)
    assert found.pose.mpjpe_limbs_mm == pytest.approx(full.pose.mpjpe_limbs_mm)
    assert found.pose.pa_mpjpe_limbs_mm == pytest.approx(full.pose.pa_mpjpe_limbs_mm)
    assert found.pose.mpjpe_mm == pytest.approx(full.pose.mpjpe_limbs_mm)
    assert found.coverage == 1.0
    assert np.isnan([found.pose.rotation_error_deg, found.motion.foot_slide_mm, found.motion.penetration_mm]).all()
    assert found.contacts == Counts()
    json.dumps(found.as_dict(), allow_nan=False)


def test_nobody_predicted() -> None:
    truth = scenes.truth(10, people=2)
    found = compare(scenes.of(truth), truth)
    assert found.person_frames == Counts(0, 0, 20)
    assert (found.coverage, found.identities.hota.hota, found.picture.oks_ap, found.picture.pck) == (0.0,) * 4
    assert np.isnan(found.pose.mpjpe_mm)
    json.dumps(found.as_dict(), allow_nan=False)


def test_nobody_there() -> None:
    truth = scenes.truth(10, people=1)
    found = compare(truth, scenes.of(truth))
    assert found.person_frames == Counts(0, 10, 0)
    assert np.isnan(found.coverage)
    json.dumps(found.as_dict(), allow_nan=False)


def test_clips_are_combined_by_person_frames() -> None:
    long, short = scenes.truth(60, people=1), scenes.truth(20, people=1)
    a, b = compare(_noisy(long, 0.3), long), compare(_noisy(short, 0.1, seed=4), short)
    both = combine([a, b])
    assert both.pose.mpjpe_mm == pytest.approx((60 * a.pose.mpjpe_mm + 20 * b.pose.mpjpe_mm) / 80)
    assert both.person_frames == Counts(80, 0, 0)
    assert both.contacts == a.contacts + b.contacts
    assert both.identities.hota.hota == 1.0
    _assert_same_figures(combine([a]), a, 1e-12)
    with pytest.raises(InvalidDataError, match="no comparison"):
        combine([])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": Fraction(25)}, "frames per second 25 and 30"),
        ({"camera": builders.level_camera(10, (640, 480))}, r"size \(px\) 640 x 480 and 1280 x 720"),
    ],
)
def test_different_clips_are_refused(change: dict[str, Any], message: str) -> None:
    truth = scenes.truth(10)
    with pytest.raises(InvalidDataError, match=message):
        compare(replace(truth, **change), truth)


def test_other_joints_are_refused() -> None:
    truth = scenes.truth(10, people=1)
    motion = truth.people[0].motion
    few = Motion(
        Skeleton(("hips",), (-1,), np.zeros((1, 3))),
        motion.fps,
        motion.rotations[:, :1],
        motion.root_position,
        motion.contacts,
        motion.joint_sigma[:, :1],
    )
    with pytest.raises(InvalidDataError, match="true1 has the joints hips"):
        compare(scenes.of(truth, replace(truth.people[0], motion=few)), truth)


def test_a_prediction_that_ends_early_is_compared_over_its_frames() -> None:
    truth = scenes.truth(20, people=1)
    camera = replace(truth.camera, camera_from_world=truth.camera.camera_from_world[:18])
    part = replace(truth, frame_count=18, camera=camera, people=(scenes.without_frames(truth.people[0], 0, 18),))
    assert compare(part, truth).person_frames == Counts(18, 0, 2)


def test_fully_visible_people_are_found_whoever_they_are_taken_for() -> None:
    truth = scenes.truth()
    one, other = truth.people
    swapped = scenes.of(truth, scenes.renamed(other, "person1"), scenes.renamed(one, "person2"))
    assert compare(swapped, truth).clear_frames == Counts(80, 0, 0)
    lost = scenes.of(truth, scenes.hidden(one, 10, 20), other)
    assert compare(lost, truth).clear_frames == Counts(70, 0, 10)


def test_partly_hidden_people_need_not_be_found() -> None:
    truth = scenes.truth()
    one, other = truth.people
    keypoints = one.track.keypoints.copy()
    keypoints[5:15, 3, 2] = 0.0
    partly = scenes.of(truth, replace(one, track=replace(one.track, keypoints=keypoints)), other)
    assert compare(scenes.of(truth, scenes.hidden(one, 5, 15), other), partly).clear_frames == Counts(70, 0, 0)
