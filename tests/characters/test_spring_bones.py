from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bodydouble.characters.spring_bones import MAX_HIPS_SPEED, swing_springs
from bodydouble.data import Character, FloatArray, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.pipeline import motion_library
from bodydouble.pipeline.motion_files import NamedMotion
from bodydouble.pipeline.performing import perform
from tests.characters.cast.characters_of_presets import drawn

BONES, LENGTH = 4, 0.1
DEGREE = np.radians(1.0)


def pendulum(turned: bool = False) -> Character:
    """A character of hips and two strands of hair, left and right, that hang from them."""
    names, parents, offsets = ["hips"], [-1], [[0.0, 1.0, 0.0]]
    springs = []
    for side, sign in (("left", 1), ("right", -1)):
        joints = []
        for k in range(BONES):
            parents.append(len(names) - 1 if k else 0)
            names.append(f"{side}_{k}")
            offsets.append([0.1 * sign, 0.0, 0.0] if k == 0 else [0.0, -LENGTH, 0.0])
            settings = {"stiffness": 0.3, "gravityPower": 0.2, "dragForce": 0.2, "hitRadius": 0.01}
            joints.append({"node": len(names) - 1, **settings})
        springs.append({"joints": joints, "tail": [0.0, -LENGTH, 0.0], "colliderGroups": [0]})
    extension: dict[str, Any] = {
        "colliders": [{"node": 0, "shape": {"sphere": {"offset": [0.0, -0.1, 0.12], "radius": 0.08}}}],
        "colliderGroups": [{"colliders": [0]}],
        "springs": springs,
    }
    rest = np.tile(rotation.IDENTITY, (len(names), 1))
    places = np.array(offsets)
    if turned:
        rest[:] = rotation.from_rotvec(np.array([0.4, -0.7, 0.2]))
        places[1:] = rotation.rotate(rotation.conjugate(rest[0]), places[1:])
        for spring in springs:
            spring["tail"] = rotation.rotate(rotation.conjugate(rest[0]), np.array(spring["tail"])).tolist()
        sphere = extension["colliders"][0]["shape"]["sphere"]
        sphere["offset"] = rotation.rotate(rotation.conjugate(rest[0]), np.array(sphere["offset"])).tolist()
    skeleton = Skeleton(tuple(names), tuple(parents), places)
    return Character("pendulum", skeleton, rest, {"hips": 0}, (), vrm={"VRMC_springBone": extension})


def at_rest(character: Character, frames: int) -> tuple[FloatArray, FloatArray]:
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    return np.tile(local, (frames, 1, 1)), np.tile(character.skeleton.rest_offsets[0], (frames, 1))


def dance(character: Character, fps: float, seconds: float = 1.0, sign: int = 1) -> tuple[FloatArray, FloatArray]:
    """A smooth motion of the hips, at its frame rate."""
    t = np.arange(round(seconds * fps) + 1) / fps
    rotations, hips = at_rest(character, len(t))
    turn = np.stack([0.4 * np.sin(5 * t), sign * 0.8 * np.sin(3 * t), sign * 0.3 * np.sin(4 * t)], axis=1)
    rotations[:, 0] = rotation.multiply(rotation.from_rotvec(turn), rotations[:, 0])
    step = np.stack([sign * 0.4 * np.sin(3 * t), 0.1 * np.sin(8 * t), 0.5 * np.sin(2 * t)], axis=1)
    return rotations, hips + step


def ends(character: Character, rotations: FloatArray, hips: FloatArray) -> FloatArray:
    """Returns the ends (T, 2, BONES, 3) of the bones."""
    matrices = kinematics.joint_matrices(character.skeleton, rotations, hips)
    tail = np.append(np.array(character.vrm["VRMC_springBone"]["springs"][0]["tail"]), 1.0)
    return np.asarray((matrices[:, 1:] @ tail)[..., :3].reshape(len(hips), 2, BONES, 3))


