"""Laws of the comparison of heavily downsampled frames, on drawn rooms."""

from functools import cache

import cv2
import numpy as np
import pytest

from bodydouble.data import FloatArray, RgbImage
from bodydouble.perception.shots.frame_similarity import (
    BLACK_LEVEL,
    FrameSignature,
    changed_fraction,
    content_change,
    downsample,
    edge_correlation,
    edge_energy,
    edge_mixture_fraction,
)
from bodydouble.perception.shots.gradual import (
    MAX_EDGE_CORRELATION,
    MAX_EDGE_ENERGY,
    MIN_CHANGE,
    MIN_CHANGED_FRACTION,
    MIN_MIXTURE_FRACTION,
)

SIZE = (480, 270)
SEEDS = range(6)


@cache
def room(seed: int) -> RgbImage:
    """(540, 960, 3) a room with large and small shapes, larger than a frame."""
    rng = np.random.default_rng(seed)
    colors = rng.uniform(40, 160, (5, 9, 3)).astype(np.float32)
    image = np.clip(cv2.resize(colors, (960, 540), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)
    for _ in range(25):
        x, y, w, h = rng.integers(0, 900), rng.integers(0, 500), rng.integers(30, 200), rng.integers(30, 250)
        cv2.rectangle(image, (int(x), int(y)), (int(x + w), int(y + h)), rng.integers(0, 256, 3).tolist(), -1)
    return image


def view(seed: int, x: int = 240, y: int = 135) -> RgbImage:
    """(270, 480, 3) the part of a room that begins at this pixel."""
    return np.ascontiguousarray(room(seed)[y : y + SIZE[1], x : x + SIZE[0]])


def light(frame: RgbImage, levels: FloatArray) -> RgbImage:
    """Multiplies a frame by the light (270, 480) that falls on each pixel, 0 to 1."""
    return np.round(frame * levels[..., None]).astype(np.uint8)


def signature(seed: int, x: int = 240, y: int = 135) -> FrameSignature:
    return downsample(view(seed, x, y))


def change(first: FrameSignature, second: FrameSignature) -> float:
    return content_change(first.small, second.small)


def flip(frame: FrameSignature) -> FrameSignature:
    return FrameSignature(np.ascontiguousarray(frame.small[:, ::-1]), np.ascontiguousarray(frame.detailed[:, ::-1]))


@pytest.mark.parametrize("seed", SEEDS)
def test_content_change_is_zero_for_the_same_frame_symmetric_and_a_fraction(seed: int) -> None:
    first, second = signature(seed), signature(seed + 10)
    assert change(first, first) == 0.0
    assert change(first, second) == change(second, first)
    assert 0.0 < change(first, second) <= 1.0
    # Correlations in float32 are rounded to 1e-6.
    assert change(flip(first), flip(second)) == pytest.approx(change(first, second), abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_another_room_changes_more_content_than_a_pan_or_other_light(seed: int) -> None:
    first = signature(seed)
    panned = signature(seed, x=240 + 30)  # 2 px of the small image, less than the search radius
    darker = downsample((view(seed) * 0.5).astype(np.uint8))
    # The pan uncovers 2 of 32 columns, 6 %; other light uncovers nothing. MIN_CHANGE separates two places.
    assert change(first, panned) < 0.1
    assert change(first, darker) < 0.01
    assert change(first, signature(seed + 10)) > MIN_CHANGE


@pytest.mark.parametrize("seed", SEEDS)
def test_edges_of_a_frame_correlate_with_themselves_in_any_light(seed: int) -> None:
    frame = signature(seed)
    assert edge_correlation(frame, frame) == pytest.approx(1.0, abs=1e-5)  # float32
    # A coloured light scales each channel, which is a constant in the logarithm but for LOG_OFFSET (10 of about
    # 100 grey levels) and rounding: measured 0.003 at most.
    lit = downsample(np.round(view(seed) * np.array([0.9, 0.7, 0.5])).astype(np.uint8))
    assert edge_correlation(frame, lit) > 0.99
    # Light that falls off to 15 % at one side scales edges by place; without the logarithm they correlate by 0.95.
    falling_off = np.broadcast_to(np.linspace(0.15, 1.0, SIZE[0]), SIZE[::-1])
    assert edge_correlation(frame, downsample(light(view(seed), falling_off))) > 0.98


@pytest.mark.parametrize("seed", SEEDS)
def test_edge_correlation_is_symmetric_low_for_other_rooms_and_the_same_in_a_mirror(seed: int) -> None:
    first, second = signature(seed), signature(seed + 10)
    # Sums of 6912 float32 products are rounded to 1e-6.
    assert edge_correlation(first, second) == pytest.approx(edge_correlation(second, first), abs=1e-5)
    assert edge_correlation(flip(first), flip(second)) == pytest.approx(edge_correlation(first, second), abs=1e-5)
    assert edge_correlation(first, second) < MAX_EDGE_CORRELATION


@pytest.mark.parametrize("fraction", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("seed", SEEDS)
def test_edges_of_a_mixture_are_those_of_both_frames(seed: int, fraction: float) -> None:
    before, after = view(seed), view(seed + 10)
    middle = downsample(np.round((1 - fraction) * before + fraction * after).astype(np.uint8))
    # Rounding the mixture and its signature adds a variance of 1/6 to edges of about 15 grey levels: below 0.1 %.
    assert edge_mixture_fraction(downsample(before), middle, downsample(after)) > 0.998
    assert edge_mixture_fraction(downsample(before), signature(seed + 20), downsample(after)) < MIN_MIXTURE_FRACTION


@pytest.mark.parametrize("bar", [0, 60, 160])
@pytest.mark.parametrize("seed", SEEDS)
def test_two_places_differ_everywhere_between_black_bars_and_one_place_only_where_someone_moves(
    seed: int, bar: int
) -> None:
    before, after, moved = view(seed).copy(), view(seed + 10).copy(), view(seed).copy()
    moved[60:240, 220:320] = 255 - moved[60:240, 220:320]
    for frame in (before, after, moved):
        frame[:, :bar] = frame[:, SIZE[0] - bar :] = 0
    first, second, third = (downsample(frame) for frame in (before, after, moved))
    assert changed_fraction(first, second) == changed_fraction(second, first) > MIN_CHANGED_FRACTION
    share = 180 * 100 / (SIZE[1] * (SIZE[0] - 2 * bar))
    # A row of pixels of the small image (15 px) along the outline counts as changed if a part of it is.
    assert 0.8 * share < changed_fraction(first, third) < 1.5 * share
    assert changed_fraction(first, first) == 0


@pytest.mark.parametrize("fraction", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("seed", SEEDS)
def test_edges_fade_in_a_mixture_and_not_in_a_pan(seed: int, fraction: float) -> None:
    before, after = view(seed), view(seed + 10)
    mixture = downsample(np.round((1 - fraction) * before + fraction * after).astype(np.uint8))
    energies = [edge_energy(downsample(frame)) for frame in (before, after)]
    mean_energy = (1 - fraction) * energies[0] + fraction * energies[1]
    assert edge_energy(mixture) < MAX_EDGE_ENERGY * mean_energy
    # Of edges that have nothing in common, each frame's fade by the square of its share in the mixture. Those of two
    # rooms have a correlation of up to 0.1 by chance.
    expected = (1 - fraction) ** 2 * energies[0] + fraction**2 * energies[1]
    assert edge_energy(mixture) == pytest.approx(expected, rel=0.2)
    panned = [edge_energy(signature(seed, 60 * i)) for i in range(9)]  # what enters and leaves the picture differs
    assert panned[4] > MAX_EDGE_ENERGY * (panned[3] + panned[5]) / 2


@pytest.mark.parametrize("level", [0, int(BLACK_LEVEL) - 1, int(BLACK_LEVEL), 200])
def test_a_plain_frame_keeps_its_level_and_is_black_below_the_limit(level: int) -> None:
    frame = downsample(np.full((270, 480, 3), level, np.uint8))
    assert frame.small.shape == (18, 32, 3) and frame.detailed.shape == (36, 64, 3)
    assert (frame.small == level).all() and (frame.detailed == level).all()
    assert frame.is_black == (level < BLACK_LEVEL)


def test_the_signature_does_not_depend_on_the_resolution() -> None:
    frame = view(3)
    large = np.repeat(np.repeat(frame, 2, axis=0), 2, axis=1)
    # Bilinear sampling places edges differently by up to a pixel of 320 x 180, which is a tenth of a small pixel.
    assert change(downsample(frame), downsample(large)) == 0.0
