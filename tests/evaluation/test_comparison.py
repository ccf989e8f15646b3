import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from bodydouble.data import Motion, Performance, Skeleton
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.comparison import Comparison, combine, compare, compare_clips
from bodydouble.evaluation.evaluation_clip import to_evaluation_clip
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.metrics.pose import HIP_JOINTS, LIMB_JOINTS
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import assert_same
from tests.evaluation import scenes


def _flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in values.items():
        result |= _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return result


def _with_noise(performance: Performance, angle: float, seed: int = 0) -> Performance:
    """Adds smooth noise of about the angle (rad) to every joint rotation."""
    rng = np.random.default_rng(seed)
    people = []
    for person in performance.people:
        sway = rotation.from_rotvec(builders.wave(rng, len(person.motion.rotations), (22, 3), angle))
        motion = replace(person.motion, rotations=rotation.multiply(person.motion.rotations, sway))
        people.append(replace(person, motion=motion))
    return scenes.with_people(performance, *people)


def _assert_same_figures(a: Comparison, b: Comparison, tolerance: float) -> None:
    first, second = (
        {key: value for key, value in _flatten(c.as_dict()).items() if isinstance(value, float | int | None)}
        for c in (a, b)
    )
    assert first.keys() == second.keys()
    for key, value in first.items():
        assert second[key] == (value if value is None else pytest.approx(value, abs=tolerance)), key


def test_ground_truth_has_no_errors() -> None:
    truth = scenes.ground_truth()
    comparison = compare(truth, truth)
    assert comparison.coverage == 1.0
    assert comparison.person_frames == Counts(80, 0, 0)
    assert comparison.joints == Counts(80 * 12, 0, 0)
    assert comparison.contacts.f1 == comparison.identities.hota.hota == comparison.identities.frames.f1 == 1.0
    assert (comparison.image.pck, comparison.image.oks_ap) == (1.0, 1.0)
    errors = {**_flatten(comparison.as_dict()["pose"]), **_flatten(comparison.as_dict()["world"])}
    for key, value in errors.items():
        if key.startswith("pck3d"):
            assert value == pytest.approx(1.0)
        elif key not in ("hidden_mpjpe_mm", "root_translation_error_percent"):
            assert value == pytest.approx(0.0, abs=1e-8), key
    assert comparison.motion.jitter_10m_s3 == comparison.motion.true_jitter_10m_s3 > 0
    assert comparison.motion.foot_slide_mm == comparison.motion.true_foot_slide_mm > 0


def test_mpjpe_equals_a_loop_over_joints() -> None:
    truth = scenes.ground_truth(12, people=1)
    predicted = _with_noise(truth, 0.3)
    total = []
    for frame in range(12):
        poses = []
        for performance in (predicted, truth):
            motion = performance.people[0].motion
            joints = kinematics.joint_positions(motion)[frame]
            view = performance.camera.camera_from_world[frame]
            in_camera = [view[:3, :3] @ joint + view[:3, 3] for joint in joints]
            middle = (in_camera[HIP_JOINTS[0]] + in_camera[HIP_JOINTS[1]]) / 2
            poses.append([joint - middle for joint in in_camera])
        total.append([1000 * np.linalg.norm(a - b) for a, b in zip(*poses, strict=True)])
    comparison = compare(predicted, truth)
    assert comparison.pose.mpjpe_mm == pytest.approx(np.mean(total))
    assert comparison.pose.mpjpe_limbs_mm == pytest.approx(np.mean(np.array(total)[:, list(LIMB_JOINTS)]))
    assert_same(comparison.people[0].error_mm, np.mean(total, axis=1), 1e-9)
    assert comparison.pose.joints_mm["leftHand"] == pytest.approx(np.mean(total, axis=0)[humanoid.INDEX["leftHand"]])
    assert comparison.pose.pa_mpjpe_mm < comparison.pose.mpjpe_mm


def test_pose_errors_are_invariant_to_translation() -> None:
    truth = scenes.ground_truth()
    predicted = scenes.with_people(truth, *(scenes.translate(person, (0.05, 0.1, -0.3)) for person in truth.people))
    comparison = compare(predicted, truth)
    assert comparison.pose.mpjpe_mm == pytest.approx(0.0, abs=1e-8)
    assert comparison.world.wa_mpjpe_mm == pytest.approx(0.0, abs=1e-8)
    assert comparison.motion.floating_mm > compare(truth, truth).motion.floating_mm + 50