def test_what_hangs_straight_down_stays_at_rest() -> None:
    character = pendulum()
    rotations, hips = at_rest(character, 40)
    assert np.allclose(swing_springs(character, rotations, hips, 30.0), rotations, atol=1e-6)


def test_a_motion_starts_settled() -> None:
    character = pendulum()
    rotations, hips = at_rest(character, 60)
    rotations[:, 0] = rotation.from_rotvec(np.array([0.9, 0.0, 0.0]))
    swung = swing_springs(character, rotations, hips, 30.0)
    assert rotation.angle_between(swung[0], rotations[0]).max() > 5 * DEGREE
    assert rotation.angle_between(swung, swung[:1]).max() < 0.05 * DEGREE


@pytest.mark.parametrize("turned", [False, True])
def test_all_else_keeps_its_rotation_and_bones_keep_their_length(turned: bool) -> None:
    character = pendulum(turned)
    rotations, hips = dance(character, 30.0)
    swung = swing_springs(character, rotations, hips, 30.0)
    assert np.array_equal(swung[:, 0], rotations[:, 0])
    assert np.allclose(np.linalg.norm(swung, axis=-1), 1)
    assert (np.sum(swung[1:] * swung[:-1], axis=-1) > 0).all()


def test_the_result_does_not_depend_on_the_axes_of_the_rig() -> None:
    places = []
    for turned in (False, True):
        character = pendulum(turned)
        rotations, hips = dance(character, 30.0)
        places.append(ends(character, swing_springs(character, rotations, hips, 30.0), hips))
    assert np.allclose(places[0], places[1], atol=1e-9)


def test_mirrored_motion_gives_mirrored_springs() -> None:
    character = pendulum()
    left, right = (
        ends(character, swing_springs(character, rotations, hips, 30.0), hips)
        for rotations, hips in (dance(character, 30.0, sign=sign) for sign in (1, -1))
    )
    assert np.allclose(left, right[:, ::-1] * [-1, 1, 1], atol=1e-9)


@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0, 50.0, 120.0])
def test_the_result_does_not_depend_on_the_frame_rate(fps: float) -> None:
    character = pendulum()
    ours, reference = (
        ends(character, swing_springs(character, rotations, hips, rate), hips)
        for rate, (rotations, hips) in ((rate, dance(character, rate)) for rate in (fps, 600.0))
    )
    times = np.arange(len(ours)) / fps
    at_times = reference[np.round(times * 600.0).astype(int)]
    # The longest strand is 0.4 m; the motion between frames is interpolated.
    assert np.linalg.norm(ours - at_times, axis=-1).max() < (0.004 if fps <= 30 else 0.002)


def test_a_shifted_motion_gives_the_same_springs() -> None:
    character = pendulum()
    rotations, hips = dance(character, 30.0)
    swung, shifted = (swing_springs(character, rotations, hips + step, 30.0) for step in (0.0, [3.0, 0.0, -7.0]))
    assert np.allclose(swung, shifted, atol=1e-7)


@pytest.mark.parametrize("shape", ["sphere", "capsule"])
def test_colliders_are_not_penetrated(shape: str) -> None:
    character = pendulum()
    place, radius, tail = np.array([0.1, -0.2, 0.08]), 0.08, np.array([-0.1, -0.2, 0.08])
    sphere = {"offset": place.tolist(), "radius": radius}
    extension = dict(character.vrm["VRMC_springBone"])
    extent = {"tail": tail.tolist()} if shape == "capsule" else {}
    extension["colliders"] = [{"node": 0, "shape": {shape: sphere | extent}}]
    character = replace(character, vrm={"VRMC_springBone": extension})
    rotations, hips = dance(character, 30.0)
    points = ends(character, swing_springs(character, rotations, hips, 30.0), hips)
    matrices = kinematics.joint_matrices(character.skeleton, rotations, hips)[:, 0]
    local = np.einsum("tba,tscb->tsca", matrices[:, :3, :3], points - matrices[:, None, None, :3, 3])
    along = np.linspace(0, 1, 50)[:, None] if shape == "capsule" else np.zeros((1, 1))
    gaps = np.linalg.norm(local[..., None, :] - (place + along * (tail - place)), axis=-1).min(axis=-1) - radius
    bare = replace(character, vrm=without_colliders(extension))
    free = ends(character, swing_springs(bare, rotations, hips, 30.0), hips)
    assert np.linalg.norm(points - free, axis=-1).max() > 0.03
    # An end keeps 1 cm, its own radius; between steps the collider moves on by less than 2 mm.
    assert gaps.min() > 0.01 - 0.002


