"""Laws of image reduction and region extraction: images and their coordinates stay together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data import RgbImage
from bodydouble.perception.image.roi import extract_roi, halve, letterbox
from bodydouble.perception.protocols import RotatedRoi

SIZE = 64


def ramp(side: int) -> RgbImage:
    """Red grows with x and green with y, by two per px, so that bilinear sampling and halving once are exact."""
    x, y = np.meshgrid(2 * np.arange(side), 2 * np.arange(side))
    return np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)


@given(x=st.floats(58, 70), y=st.floats(58, 70), side=st.floats(20, 63), angle=st.floats(-np.pi, np.pi))
def test_the_extracted_roi_agrees_with_its_coordinates(x: float, y: float, side: float, angle: float) -> None:
    roi = RotatedRoi(np.array([x, y]), side, angle)
    image = extract_roi(ramp(128), roi, 16)
    across, down = np.meshgrid((np.arange(16) + 0.5) / 16, (np.arange(16) + 0.5) / 16)
    expected = 2 * roi.to_image(np.stack([across, down], axis=-1)) - 1
    # Rounding errs by 0.5 and interpolation by 1/32 px; half a pixel beside would be 1.
    assert np.abs(image[..., :2] - expected).max() < 0.8


def test_a_roi_of_the_output_size_is_copied() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (100, 120, 3), dtype=np.uint8)
    roi = RotatedRoi(np.array([50.0, 40.0]), SIZE, 0.0)
    np.testing.assert_array_equal(extract_roi(frame, roi, SIZE), frame[8:72, 18:82])


@pytest.mark.parametrize("side", [50.0, 200.0, 777.0])
def test_extraction_commutes_with_flipping(side: float) -> None:
    frame = np.zeros((512, 1024, 3), np.uint8)
    frame[:] = 127 + 100 * np.sin(np.arange(1024) / 40)[:, None] * np.cos(np.arange(512) / 30)[:, None, None]
    roi = RotatedRoi(np.array([700.0, 200.0]), side, 0.3)
    flipped = RotatedRoi(np.array([1024 - 700.0, 200.0]), side, -0.3)
    a = extract_roi(frame, roi, SIZE)[:, ::-1].astype(int)
    b = extract_roi(np.ascontiguousarray(frame[:, ::-1]), flipped, SIZE).astype(int)
    assert np.abs(a - b).max() <= 1


@pytest.mark.parametrize("center", [(-500.0, 50.0), (50.0, 5000.0), (1e7, -1e7)])
@pytest.mark.parametrize("side", [10.0, 700.0])
def test_a_roi_outside_the_frame_is_black(center: tuple[float, float], side: float) -> None:
    assert not extract_roi(np.full((90, 90, 3), 255, np.uint8), RotatedRoi(np.array(center), side, 0.2), SIZE).any()


def test_fine_stripes_become_grey_and_do_not_alias() -> None:
    frame = np.zeros((1024, 1024, 3), np.uint8)
    frame[:, ::2] = 255
    image = extract_roi(frame, RotatedRoi(np.array([512.0, 512.0]), 900.0, 0.1), SIZE)
    assert np.ptp(image) <= 4


def test_halving_averages_blocks() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (33, 17, 3), dtype=np.uint8)
    expected = frame[:32, :16].reshape(8, 4, 4, 4, 3).mean(axis=(1, 3))
    assert np.abs(halve(frame, 2) - expected).max() <= 1
    assert halve(frame, 0) is frame


@given(width=st.integers(1, 900), height=st.integers(1, 900))
def test_a_letterbox_keeps_proportions_and_is_symmetric(width: int, height: int) -> None:
    frame = np.full((height, width, 3), 255, np.uint8)
    image, covered = letterbox(frame, 128, 32)
    assert max(image.shape[:2]) == 128
    assert image.shape[0] % 32 == image.shape[1] % 32 == 0
    np.testing.assert_array_equal(image, image[::-1])
    np.testing.assert_array_equal(image, image[:, ::-1])
    pixel = (covered[2:] - covered[:2]) / image.shape[1::-1]
    if min(width, height) * 128 > 40 * max(width, height):
        assert pixel[0] == pytest.approx(pixel[1], rel=0.06)
    centre = 0.5 * (covered[:2] + covered[2:])
    times = np.array([width, height]) - 2 * centre
    assert (times > -1e-6).all() and (times < 16).all()  # what repeated halving drops
