"""Glasses on drawn faces."""

import cv2
import numpy as np
import pytest

from bodydouble.data import RgbImage
from bodydouble.perception.appearance.glasses import has_glasses, locate_eyes
from tests.perception.appearance.test_sampler import keypoints


def draw_eyes(skin: tuple[int, int, int]) -> RgbImage:
    """Draws the skin, eyes and brows of a face, 64 px for 16 cm."""
    image = np.full((64, 64, 3), skin, np.uint8)
    dark = tuple(int(0.4 * channel) for channel in skin)
    for x in (19, 45):
        cv2.ellipse(image, (x, 32), (5, 2), 0, 0, 360, (235, 235, 235), -1, cv2.LINE_AA)
        cv2.circle(image, (x, 32), 2, (50, 40, 30), -1, cv2.LINE_AA)
        cv2.line(image, (x - 6, 24), (x + 6, 24), dark, 2, cv2.LINE_AA)
    rng = np.random.default_rng(0)
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


SKINS = [(225, 180, 150), (140, 95, 70), (180, 190, 215)]


@pytest.mark.parametrize("skin", SKINS)
def test_a_face_without_glasses(skin: tuple[int, int, int]) -> None:
    assert not has_glasses(draw_eyes(skin))


@pytest.mark.parametrize("skin", SKINS)
@pytest.mark.parametrize("rim", [(20, 20, 25), (60, 10, 40)])
def test_rims_and_bridge_are_glasses(skin: tuple[int, int, int], rim: tuple[int, int, int]) -> None:
    image = draw_eyes(skin)
    for x in (19, 45):
        cv2.ellipse(image, (x, 33), (10, 8), 0, 0, 360, rim, 1, cv2.LINE_AA)
    cv2.line(image, (28, 31), (36, 31), rim, 1, cv2.LINE_AA)
    assert has_glasses(image)


def test_a_bridge_alone_is_a_wrinkle() -> None:
    image = draw_eyes(SKINS[0])
    cv2.line(image, (28, 31), (36, 31), (60, 40, 30), 1, cv2.LINE_AA)
    assert not has_glasses(image)


def test_sunglasses_are_glasses() -> None:
    image = draw_eyes(SKINS[0])
    for x in (19, 45):
        cv2.ellipse(image, (x, 34), (11, 9), 0, 0, 360, (25, 25, 30), -1, cv2.LINE_AA)
    assert has_glasses(image)


def test_small_and_turned_faces_are_not_judged() -> None:
    near = keypoints()
    near[:, :2] *= 3
    assert locate_eyes(near, 0.0) is not None
    assert locate_eyes(near, 0.8) is None and locate_eyes(near, float("nan")) is None
    assert locate_eyes(keypoints(), 0.0) is None