def without_colliders(extension: dict[str, Any]) -> dict[str, Any]:
    springs = [{**spring, "colliderGroups": []} for spring in extension["springs"]]
    return {"VRMC_springBone": {**extension, "springs": springs}}


def with_extended_collider(shape: dict[str, Any]) -> Character:
    """A pendulum with a collider of VRMC_springBone_extended_collider; the plain shape is far away."""
    character = pendulum()
    extension = dict(character.vrm["VRMC_springBone"])
    extended = {"VRMC_springBone_extended_collider": {"specVersion": "1.0", "shape": shape}}
    fallback = {"sphere": {"offset": [0.0, -99.0, 0.0], "radius": 0.0}}
    extension["colliders"] = [{"node": 0, "shape": fallback, "extensions": extended}]
    return replace(character, vrm={"VRMC_springBone": extension})


def local_ends(character: Character, rotations: FloatArray, hips: FloatArray) -> FloatArray:
    """Returns the ends (T, 2, BONES, 3) of the swung bones in the axes of the hips."""
    points = ends(character, swing_springs(character, rotations, hips, 30.0), hips)
    matrices = kinematics.joint_matrices(character.skeleton, rotations, hips)[:, 0]
    return np.asarray(np.einsum("tba,tscb->tsca", matrices[:, :3, :3], points - matrices[:, None, None, :3, 3]))


@pytest.mark.parametrize("tail", [None, [0.0, -0.3, 0.0]])
def test_ends_stay_inside_an_inside_collider(tail: list[float] | None) -> None:
    start, radius = np.array([0.0, -0.2, 0.0]), 0.25 if tail is None else 0.16
    kind = "sphere" if tail is None else "capsule"
    values = {"offset": start.tolist(), "radius": radius, "inside": True} | ({} if tail is None else {"tail": tail})
    character = with_extended_collider({kind: values})
    local = local_ends(character, *dance(character, 30.0))
    places = start + np.linspace(0, 1, 50)[:, None] * (np.array(start if tail is None else tail) - start)
    depth = np.linalg.norm(local[..., None, :] - places, axis=-1).min(axis=-1)
    free = local_ends(pendulum(), *dance(pendulum(), 30.0))
    assert np.linalg.norm(free[..., None, :] - places, axis=-1).min(axis=-1).max() > radius
    assert depth.max() < radius - 0.01 + 0.002


def test_ends_stay_before_a_plane() -> None:
    normal, place = np.array([0.0, 0.6, 0.8]), np.array([0.0, -0.30, -0.12])
    character = with_extended_collider({"plane": {"offset": place.tolist(), "normal": normal.tolist()}})
    heights = (local_ends(character, *dance(character, 30.0)) - place) @ normal
    free = (local_ends(pendulum(), *dance(pendulum(), 30.0)) - place) @ normal
    assert free.min() < -0.02
    assert heights.min() > 0.01 - 0.002


def test_a_cut_starts_settled_again() -> None:
    character = pendulum()
    rotations, hips = dance(character, 30.0, 3.0)
    hips[50:] += [40 * MAX_HIPS_SPEED / 30, 0.0, 0.0]
    whole = swing_springs(character, rotations, hips, 30.0)
    parts = [swing_springs(character, rotations[part], hips[part], 30.0) for part in (slice(50), slice(50, None))]
    assert rotation.angle_between(whole, np.concatenate(parts)).max() < 1e-6


