"""Tables of blend shapes and hand landmarks."""

from bodydouble.data import BLENDSHAPE_COUNT, FINGER_BONE_COUNT, HAND_LANDMARK_COUNT
from bodydouble.skeletons import arkit, hand, humanoid


def test_counts() -> None:
    assert len(set(arkit.BLENDSHAPES)) == BLENDSHAPE_COUNT
    assert len(set(hand.LANDMARKS)) == HAND_LANDMARK_COUNT
    assert len(set(humanoid.FINGERS)) == FINGER_BONE_COUNT


def test_mirror_exchanges_left_and_right() -> None:
    for i, name in enumerate(arkit.BLENDSHAPES):
        mirrored = arkit.BLENDSHAPES[arkit.MIRROR[i]]
        assert arkit.MIRROR[arkit.MIRROR[i]] == i
        assert (mirrored == name) == (not name.endswith(("Left", "Right")))


def test_fingers_are_chains_from_the_wrist() -> None:
    for i, name in enumerate(hand.LANDMARKS):
        parent = hand.PARENTS[i]
        assert parent < i
        assert parent <= 0 or hand.LANDMARKS[parent].split("_")[0] == name.split("_")[0]
