"""Laws of the arms that are kept out of the body."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.characters.arm_clearance import arm_depths, clear_arms
from bodydouble.characters.hand_contacts import PalmTouches, palm_touches
from bodydouble.characters.posed_body import PosedBody, measure_body
from bodydouble.characters.retarget import pose_matrices, retarget
from bodydouble.characters.skin_distance import measure_skin
from bodydouble.data import Character, FloatArray, Motion
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import assert_same
from tests.characters.shaped_characters import (
    ADULT,
    TRUNK,
    adult_mannequin,
    inflate_trunk,
    mirror_motion,
    mirror_rotations,
)

FPS = 30.0


@pytest.fixture(scope="module")
def stout() -> Character:
    return inflate_trunk(adult_mannequin(), 2.2)


def moving_arms(left: FloatArray, right: FloatArray, elbow: float = 0.0) -> Motion:
    """A standing person whose upper arms turn by rotation vectors (T, 3) from the T-pose, elbows bent by an angle."""
    motion = builders.smooth_motion(len(left), skeleton=ADULT)
    local = np.tile(rotation.IDENTITY, (len(left), len(humanoid.JOINTS), 1))
    for side, vectors, sign in (("left", left, -1.0), ("right", right, 1.0)):
        local[:, humanoid.INDEX[side + "UpperArm"]] = rotation.from_rotvec(np.asarray(vectors))
        bend = rotation.from_rotvec(np.array([0.0, sign * elbow, 0.0]))
        local[:, humanoid.INDEX[side + "LowerArm"]] = bend
    return replace(motion, rotations=local, root_position=np.tile(ADULT.rest_offsets[0], (len(left), 1)))


def lowered_arms(frames: int = 60, elbow: float = 0.9) -> Motion:
    """Arms that come down from the T-pose to the sides, rest there, and are raised again."""
    angle = 1.5 * np.clip(1.6 * np.sin(np.linspace(0, np.pi, frames)) - 0.2, 0, 1)
    return moving_arms(np.outer(angle, [0.0, 0.0, -1.0]), np.outer(angle, [0.0, 0.0, 1.0]), elbow)


def clear(character: Character, motion: Motion) -> tuple[FloatArray, FloatArray, FloatArray]:
    rotations, hips = retarget(motion, character)
    return rotations, clear_arms(character, rotations, hips, palm_touches(motion), float(motion.fps)), hips


def test_depths_in_a_ball_are_those_of_geometry() -> None:
    rng = np.random.default_rng(0)
    surface = np.array([0.1, 1.0, -0.2]) + 0.3 * rotation.normalize(rng.normal(size=(20_000, 3)))
    skin = measure_skin(surface, 0.01)
    steps = rng.uniform(-0.28, 0.28, size=(500, 3))
    points = np.array([0.1, 1.0, -0.2]) + steps
    radii = np.linalg.norm(steps, axis=1)
    assert np.abs(skin.depths_at(points) - (0.3 - radii))[radii > 0.1].max() < 0.02
    cosine = np.sum(rotation.normalize(skin.outward_at(points)) * steps, axis=1) / radii
    assert cosine[radii > 0.15].min() > 0.95


def test_skin_of_the_posed_trunk_lies_on_the_surface() -> None:
    """Vertices that the trunk alone moves are at depth 0 in any pose: the body is posed as the mesh is."""
    character = adult_mannequin()
    rotations, hips = retarget(builders.smooth_motion(6, seed=2, skeleton=ADULT), character)
    positions, world = kinematics.forward_kinematics(character.skeleton, rotations, hips)
    (mesh,) = character.meshes
    trunk = [character.humanoid[bone] for bone in TRUNK[:3]]
    on_trunk = np.sum(np.where(np.isin(mesh.joints, trunk), mesh.weights, 0), axis=1) > 0.999
    matrices = pose_matrices(character, rotations, hips) @ kinematics.inverse_bind_matrices(character)
    at_rest = np.hstack([mesh.positions[on_trunk], np.ones((on_trunk.sum(), 1))])
    points = np.einsum("vk,tvkij,vj->tvi", mesh.weights[on_trunk], matrices[:, mesh.joints[on_trunk]], at_rest)[..., :3]
    body = PosedBody(measure_body(character), positions, world)
    trunk_depths, _ = next(body.pushes(points, np.ones(points.shape[1])))
    assert np.median(np.abs(trunk_depths - 1)) < 0.01
    assert np.percentile(np.abs(trunk_depths - 1), 95) < 0.04


def test_arms_outside_the_body_are_unchanged(stout: Character) -> None:
    sway = np.outer(np.sin(np.arange(30) / 5), [0.2, 0.3, 0.2])
    rotations, cleared, _ = clear(stout, moving_arms(sway, sway * [1, -1, -1], 0.3))
    assert cleared is rotations


def test_frames_far_from_a_touch_are_unchanged(stout: Character) -> None:
    motion = lowered_arms(150)
    rotations, cleared, hips = clear(stout, motion)
    depths = arm_depths(stout, rotations, hips)
    assert depths[60:90].max() > 0.02
    assert_same(cleared[[0, 1, 148, 149]], rotations[[0, 1, 148, 149]], 1e-12)


@pytest.mark.parametrize("elbow", [0.0, 0.9, 1.6])
def test_arms_come_out_of_a_stout_body(stout: Character, elbow: float) -> None:
    motion = lowered_arms(elbow=elbow)
    rotations, held, hips = clear(stout, motion)
    frames = len(rotations)
    free = clear_arms(stout, rotations, hips, PalmTouches(np.zeros((frames, 2)), np.zeros(frames)), FPS)
    before, after, holding = (arm_depths(stout, r, hips).max() for r in (rotations, free, held))
    assert before > 0.05
    assert after < 0.01
    assert holding < 0.03  # the hands of the motion touch the thighs, and are kept there in part


def test_only_the_arms_move_and_no_bone_changes_its_length(stout: Character) -> None:
    rotations, cleared, _ = clear(stout, lowered_arms())
    changed = rotation.angle_between(rotations, cleared).max(axis=0) > 1e-6
    names = {bone for bone, joint in stout.humanoid.items() if changed[joint]}
    assert names == {side + bone for side in ("left", "right") for bone in ("UpperArm", "LowerArm", "Hand")}
    assert_same(np.linalg.norm(cleared, axis=-1), np.ones(cleared.shape[:2]), 1e-9)


def test_the_mirrored_motion_is_cleared_alike(stout: Character) -> None:
    motion = lowered_arms(40)
    motion = replace(motion, rotations=motion.rotations.copy())
    motion.rotations[:, humanoid.INDEX["leftUpperArm"]] = motion.rotations[::-1, humanoid.INDEX["leftUpperArm"]][:40]
    cleared, mirrored = (clear(stout, m)[1] for m in (motion, mirror_motion(motion)))
    assert np.median(rotation.angle_between(mirrored, mirror_rotations(stout, cleared)).max(axis=1)) < 0.02


def test_corrections_are_smooth_in_time(stout: Character) -> None:
    """Four times the frames make steps of the correction four times smaller: there is no jump in it."""
    steps = []
    for scale in (1, 4):
        motion = replace(lowered_arms(60 * scale), fps=builders.smooth_motion(2).fps * scale)
        rotations, cleared, _ = clear(stout, motion)
        correction = rotation.to_rotvec(rotation.multiply(rotation.conjugate(rotations), cleared))
        steps.append(np.linalg.norm(np.diff(correction, axis=0), axis=-1).max())
    assert steps[1] < 0.5 * steps[0]


def folded_hands(frames: int = 30, elbow: float = 1.4) -> Motion:
    """Palms that meet before the belly: the turn of the arms is that of a series in which they are nearest."""
    series = _lowered_and_turned(np.linspace(0.2, 2.0, 400), elbow)
    nearest = int(np.argmax(palm_touches(series).each_other - 1e-3 * np.abs(_palm_gap(series))))
    return _lowered_and_turned(np.full(frames, np.linspace(0.2, 2.0, 400)[nearest]), elbow)


def _palm_gap(motion: Motion) -> FloatArray:
    positions = kinematics.joint_positions(motion)
    return np.asarray(positions[:, humanoid.INDEX["leftHand"], 0] - positions[:, humanoid.INDEX["rightHand"], 0])


def _lowered_and_turned(turns: FloatArray, elbow: float) -> Motion:
    lowered = rotation.from_rotvec(np.array([0.6, 0.0, 0.0]))
    left = rotation.multiply(lowered, rotation.from_rotvec(np.outer(turns, [0.0, -1.0, 0.0])))
    vectors = rotation.to_rotvec(left)
    return moving_arms(vectors, vectors * [1, -1, -1], elbow)


def test_palms_that_meet_stay_together(stout: Character) -> None:
    motion = folded_hands()
    assert palm_touches(motion).each_other.min() > 0.9
    rotations, cleared, hips = clear(stout, motion)
    wrists = [stout.humanoid[side + "Hand"] for side in ("left", "right")]
    before, after = (kinematics.forward_kinematics(stout.skeleton, r, hips)[0][:, wrists] for r in (rotations, cleared))
    assert np.linalg.norm(after - before, axis=-1).min() > 0.02
    assert_same(after[:, 0] - after[:, 1], before[:, 0] - before[:, 1], 0.02)