def test_errors_are_invariant_to_a_rotation_of_the_world() -> None:
    """People and camera are rotated together, so nothing changes relative to the camera."""
    truth = scenes.ground_truth()
    predicted = _with_noise(truth, 0.2)
    world_rotation = rotation.from_rotvec(np.array([0.0, 1.0, 0.0]))
    people = []
    for person in predicted.people:
        rotations = person.motion.rotations.copy()
        rotations[:, 0] = rotation.multiply(world_rotation, rotations[:, 0])
        motion = replace(
            person.motion,
            rotations=rotations,
            root_position=rotation.rotate(world_rotation, person.motion.root_position),
        )
        people.append(replace(person, motion=motion))
    back = np.eye(4)
    back[:3, :3] = rotation.to_matrix(world_rotation).T
    camera = replace(truth.camera, camera_from_world=truth.camera.camera_from_world @ back)
    _assert_same_figures(
        compare(replace(predicted, camera=camera, people=tuple(people)), truth), compare(predicted, truth), 1e-6
    )


def test_errors_do_not_depend_on_order_and_names_of_people() -> None:
    truth = scenes.ground_truth(people=3)
    predicted = _with_noise(truth, 0.2)
    shuffled = scenes.with_people(predicted, *(scenes.rename(predicted.people[n], f"p{n}") for n in (2, 0, 1)))
    _assert_same_figures(compare(shuffled, truth), compare(predicted, truth), 1e-9)


def test_missing_frames_lower_coverage_and_recall() -> None:
    truth = scenes.ground_truth(40, people=2)
    predicted = scenes.with_people(truth, scenes.keep_frames(truth.people[0], 10, 40), truth.people[1])
    comparison = compare(predicted, truth)
    assert comparison.person_frames == Counts(70, 0, 10)
    assert comparison.coverage == 70 / 80
    assert comparison.joints == Counts(70 * 12, 0, 10 * 12)
    assert comparison.pose.mpjpe_mm == pytest.approx(0.0, abs=1e-8)
    assert comparison.identities.frames == Counts(70, 0, 10)
    assert comparison.image.pck == 70 / 80


def test_missed_and_extra_people_are_named_and_counted() -> None:
    truth = scenes.ground_truth(20, people=2)
    ghost = scenes.rename(scenes.translate(truth.people[0], (-4.0, 0.0, 0.0)), "ghost")
    comparison = compare(scenes.with_people(truth, ghost, truth.people[1]), truth)
    assert (comparison.missed, comparison.extra) == (("true1",), ("ghost",))
    assert comparison.person_frames == Counts(20, 20, 20)
    assert comparison.joints == Counts(240, 240, 240)


def test_a_split_track_is_one_match_and_one_extra_person() -> None:
    truth = scenes.ground_truth(40, people=1)
    person = truth.people[0]
    later = scenes.rename(scenes.keep_frames(person, 25, 40), "later")
    comparison = compare(scenes.with_people(truth, scenes.keep_frames(person, 0, 25), later), truth)
    assert comparison.person_frames == Counts(25, 15, 15)
    assert comparison.identities.switches == 1
    assert comparison.identities.frames.f1 == 25 / 40


def test_occluded_frames_are_measured_separately() -> None:
    truth = scenes.ground_truth(40, people=1)
    occluded = scenes.with_people(truth, scenes.occlude(truth.people[0], 10, 20))
    predicted = _with_noise(truth, 0.3)
    comparison, without_occlusion = compare(predicted, occluded), compare(predicted, truth)
    assert comparison.person_frames == Counts(30, 0, 0)
    assert comparison.people[0].hidden_frames == 10
    assert comparison.identities.frames == Counts(30, 0, 0)
    assert np.isnan(comparison.people[0].error_mm[10:20]).all()
    assert (3 * comparison.pose.mpjpe_mm + comparison.pose.hidden_mpjpe_mm) / 4 == pytest.approx(
        without_occlusion.pose.mpjpe_mm
    )


def test_rotation_errors_of_one_joint() -> None:
    truth = scenes.ground_truth(10, people=1)
    person = truth.people[0]
    rotations = person.motion.rotations.copy()
    neck = humanoid.INDEX["neck"]
    rotations[:, neck] = rotation.multiply(rotations[:, neck], rotation.from_rotvec(np.array([0.0, 0.5, 0.0])))
    comparison = compare(
        scenes.with_people(truth, replace(person, motion=replace(person.motion, rotations=rotations))), truth
    ).pose
    assert comparison.joints_deg["neck"] == pytest.approx(np.degrees(0.5))
    assert comparison.rotation_error_deg == pytest.approx(np.degrees(0.5) / 22)


def test_errors_of_a_larger_skeleton_in_the_same_pose() -> None:
    """A person of 1.1 times the size has no error of angles, a known error of lengths, and none after alignment."""
    truth = scenes.ground_truth(15, people=1)
    person = truth.people[0]
    skeleton = person.motion.skeleton
    larger = Skeleton(skeleton.joint_names, skeleton.parents, 1.1 * skeleton.rest_offsets)
    comparison = compare(
        scenes.with_people(truth, replace(person, motion=replace(person.motion, skeleton=larger))), truth
    )
    assert comparison.motion.bone_length_error_percent == pytest.approx(10.0)
    assert comparison.motion.bone_length_variation_percent == pytest.approx(0.0, abs=1e-9)
    pose = comparison.pose
    angles = [pose.rotation_error_deg, pose.flexion_error_deg, pose.direction_error_deg]
    assert angles == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    assert comparison.pose.pa_mpjpe_mm == pytest.approx(0.0, abs=1e-8)
    assert comparison.pose.mpjpe_mm > 10


