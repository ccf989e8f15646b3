"""Keypoint sets of body, feet, face and hands, which begin with the 17 of COCO: Halpe and COCO-WholeBody.

Sources: H.-S. Fang et al., Halpe-FullBody, https://github.com/Fang-Haoshu/Halpe-FullBody; S. Jin et al., "Whole-body
human pose estimation in the wild", ECCV 2020, https://github.com/jin-s13/COCO-WholeBody. The face has the 68 points of
300-W, https://ibug.doc.ic.ac.uk/resources/300-W/, which begin at the person's right. Names as in MMPose's data sets.
"""

from bodydouble.skeletons import coco

_FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
_HANDS = {
    side: (f"{side}_hand_root", *(f"{side}_{finger}{joint}" for finger in _FINGERS for joint in (1, 2, 3, 4)))
    for side in ("left", "right")
}
HANDS: tuple[str, ...] = _HANDS["left"] + _HANDS["right"]
"""21 keypoints of the left hand and 21 of the right one: the root, then each finger from its base to its tip."""
FACE: tuple[str, ...] = tuple(f"face-{i}" for i in range(68))

HALPE_26: tuple[str, ...] = (
    *coco.KEYPOINTS, "head", "neck", "hip",
    "left_big_toe", "right_big_toe", "left_small_toe", "right_small_toe", "left_heel", "right_heel",
)  # fmt: skip
HALPE_68: tuple[str, ...] = HALPE_26 + HANDS
"""Halpe without the face."""
HALPE_136: tuple[str, ...] = HALPE_26 + FACE + HANDS
COCO_23: tuple[str, ...] = (
    *coco.KEYPOINTS,
    "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip
"""Body and feet of COCO-WholeBody."""
COCO_133: tuple[str, ...] = COCO_23 + FACE + HANDS

_SIDED_LANDMARKS = {
    "big_toe": "foot_index", "heel": "heel", "thumb3": "thumb", "forefinger1": "index", "pinky_finger1": "pinky",
}  # fmt: skip
BLAZEPOSE_NAMES: dict[str, str] = {
    f"{side}_{name}": f"{side}_{landmark}" for name, landmark in _SIDED_LANDMARKS.items() for side in ("left", "right")
} | {
    "face-36": "right_eye_outer",
    "face-39": "right_eye_inner",
    "face-42": "left_eye_inner",
    "face-45": "left_eye_outer",
    "face-48": "mouth_right",
    "face-54": "mouth_left",
}
"""Name of a keypoint beyond the 17 of COCO -> the BlazePose landmark that is the same point."""
