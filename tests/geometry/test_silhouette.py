"""Laws of silhouettes, segment distances and depth order."""

import numpy as np
import pytest

from bodydouble.geometry.silhouette import (
    MAX_RADIUS,
    Silhouette,
    build_silhouettes,
    depth_within,
    is_nearer,
    segment_distance,
    trunk_length,
)
from bodydouble.skeletons import blazepose

RNG = np.random.default_rng(3)
PEOPLE = RNG.normal(size=(5, 33, 2)) * 60 + 300
POINTS = RNG.uniform(100, 500, (5, 40, 2))


def test_depth_is_1_on_the_axis_and_0_at_the_edge() -> None:
    line = Silhouette(np.array([[0.0, 0.0]]), np.array([[10.0, 0.0]]), np.array([2.0]))
    points = np.array([[5.0, 0.0], [5.0, 1.0], [5.0, 2.0], [5.0, -3.0], [11.0, 0.0], [-2.5, 0.0]])
    assert np.allclose(depth_within(points, line), [1.0, 0.5, 0.0, 0.0, 0.5, 0.0])


def test_depth_is_the_maximum_over_all_lines() -> None:
    body = build_silhouettes(PEOPLE[0])
    each = [
        depth_within(POINTS[0], Silhouette(body.starts[i : i + 1], body.ends[i : i + 1], body.radii[i : i + 1]))
        for i in range(len(body.radii))
    ]
    assert np.allclose(depth_within(POINTS[0], body), np.max(each, axis=0))


def test_joints_of_limbs_are_inside() -> None:
    ends = [blazepose.INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("elbow", "knee", "ankle")]
    assert np.allclose(depth_within(PEOPLE, build_silhouettes(PEOPLE))[:, ends], 1.0)


def test_points_beyond_the_largest_radius_are_outside() -> None:
    radius = MAX_RADIUS * trunk_length(PEOPLE)[:, None, None]
    right = PEOPLE[..., 0].max(axis=1)[:, None, None] + radius + 1e-3
    assert not depth_within(np.concatenate([right, right], axis=-1), build_silhouettes(PEOPLE)).any()


def test_batches_are_computed_person_by_person() -> None:
    batch = depth_within(POINTS, build_silhouettes(PEOPLE))
    single = [depth_within(points, build_silhouettes(person)) for points, person in zip(POINTS, PEOPLE, strict=True)]
    assert np.allclose(batch, single)


@pytest.mark.parametrize("scale", [0.1, 7.0])
def test_depth_is_independent_of_scale_and_position(scale: float) -> None:
    shift = np.array([-40.0, 900.0])
    moved = depth_within(scale * POINTS + shift, build_silhouettes(scale * PEOPLE + shift))
    assert np.allclose(moved, depth_within(POINTS, build_silhouettes(PEOPLE)))
    assert np.array_equal(is_nearer(scale * PEOPLE[:4], scale * PEOPLE[1:]), is_nearer(PEOPLE[:4], PEOPLE[1:]))


def test_a_mirrored_person_has_the_mirrored_silhouette() -> None:
    flip = np.array([-1.0, 1.0])
    swapped = PEOPLE[:, list(blazepose.MIRROR)] * flip
    assert np.allclose(
        depth_within(POINTS * flip, build_silhouettes(swapped)), depth_within(POINTS, build_silhouettes(PEOPLE))
    )


def test_at_most_one_of_two_people_is_nearer() -> None:
    a, b = PEOPLE[:, None], PEOPLE[None]
    assert not (is_nearer(a, b) & is_nearer(b, a)).any()
    assert is_nearer(PEOPLE + np.array([0.0, 500.0]), PEOPLE).all()


def test_segment_distance_is_the_smallest_distance_to_points_of_the_segment() -> None:
    starts, ends, points = RNG.normal(size=(3, 30, 3))
    fractions = np.linspace(0, 1, 2001)[:, None, None]
    samples = starts + fractions * (ends - starts)
    expected = np.linalg.norm(samples - points, axis=-1).min(axis=0)
    assert np.allclose(segment_distance(points, starts, ends), expected, atol=1e-5)


def test_segment_distance_of_a_segment_without_length_is_that_of_a_point() -> None:
    points, center = RNG.normal(size=(2, 10, 2))
    assert np.allclose(segment_distance(points, center, center), np.linalg.norm(points - center, axis=-1))
