"""Joint layouts of the data sets, and regressors from the humanoid skeleton and from BlazePose landmarks."""

from types import ModuleType

import numpy as np
import pytest

from bodydouble.geometry import kinematics
from bodydouble.skeletons import adult_template, blazepose, h36m, humaneva, humanoid, joint_regressors
from tests import builders
from tests.builders import Floats, assert_same

layouts = pytest.mark.parametrize("layout", [h36m, humaneva], ids=["h36m", "humaneva"])


def rest_joints() -> Floats:
    positions = np.array(adult_template.REST_OFFSETS)
    for joint, parent in enumerate(humanoid.PARENTS):
        positions[joint] += positions[parent] if parent >= 0 else 0.0
    return positions


def rest_landmarks() -> Floats:
    joints = rest_joints()
    attachments = [adult_template.REST_LANDMARKS[name] for name in blazepose.LANDMARKS]
    return np.array([joints[humanoid.INDEX[joint]] + offset for joint, offset in attachments])


def mirrored(points: Floats, mirror: tuple[int, ...]) -> Floats:
    """Mirrors a person: x negated, left and right exchanged."""
    return np.asarray(points[..., list(mirror), :] * [-1.0, 1.0, 1.0])


def test_layouts_have_the_joints_of_the_papers() -> None:
    assert (len(h36m.JOINTS), len(humaneva.JOINTS)) == (17, 15)
    assert len(set(h36m.FILE_JOINT_INDICES)) == 17
    assert max(h36m.FILE_JOINT_INDICES) < h36m.FILE_JOINT_COUNT
    assert set(humaneva.JOINTS) < set(h36m.JOINTS)


@pytest.mark.parametrize(
    ("layout", "left", "right"),
    [
        (h36m, [4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]),
        (humaneva, [2, 3, 4, 8, 9, 10], [5, 6, 7, 11, 12, 13]),
    ],
    ids=["h36m", "humaneva"],
)
def test_left_and_right_joints_equal_videopose3d(layout: ModuleType, left: list[int], right: list[int]) -> None:
    """Compares with keypoints_symmetry in the files of VideoPose3D."""
    assert [layout.MIRROR[j] for j in left] == right
    assert all(layout.JOINTS[j].startswith("left") for j in left)
    assert all(layout.MIRROR[j] == j for j in range(len(layout.JOINTS)) if j not in left + right)


@layouts
def test_parents_precede_children_and_are_mirror_symmetric(layout: ModuleType) -> None:
    assert layout.PARENTS[0] == -1
    assert all(0 <= parent < joint for joint, parent in enumerate(layout.PARENTS) if joint > 0)
    for joint, parent in list(enumerate(layout.PARENTS))[1:]:
        assert layout.PARENTS[layout.MIRROR[joint]] == layout.MIRROR[parent]
        assert layout.MIRROR[layout.MIRROR[joint]] == joint


def test_selected_joints_keep_their_side_in_the_file() -> None:
    """Human3.6M has 32 joints: left legs and arms are 6 to 10 and 16 to 23, right ones 1 to 5 and 24 to 31."""
    left, right = {*range(6, 11), *range(16, 24)}, {*range(1, 6), *range(24, 32)}
    for name, full in zip(h36m.JOINTS, h36m.FILE_JOINT_INDICES, strict=True):
        assert (full in left, full in right) == (name.startswith("left"), name.startswith("right"))


@layouts
@pytest.mark.parametrize("source", ["HUMANOID_REGRESSOR", "BLAZEPOSE_REGRESSOR"])
def test_regressor_weights_sum_to_one(layout: ModuleType, source: str) -> None:
    assert_same(np.array(getattr(layout, source)).sum(axis=1), 1.0, 1e-12)


@layouts
def test_regressors_are_mirror_symmetric(layout: ModuleType) -> None:
    joints: Floats = kinematics.joint_positions(builders.smooth_motion(10)).astype(np.float64)
    landmarks = np.random.default_rng(0).normal(size=(10, 33, 3))
    for weights, points, mirror in (
        (layout.HUMANOID_REGRESSOR, joints, humanoid.MIRROR),
        (layout.BLAZEPOSE_REGRESSOR, landmarks, blazepose.MIRROR),
    ):
        matrix = np.array(weights)
        assert_same(matrix @ mirrored(points, mirror), mirrored(matrix @ points, layout.MIRROR), 1e-12)


@layouts
def test_humanoid_and_blazepose_regressors_agree_on_the_template(layout: ModuleType) -> None:
    of_joints = np.array(layout.HUMANOID_REGRESSOR) @ rest_joints()
    of_landmarks = np.array(layout.BLAZEPOSE_REGRESSOR) @ rest_landmarks()
    distance = np.linalg.norm(of_joints - of_landmarks, axis=1)
    limbs = [layout.INDEX[name] for name in layout.JOINTS if name in joint_regressors.LIMB_JOINTS]
    assert len(limbs) == 12
    assert_same(distance[limbs], 0.0, 1e-9)
    assert distance.max() < 0.035


def test_the_template_is_upright_with_the_left_arm_along_x() -> None:
    joints = np.array(h36m.HUMANOID_REGRESSOR) @ rest_joints()
    height = dict(zip(h36m.JOINTS, joints[:, 1], strict=True))
    order = ("left_ankle", "left_knee", "pelvis", "spine", "thorax", "nose", "head_top")
    assert list(order) == sorted(order, key=lambda name: height[name])
    assert joints[h36m.INDEX["left_wrist"], 0] > joints[h36m.INDEX["left_elbow"], 0] > 0
