"""Laws of the colours of body parts: known answers, flips, image borders, outliers."""

import cv2
import numpy as np

from bodydouble.perception.appearance.clothing_colors import describe_appearance
from bodydouble.skeletons import blazepose

HEAD, SHOULDERS, TRUNK, ARMS, FOREARMS, THIGHS, SHINS, FEET = range(8)


def person(shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """(33, 3) keypoints of an upright person, 300 px tall."""
    points = np.zeros((33, 3))
    points[:, 2] = 1.0
    for side, x in (("left", 130.0), ("right", 70.0)):
        aside = 30.0 if side == "left" else -30.0
        for name, y, outside in (
            ("ear", 20.0, 0.0), ("shoulder", 60.0, 0.0), ("elbow", 120.0, aside), ("wrist", 150.0, aside),
            ("hip", 160.0, 0.0), ("knee", 230.0, 0.0), ("ankle", 300.0, 0.0), ("heel", 310.0, 0.0),
            ("foot_index", 312.0, 20.0),
        ):  # fmt: skip
            points[blazepose.INDEX[f"{side}_{name}"], :2] = x + outside, y
    points[:, :2] += shift
    return points


def lab(rgb: tuple[int, int, int]) -> np.ndarray:
    pixel = np.array([[rgb]], dtype=np.float32) / 255
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0])


def image() -> np.ndarray:
    """(400, 300, 3) a yellow head, a red trunk and arms, blue legs, black feet, from top to bottom."""
    frame = np.zeros((400, 300, 3), dtype=np.uint8)
    frame[:40], frame[40:165], frame[165:305] = (220, 200, 20), (200, 10, 10), (10, 10, 200)
    return frame


def test_every_part_has_its_colour() -> None:
    appearance = describe_appearance(image(), person())
    for part, color in (
        (HEAD, (220, 200, 20)), (SHOULDERS, (200, 10, 10)), (TRUNK, (200, 10, 10)), (ARMS, (200, 10, 10)),
        (FOREARMS, (200, 10, 10)), (THIGHS, (10, 10, 200)), (SHINS, (10, 10, 200)), (FEET, (0, 0, 0)),
    ):  # fmt: skip
        np.testing.assert_allclose(appearance[part], lab(color), atol=1e-3)


def test_appearance_is_invariant_under_flipping() -> None:
    points = person()
    points[:, 0] = 300 - points[:, 0]
    np.testing.assert_allclose(
        describe_appearance(image()[:, ::-1], points), describe_appearance(image(), person()), atol=1e-6
    )


def test_parts_outside_the_image_are_unknown() -> None:
    assert np.isnan(describe_appearance(image(), person((1000.0, 0.0)))).all()
    appearance = describe_appearance(image()[:200], person())
    assert np.isfinite(appearance[[HEAD, TRUNK, ARMS]]).all()
    assert np.isnan(appearance[[SHINS, FEET]]).all()


def test_a_few_wrong_pixels_change_nothing() -> None:
    frame = image()
    frame[100:110, 90:100] = 255
    np.testing.assert_allclose(describe_appearance(frame, person())[TRUNK], lab((200, 10, 10)), atol=1e-3)
