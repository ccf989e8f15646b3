"""Figures of faces on arrays made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.bench import face_errors, faces
from bodydouble.bench.face_errors import BlinkCounts, FaceSamples
from bodydouble.data import BLENDSHAPE_COUNT, Camera, FloatArray
from bodydouble.geometry import rotation
from bodydouble.skeletons.arkit import INDEX

BLINKS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


def _samples(true: FloatArray, estimated: FloatArray, size: float = 100.0) -> FaceSamples:
    """Returns faces with weights (T, 52), a gaze that is half the true one, and a head that is 3 degrees off."""
    count = len(true)
    gaze = np.stack([np.linspace(-0.2, 0.2, count), np.zeros(count)], axis=1)
    found = np.isfinite(estimated[:, 0])
    return FaceSamples(
        np.full(count, size), np.ones(count, dtype=bool), found, true, estimated, gaze,
        np.where(found[:, None], 0.5 * gaze, np.nan), np.full(count, np.radians(3.0)), np.full(count, np.radians(1.0)),
    )  # fmt: skip


def _weights(count: int, **values: list[float]) -> FloatArray:
    weights = np.zeros((count, BLENDSHAPE_COUNT))
    for name, row in values.items():
        weights[:, INDEX[name]] = row
    return weights


def test_correlation_is_that_of_frames_with_a_face() -> None:
    true = _weights(5, jawOpen=[0.0, 0.2, 0.4, 0.6, 0.9], cheekPuff=[0.0, 1.0, 0.0, 1.0, 0.0])
    estimated = 0.5 * true + 0.1
    estimated[:, INDEX["cheekPuff"]] = 0.3
    estimated[4] = np.nan
    known = face_errors.correlations(_samples(true, estimated))
    assert known[INDEX["jawOpen"]] == pytest.approx(1.0)
    assert known[INDEX["cheekPuff"]] == 0.0  # the estimate stands still
    assert np.isnan(known[INDEX["mouthLeft"]])  # the truth does


def test_blinks_match_within_two_frames() -> None:
    true, estimated = np.zeros((40, BLENDSHAPE_COUNT)), np.zeros((40, BLENDSHAPE_COUNT))
    for first, last in ((5, 7), (15, 17), (30, 32)):
        true[first : last + 1, BLINKS] = 1.0
    for first, last in ((8, 9), (21, 22), (31, 31)):
        estimated[first : last + 1, BLINKS] = 0.9
    assert face_errors.count_blinks(_samples(true, estimated)) == BlinkCounts(3, 2, 3, 2)


def test_steady_errors_do_not_contain_the_mean_rotation() -> None:
    rng = np.random.default_rng(0)
    heads = rotation.from_rotvec(rng.normal(0.0, 0.3, (50, 3)))
    offset = rotation.from_rotvec(np.array([0.2, 0.1, 0.0]))
    tilted = rotation.multiply(heads, offset)
    tilted[7] = np.nan
    errors = face_errors.steady_errors(heads, tilted)
    assert np.isnan(errors[7])
    assert np.nanmax(errors) < 1e-6


def test_figures_by_size() -> None:
    true = _weights(30, jawOpen=np.linspace(0.0, 1.0, 30).tolist())
    small, large = _samples(true, true, 50.0), _samples(true, true, 150.0)
    figures = faces.figures_by_size([small, large])
    assert list(figures) == ["40 to 60 px", "120 to 200 px", "80 px and more, all"]
    row = figures["80 px and more, all"]
    assert row.frames == 30
    assert row.found == 1.0
    assert row.gaze_slope[0] == pytest.approx(0.5)
    assert row.head_error_deg == pytest.approx(3.0)
    assert row.steady_head_error_deg == pytest.approx(1.0)
    assert row.goal_correlation == pytest.approx(1.0)
    report = faces.build_report([small, large], 30, "balanced")
    assert report.tables["Correlation of the weights"][1][0] == ["jawOpen", "1.00", "at least 0.8"]


def test_faces_that_are_turned_away_do_not_count() -> None:
    true = _weights(30, jawOpen=np.linspace(0.0, 1.0, 30).tolist())
    samples = _samples(true, np.where(np.arange(30)[:, None] < 10, np.nan, true))
    turned = replace(samples, is_facing=np.arange(30) >= 10)
    assert faces.compute_figures([samples]).found == pytest.approx(2 / 3)
    assert faces.compute_figures([turned]).found == 1.0
    assert faces.compute_figures([turned]).frames == 20


def test_turn_is_the_angle_to_the_direction_of_the_camera() -> None:
    view = Camera((640, 480), np.eye(3), np.tile(np.eye(4), (2, 1, 1)))
    landmarks = np.tile([0.0, 0.0, 2.0], (2, 33, 1))
    facing = np.array([1.0, 0.0, 0.0, 0.0])  # half a turn about x: a head that faces the camera
    aside = rotation.multiply(facing, rotation.from_rotvec(np.array([0.0, 0.7, 0.0])))
    np.testing.assert_allclose(
        face_errors.face_turns(np.stack([facing, aside]), landmarks, view), [0.0, 0.7], atol=1e-7
    )