def test_only_estimated_joints_are_measured() -> None:
    truth = scenes.ground_truth(20, people=2)
    ignored_joints = [j for j in range(22) if j not in LIMB_JOINTS]
    comparison = compare_clips(
        scenes.without_joints(_with_noise(truth, 0.2), ignored_joints), to_evaluation_clip(truth)
    )
    full = compare(_with_noise(truth, 0.2), truth)
    assert comparison.pose.mpjpe_limbs_mm == pytest.approx(full.pose.mpjpe_limbs_mm)
    assert comparison.pose.pa_mpjpe_limbs_mm == pytest.approx(full.pose.pa_mpjpe_limbs_mm)
    assert comparison.pose.mpjpe_mm == pytest.approx(full.pose.mpjpe_limbs_mm)
    assert comparison.coverage == 1.0
    assert np.isnan(
        [comparison.pose.rotation_error_deg, comparison.motion.foot_slide_mm, comparison.motion.penetration_mm]
    ).all()
    assert comparison.contacts == Counts()
    json.dumps(comparison.as_dict(), allow_nan=False)


def test_comparison_without_predicted_people() -> None:
    truth = scenes.ground_truth(10, people=2)
    comparison = compare(scenes.with_people(truth), truth)
    assert comparison.person_frames == Counts(0, 0, 20)
    assert (comparison.coverage, comparison.identities.hota.hota, comparison.image.oks_ap, comparison.image.pck) == (
        0.0,
    ) * 4
    assert np.isnan(comparison.pose.mpjpe_mm)
    json.dumps(comparison.as_dict(), allow_nan=False)


def test_comparison_without_true_people() -> None:
    truth = scenes.ground_truth(10, people=1)
    comparison = compare(truth, scenes.with_people(truth))
    assert comparison.person_frames == Counts(0, 10, 0)
    assert np.isnan(comparison.coverage)
    json.dumps(comparison.as_dict(), allow_nan=False)


def test_clips_are_combined_weighted_by_person_frames() -> None:
    long, short = scenes.ground_truth(60, people=1), scenes.ground_truth(20, people=1)
    a, b = compare(_with_noise(long, 0.3), long), compare(_with_noise(short, 0.1, seed=4), short)
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
def test_rejects_performances_of_different_clips(change: dict[str, Any], message: str) -> None:
    truth = scenes.ground_truth(10)
    with pytest.raises(InvalidDataError, match=message):
        compare(replace(truth, **change), truth)


def test_rejects_other_joints() -> None:
    truth = scenes.ground_truth(10, people=1)
    motion = truth.people[0].motion
    single_joint = Motion(
        Skeleton(("hips",), (-1,), np.zeros((1, 3))),
        motion.fps,
        motion.rotations[:, :1],
        motion.root_position,
        motion.contacts,
        motion.joint_sigma[:, :1],
    )
    with pytest.raises(InvalidDataError, match="true1 has the joints hips"):
        compare(scenes.with_people(truth, replace(truth.people[0], motion=single_joint)), truth)


def test_a_shorter_prediction_is_compared_over_its_frames() -> None:
    truth = scenes.ground_truth(20, people=1)
    camera = replace(truth.camera, camera_from_world=truth.camera.camera_from_world[:18])
    part = replace(truth, frame_count=18, camera=camera, people=(scenes.keep_frames(truth.people[0], 0, 18),))
    assert compare(part, truth).person_frames == Counts(18, 0, 2)


def test_detection_of_fully_visible_people_ignores_identity() -> None:
    truth = scenes.ground_truth()
    first, second = truth.people
    swapped = scenes.with_people(truth, scenes.rename(second, "person1"), scenes.rename(first, "person2"))
    assert compare(swapped, truth).fully_visible_frames == Counts(80, 0, 0)
    lost = scenes.with_people(truth, scenes.occlude(first, 10, 20), second)
    assert compare(lost, truth).fully_visible_frames == Counts(70, 0, 10)


def test_partly_occluded_people_are_not_counted_as_fully_visible() -> None:
    truth = scenes.ground_truth()
    first, second = truth.people
    keypoints = first.track.keypoints.copy()
    keypoints[5:15, 3, 2] = 0.0
    partly = scenes.with_people(truth, replace(first, track=replace(first.track, keypoints=keypoints)), second)
    assert compare(
        scenes.with_people(truth, scenes.occlude(first, 5, 15), second), partly
    ).fully_visible_frames == Counts(70, 0, 0)
