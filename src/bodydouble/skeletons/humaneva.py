"""The 15 joints of HumanEva-I on which poses are compared.

Source: L. Sigal et al., "HumanEva: Synchronized video and motion capture dataset and baseline algorithm for evaluation
of articulated human motion", IJCV 2010, its 15 error points, in the order of D. Pavllo et al. (VideoPose3D, CVPR 2019).
"""

from bodydouble.skeletons import blazepose, humanoid, joint_regressors

PARENT: dict[str, str | None] = {
    "pelvis": None,
    "thorax": "pelvis",
    "left_shoulder": "thorax",
    "left_elbow": "left_shoulder",
    "left_wrist": "left_elbow",
    "right_shoulder": "thorax",
    "right_elbow": "right_shoulder",
    "right_wrist": "right_elbow",
    "left_hip": "pelvis",
    "left_knee": "left_hip",
    "left_ankle": "left_knee",
    "right_hip": "pelvis",
    "right_knee": "right_hip",
    "right_ankle": "right_knee",
    "head_top": "thorax",
}

JOINTS: tuple[str, ...] = tuple(PARENT)
INDEX: dict[str, int] = {name: i for i, name in enumerate(JOINTS)}
PARENTS: tuple[int, ...] = tuple(-1 if p is None else INDEX[p] for p in PARENT.values())
MIRROR: tuple[int, ...] = tuple(INDEX[blazepose.mirrored_name(name)] for name in JOINTS)

HUMANOID_REGRESSOR = joint_regressors.regressor_matrix(JOINTS, joint_regressors.HUMANOID_REGRESSORS, humanoid.JOINTS)
"""(15, 22) joint regressor: this matrix times the positions of the humanoid's joints gives these joints."""

BLAZEPOSE_REGRESSOR = joint_regressors.regressor_matrix(
    JOINTS, joint_regressors.BLAZEPOSE_REGRESSORS, blazepose.LANDMARKS
)
"""(15, 33) joint regressor: this matrix times BlazePose's landmarks, in 3D or in the image, gives these joints."""

FPS = 60
"""Frames/s of the data set."""
TEST_SUBJECTS: tuple[str, ...] = ("Validate/S1", "Validate/S2", "Validate/S3")
