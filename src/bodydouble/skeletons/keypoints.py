"""Keypoints of COCO, Halpe, COCO-WholeBody and OpenPose that are the same points as landmarks of BlazePose."""

from bodydouble.skeletons import blazepose, openpose, whole_body

LANDMARK_OF_KEYPOINT: dict[str, int] = (
    blazepose.INDEX
    | {
        name: group[0]
        for name, group in zip(openpose.KEYPOINTS, openpose.BLAZEPOSE_INDICES, strict=True)
        if len(group) == 1
    }
    | {name: blazepose.INDEX[landmark] for name, landmark in whole_body.BLAZEPOSE_NAMES.items()}
)
"""Index of the landmark that is the same point as a keypoint, by name; COCO's have the names of the landmarks."""
