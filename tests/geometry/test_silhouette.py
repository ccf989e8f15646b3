"""What people cover in the picture."""

import numpy as np
import pytest

from bodydouble.geometry.silhouette import (
    MAX_RADIUS,
    Silhouette,
    build_silhouettes,
    depth_within,
    is_nearer,
    trunk_length,
)
from bodydouble.skeletons import blazepose

RNG = np.random.default_rng(3)
PEOPLE = RNG.normal(size=(5, 33, 2)) * 60 + 300
POINTS = RNG.uniform(100, 500, (5, 40, 2))


def test_a_thick_line_is_deepest_in_its_middle() -> None:
    line = Silhouette(np.array([[0.0, 0.0]]), np.array([[10.0, 0.0]]), np.array([2.0]))
    points = np.array([[5.0, 0.0], [5.0, 1.0], [5.0, 2.0], [5.0, -3.0], [11.0, 0.0], [-2.5, 0.0]])
    assert np.allclose(depth_within(points, line), [1.0, 0.5, 0.0, 0.0, 0.5, 0.0])


def test_the_deepest_of_all_limbs_counts() -> None:
    body = build_silhouettes(PEOPLE[0])
    each = [
        depth_within(POINTS[0], Silhouette(body.starts[i : i + 1], body.ends[i : i + 1], body.radii[i : i + 1]))
        for i in range(len(body.radii))
    ]
    assert np.allclose(depth_within(POINTS[0], body), np.max(each, axis=0))


def test_ends_of_limbs_lie_within() -> None:
    ends = [blazepose.INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("elbow", "knee", "ankle")]
    assert np.allclose(depth_within(PEOPLE, build_silhouettes(PEOPLE))[:, ends], 1.0)


def test_far_from_all_landmarks_nothing_is_covered() -> None:
    reach = MAX_RADIUS * trunk_length(PEOPLE)[:, None, None]
    right = PEOPLE[..., 0].max(axis=1)[:, None, None] + reach + 1e-3
    assert not depth_within(np.concatenate([right, right], axis=-1), build_silhouettes(PEOPLE)).any()


def test_people_are_treated_alike_alone_and_together() -> None:
    together = depth_within(POINTS, build_silhouettes(PEOPLE))
    alone = [depth_within(points, build_silhouettes(person)) for points, person in zip(POINTS, PEOPLE, strict=True)]
    assert np.allclose(together, alone)


@pytest.mark.parametrize("scale", [0.1, 7.0])
def test_scale_and_place_do_not_matter(scale: float) -> None:
    shift = np.array([-40.0, 900.0])
    moved = depth_within(scale * POINTS + shift, build_silhouettes(scale * PEOPLE + shift))
    assert np.allclose(moved, depth_within(POINTS, build_silhouettes(PEOPLE)))
    assert np.array_equal(is_nearer(scale * PEOPLE[:4], scale * PEOPLE[1:]), is_nearer(PEOPLE[:4], PEOPLE[1:]))


def test_a_mirrored_person_covers_the_mirrored_places() -> None:
    flip = np.array([-1.0, 1.0])
    swapped = PEOPLE[:, list(blazepose.MIRROR)] * flip
    assert np.allclose(
        depth_within(POINTS * flip, build_silhouettes(swapped)), depth_within(POINTS, build_silhouettes(PEOPLE))
    )


def test_of_two_at_most_one_is_nearer() -> None:
    one, other = PEOPLE[:, None], PEOPLE[None]
    assert not (is_nearer(one, other) & is_nearer(other, one)).any()
    assert is_nearer(PEOPLE + np.array([0.0, 500.0]), PEOPLE).all()