def test_a_shot_starts_settled_although_the_motion_goes_on() -> None:
    character = pendulum()
    rotations, hips = dance(character, 30.0, 3.0)
    whole = swing_springs(character, rotations, hips, 30.0, [-5, 50, 200])
    parts = [swing_springs(character, rotations[part], hips[part], 30.0) for part in (slice(50), slice(50, None))]
    assert rotation.angle_between(whole, np.concatenate(parts)).max() < 1e-6
    assert rotation.angle_between(whole, swing_springs(character, rotations, hips, 30.0)).max() > 0.05


def test_a_center_takes_the_motion_of_its_joint_away() -> None:
    still, moved = pendulum(), pendulum()
    _, hips = dance(still, 30.0)
    extension = moved.vrm["VRMC_springBone"]
    springs = [{**spring, "center": 0} for spring in extension["springs"]]
    moved = replace(moved, vrm={"VRMC_springBone": {**extension, "springs": springs}})
    upright = at_rest(still, len(hips))[0]
    swung = [swing_springs(c, upright, hips, 30.0) for c in (still, moved)]
    assert rotation.angle_between(swung[0], upright).max() > 5 * DEGREE
    assert rotation.angle_between(swung[1], upright).max() < 0.01 * DEGREE


@pytest.mark.parametrize("values", [{"stiffness": 1e6}, {"gravityPower": 1e6}, {"dragForce": 0.0}, {"dragForce": 1.0}])
def test_no_values_and_no_motion_make_springs_explode(values: dict[str, float]) -> None:
    character = pendulum()
    for spring in character.vrm["VRMC_springBone"]["springs"]:
        for joint in spring["joints"]:
            joint.update(values)
    rng = np.random.default_rng(4)
    rotations, hips = at_rest(character, 90)
    rotations[:, 0] = rotation.normalize(rng.normal(size=(90, 4)))
    swung = swing_springs(character, rotations, hips + rng.normal(scale=3.0, size=hips.shape), 30.0)
    assert np.isfinite(swung).all()
    assert np.allclose(np.linalg.norm(swung, axis=-1), 1)


def test_a_swing_dies_away() -> None:
    character = pendulum()
    rotations, hips = at_rest(character, 200)
    hips[:, 0] += np.minimum(np.arange(200) / 30, 1.0) * 2
    swung = swing_springs(character, rotations, hips, 30.0)
    angle = rotation.angle_between(swung, rotations)[:, 1:]
    assert angle[30:40].max() > 10 * DEGREE
    assert angle[90:120].max() < 0.3 * angle[30:60].max()
    assert angle[-10:].max() < 0.1 * DEGREE


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_short_motions(frames: int) -> None:
    character = pendulum()
    rotations, hips = at_rest(character, frames)
    assert swing_springs(character, rotations, hips, 30.0).shape == rotations.shape


def test_characters_without_springs_stay_as_they_are() -> None:
    character = drawn("man")
    rotations, hips = at_rest(character, 3)
    assert swing_springs(character, rotations, hips, 30.0) is rotations


def test_a_drawn_skirt_hangs_at_rest() -> None:
    character = drawn("woman")
    rotations, hips = at_rest(character, 5)
    swung = swing_springs(character, rotations, hips, 30.0)
    assert rotation.angle_between(swung, rotations).max() < 6 * DEGREE


def test_the_hair_of_a_loop_goes_on_across_its_seam() -> None:
    motion = motion_library.load("run")[1]
    (animated,) = perform([NamedMotion("run", motion, is_take=True, is_loop=True)], drawn("girl"), False)
    names = animated.character.skeleton.joint_names
    swung = animated.rotations[:, [k for k, name in enumerate(names) if name.startswith(("hair", "skirt"))]]
    assert rotation.angle_between(swung[0], swung[-1]).max() < 1e-6
    steps = rotation.angle_between(swung[1:], swung[:-1]).max(axis=1)
    assert steps.max() > 2 * DEGREE
    # The frame before the seam leads on to the first one as every other frame leads to the next.
    assert max(steps[0], steps[-1]) <= 1.2 * steps[1:-1].max()
