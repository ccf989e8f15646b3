"""The 17 joints of Human3.6M on which poses are compared, and their indices among the 32 joints of its files.

Source: C. Ionescu et al., "Human3.6M: Large scale datasets and predictive methods for 3D human sensing in natural
environments", PAMI 2014; the choice of 17 by J. Martinez et al., "A simple yet effective baseline for 3d human pose
estimation", ICCV 2017, in the order that D. Pavllo et al. (VideoPose3D, CVPR 2019) and most later work keep.
"""

from bodydouble.skeletons import blazepose, humanoid, joint_regressors

PARENT: dict[str, str | None] = {
    "pelvis": None,
    "right_hip": "pelvis",
    "right_knee": "right_hip",
    "right_ankle": "right_knee",
    "left_hip": "pelvis",
    "left_knee": "left_hip",
    "left_ankle": "left_knee",
    "spine": "pelvis",
    "thorax": "spine",
    "nose": "thorax",
    "head_top": "nose",
    "left_shoulder": "thorax",
    "left_elbow": "left_shoulder",
    "left_wrist": "left_elbow",
    "right_shoulder": "thorax",
    "right_elbow": "right_shoulder",
    "right_wrist": "right_elbow",
}
"""Joint -> its parent. ``nose`` is the data set's joint between neck and head, also called neck or neck/nose."""

JOINTS: tuple[str, ...] = tuple(PARENT)
INDEX: dict[str, int] = {name: i for i, name in enumerate(JOINTS)}
PARENTS: tuple[int, ...] = tuple(-1 if p is None else INDEX[p] for p in PARENT.values())
MIRROR: tuple[int, ...] = tuple(INDEX[blazepose.mirrored_name(name)] for name in JOINTS)

FILE_JOINT_COUNT = 32
"""Number of joints in the data set's files."""
FILE_JOINT_INDICES: tuple[int, ...] = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""FILE_JOINT_INDICES[i] is the index of joint i among the 32 joints of the data set's files."""

HUMANOID_REGRESSOR = joint_regressors.regressor_matrix(JOINTS, joint_regressors.HUMANOID_REGRESSORS, humanoid.JOINTS)
"""(17, 22) joint regressor: this matrix times the positions of the humanoid's joints gives these joints."""

BLAZEPOSE_REGRESSOR = joint_regressors.regressor_matrix(
    JOINTS, joint_regressors.BLAZEPOSE_REGRESSORS, blazepose.LANDMARKS
)
"""(17, 33) joint regressor: this matrix times BlazePose's landmarks, in 3D or in the image, gives these joints."""

FPS = 50
"""Frames/s of the data set."""
TEST_SUBJECTS: tuple[str, ...] = ("S9", "S11")
