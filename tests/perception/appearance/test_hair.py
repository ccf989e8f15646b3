"""Hair of drawn heads."""

import cv2
import numpy as np
import pytest

from bodydouble.data import AppearanceSample, FloatArray, RgbImage
from bodydouble.perception.appearance.colors import to_lab
from bodydouble.perception.appearance.estimate import estimate_appearance
from bodydouble.perception.appearance.hair import HairShares, measure_hair
from tests import builders

SKIN, HAIR, TOP, WALL = (225, 180, 150), (80, 45, 20), (30, 80, 190), (180, 190, 185)


def draw_head(end: int | None, hair: tuple[int, int, int] = HAIR) -> RgbImage:
    """Draws a head from the front, 1 px per cm; its hair ends in a row, None: it is bald."""
    image = np.full((64, 64, 3), WALL, np.uint8)
    if end is not None:
        cv2.ellipse(image, (32, 18), (9, 12), 0, 0, 360, hair, -1)
        cv2.rectangle(image, (23, 18), (41, end), hair, -1)
    cv2.rectangle(image, (28, 26), (36, 40), SKIN, -1)
    cv2.rectangle(image, (16, 37), (48, 64), TOP, -1)
    if end is not None and end > 37:
        cv2.rectangle(image, (23, 36), (27, end), hair, -1)
        cv2.rectangle(image, (37, 36), (41, end), hair, -1)
    top = 7 if end is None else 14
    cv2.ellipse(image, (32, (top + 30) // 2), (7, (30 - top) // 2), 0, 0, 360, SKIN, -1)
    rng = np.random.default_rng(0)
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


def sample(head: RgbImage, turn: float = 0.0) -> AppearanceSample:
    plain = builders.appearance_sample()
    skin, top = np.array(SKIN) / 255, np.array(TOP) / 255
    return AppearanceSample(
        limbs=np.full((4, 2, 8, 3), skin), arms_over_trunk=plain.arms_over_trunk,
        between_legs=np.full((2, 8, 3), np.nan), beside_legs=np.full((2, 2, 8, 3), np.nan),
        torso=np.full((10, 8, 3), top), feet=np.full((2, 3), np.nan), hands=np.full((2, 3), skin),
        face=np.full((5, 6, 3), skin), head=head, turn=turn, glasses=plain.glasses, weight=plain.weight,
    )  # fmt: skip


def measure(head: RgbImage) -> HairShares:
    shares = measure_hair([sample(head)] * 3, lab(SKIN), lab(TOP))
    assert shares is not None
    return shares


def lab(color: tuple[int, int, int]) -> FloatArray:
    return to_lab(np.array(color) / 255)


@pytest.mark.parametrize(
    ("end", "length"), [(None, "bald"), (22, "short"), (32, "bob"), (38, "shoulder"), (52, "long")]
)
def test_length_of_drawn_hair(end: int | None, length: str) -> None:
    seen = estimate_appearance([sample(draw_head(end))] * 3)
    assert seen is not None and seen.hair is not None
    assert seen.hair.value == length


@pytest.mark.parametrize("color", [HAIR, (20, 18, 20), (215, 190, 90), (150, 60, 30)])
def test_color_of_drawn_hair(color: tuple[int, int, int]) -> None:
    found = measure(draw_head(30, color)).color
    assert found is not None
    np.testing.assert_allclose(found, lab(color), atol=5.0)


def test_the_mirror_image_has_the_same_hair() -> None:
    head = draw_head(38)
    first, second = (measure(image) for image in (head, np.ascontiguousarray(head[:, ::-1])))
    assert first.end == pytest.approx(second.end, abs=1.0)
    assert first.color is not None and second.color is not None
    np.testing.assert_allclose(first.color, second.color, atol=1.0)


def test_a_cap_of_a_color_that_hair_has_not_is_a_hat() -> None:
    seen = estimate_appearance([sample(draw_head(20, (20, 120, 170)))] * 3)
    assert seen is not None and seen.hat is not None and seen.hat_color is not None
    assert seen.hat.value == "hat" and seen.hair_color is None
