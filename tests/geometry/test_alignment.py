"""Similarity alignment of point sets, against SciPy."""

import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation

from bodydouble.geometry.alignment import fit_similarity
from tests.builders import Floats, assert_same


def _pair(seed: int, noise: float = 0.1) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(22, 3))
    matrix = Rotation.random(rng=rng).as_matrix()
    return source, 1.7 * source @ matrix.T + rng.normal(size=3) + noise * rng.normal(size=(22, 3))


@pytest.mark.parametrize("seed", range(3))
def test_exact_similarity_is_undone(seed: int) -> None:
    source, target = _pair(seed, noise=0.0)
    fit = fit_similarity(source, target)
    assert_same(fit.apply(source), target, 1e-12)
    assert_same(fit.scale, 1.7, 1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_residual_is_that_of_scipy_procrustes(seed: int) -> None:
    source, target = _pair(seed)
    residual = np.sum((fit_similarity(source, target).apply(source) - target) ** 2)
    spread = np.sum((target - target.mean(axis=0)) ** 2)
    assert_same(residual / spread, procrustes(target, source)[2], 1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_rotation_is_that_of_scipy_align_vectors(seed: int) -> None:
    source, target = _pair(seed)
    expected, _ = Rotation.align_vectors(target - target.mean(axis=0), source - source.mean(axis=0))
    assert_same(fit_similarity(source, target, scaled=False).rotation, expected.as_matrix(), 1e-12)


def test_the_transform_is_never_a_reflection() -> None:
    source, _ = _pair(0)
    fit = fit_similarity(source, source * [-1, 1, 1])
    assert_same(np.linalg.det(fit.rotation), 1.0, 1e-12)
    assert np.abs(fit.apply(source) - source * [-1, 1, 1]).max() > 0.1


def test_nan_points_are_ignored() -> None:
    source, target = _pair(1)
    expected = fit_similarity(source[4:], target[4:])
    source[:2], target[2:4] = np.nan, np.nan
    fit = fit_similarity(source, target)
    assert_same(fit.scale, expected.scale, 1e-12)
    assert_same(fit.rotation, expected.rotation, 1e-12)
    assert_same(fit.translation, expected.translation, 1e-12)


def test_frames_are_fitted_one_by_one() -> None:
    pairs = [_pair(seed) for seed in range(4)]
    batch = fit_similarity(np.stack([a for a, _ in pairs]), np.stack([b for _, b in pairs]))
    for i, (source, target) in enumerate(pairs):
        assert_same(batch.apply(np.stack([source] * 4))[i], fit_similarity(source, target).apply(source), 1e-12)


def test_no_valid_points_give_nan() -> None:
    fit = fit_similarity(np.full((5, 3), np.nan), np.zeros((5, 3)))
    assert np.isnan(fit.apply(np.zeros((5, 3)))).all()
