"""Laws of the visibility of feet: detectors guess hidden feet, keypoints of COCO end at the ankles."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.motion.floor.contacts import are_feet_ever_seen, known_contacts, seen_feet, sole_confidence
from bodydouble.skeletons import blazepose, coco

FPS = 30.0
FEET = [i for i, name in enumerate(blazepose.LANDMARKS) if name.endswith(("ankle", "heel", "foot_index"))]
LEFT_FOOT = FEET[::2]
LEFT_HEEL, LEFT_ANKLE = blazepose.INDEX["left_heel"], blazepose.INDEX["left_ankle"]


def confidence_with(feet: float, frames: int = 60) -> FloatArray:
    """Returns the confidence (T, 33) of a visible body, and of its feet."""
    confidence = np.full((frames, 33), 0.9)
    confidence[:, FEET] = feet
    return confidence


@pytest.mark.parametrize("frames", [1, 2, 60])
@pytest.mark.parametrize(("feet", "seen"), [(0.0, False), (0.3, False), (0.7, True)])
def test_feet_are_seen_where_the_detector_is_confident(frames: int, feet: float, seen: bool) -> None:
    confidence = confidence_with(feet, frames)
    assert np.all(seen_feet(confidence, FPS) == seen)
    assert are_feet_ever_seen(confidence, FPS) == seen
    assert np.all(known_contacts(confidence, FPS) == seen)


def test_short_confident_guess_is_no_sight() -> None:
    confidence = confidence_with(0.1)
    confidence[[5, 20, 21, 22, 40]] = 0.9
    assert not are_feet_ever_seen(confidence, FPS)


def test_short_loss_changes_nothing() -> None:
    confidence = confidence_with(0.9)
    confidence[30:34] = 0.0
    assert known_contacts(confidence, FPS).all()


def test_contacts_of_one_foot_end_half_a_second_after_it_was_seen() -> None:
    confidence = confidence_with(0.9, 90)
    confidence[30:, LEFT_FOOT] = 0.0
    known = known_contacts(confidence, FPS)
    assert known[:, 2:].all()
    assert known[:45, :2].all()
    assert not known[46:, :2].any()


def test_coco_keypoints_have_the_confidence_of_the_ankles() -> None:
    confidence = np.zeros((60, 33))
    confidence[:, list(coco.BLAZEPOSE_INDICES)] = 0.8
    np.testing.assert_array_equal(sole_confidence(confidence), 0.8)
    assert are_feet_ever_seen(confidence, FPS)


def test_hidden_sole_has_its_own_confidence() -> None:
    confidence = confidence_with(0.9)
    confidence[10, LEFT_HEEL] = 0.0
    assert sole_confidence(confidence)[10, 0] == 0.0


def test_frames_inserted_between_those_of_the_video_change_nothing() -> None:
    confidence = confidence_with(0.7)
    confidence[30:] = confidence_with(0.1, 30)
    inserted = np.zeros((120, 33))
    inserted[::2] = confidence
    np.testing.assert_array_equal(seen_feet(inserted, 2 * FPS)[::2], seen_feet(confidence, FPS))
