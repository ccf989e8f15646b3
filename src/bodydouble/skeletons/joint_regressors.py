"""Joint regressors: the joints of motion capture data sets as linear maps of humanoid joints or BlazePose landmarks.

Hips, knees, ankles, shoulders, elbows and wrists are the same joints in all skeletons. The data sets' joints of torso
and head do not exist in the humanoid: their rows are approximations, chosen so that both tables agree on the adult
template.
"""

from collections.abc import Mapping, Sequence

Regressor = dict[str, float]
"""Weight per source joint or landmark; the weights sum to 1."""
RegressorMatrix = tuple[tuple[float, ...], ...]
"""One row per joint, one column per source."""

LIMB_JOINTS: dict[str, tuple[str, str]] = {
    f"{side}_{joint}": (f"{side}{bone}", f"{side}_{joint}")
    for side in ("left", "right")
    for joint, bone in (
        ("hip", "UpperLeg"),
        ("knee", "LowerLeg"),
        ("ankle", "Foot"),
        ("shoulder", "UpperArm"),
        ("elbow", "LowerArm"),
        ("wrist", "Hand"),
    )
}
"""Joint -> its name in humanoid.py, its name in blazepose.py."""

HUMANOID_REGRESSORS: dict[str, Regressor] = {joint: {name: 1.0} for joint, (name, _) in LIMB_JOINTS.items()} | {
    "pelvis": {"leftUpperLeg": 0.5, "rightUpperLeg": 0.5},
    "spine": {"chest": 1.0},
    "thorax": {"upperChest": 0.5, "neck": 0.5},
    "nose": {"neck": 0.5, "head": 0.5},
    "head_top": {"head": 1.7, "neck": -0.7},
}

BLAZEPOSE_REGRESSORS: dict[str, Regressor] = {joint: {name: 1.0} for joint, (_, name) in LIMB_JOINTS.items()} | {
    "pelvis": {"left_hip": 0.5, "right_hip": 0.5},
    "spine": {"left_hip": 0.25, "right_hip": 0.25, "left_shoulder": 0.25, "right_shoulder": 0.25},
    "thorax": {"left_shoulder": 0.5, "right_shoulder": 0.5},
    "nose": {
        "left_ear": 0.5, "right_ear": 0.5, "left_eye": -0.5, "right_eye": -0.5, "mouth_left": 0.5, "mouth_right": 0.5,
    },
    "head_top": {
        "left_ear": 0.5, "right_ear": 0.5, "left_eye": 0.4, "right_eye": 0.4, "mouth_left": -0.4, "mouth_right": -0.4,
    },
}  # fmt: skip
"""Regressors from BlazePose landmarks.

The vector from the mouth to the eyes points up. Its length is about the distance from the ears down to the neck joint.
"""


def regressor_matrix(
    joints: Sequence[str], regressors: Mapping[str, Regressor], sources: Sequence[str]
) -> RegressorMatrix:
    """Builds the matrix that maps source points to joints: ``joints = matrix @ source_points``. Rows sum to 1."""
    return tuple(tuple(regressors[joint].get(source, 0.0) for source in sources) for joint in joints)
