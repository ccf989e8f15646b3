"""Rendered glasses."""

import numpy as np
import pytest

from bodydouble.synthetic.bodies import load_bodies
from bodydouble.synthetic.close_ups import face_parts
from bodydouble.synthetic.close_ups.glasses import build_glasses

BODY = load_bodies()[0]


@pytest.mark.parametrize("is_dark", [False, True])
def test_glasses_stand_before_the_eyes(is_dark: bool) -> None:
    meshes = build_glasses(BODY, np.random.default_rng(0), is_dark=is_dark)
    assert [mesh.name for mesh in meshes] == (["glasses", "lenses"] if is_dark else ["glasses"])
    centers, radii = face_parts.eyeballs(BODY)
    front = meshes[-1].positions[:, 2].max()
    assert front > (centers[:, 2] + radii).max()
    assert (
        meshes[0].positions[:, 0].min() < centers[:, 0].min() and meshes[0].positions[:, 0].max() > centers[:, 0].max()
    )


def test_glasses_are_symmetric() -> None:
    (frame,) = build_glasses(BODY, np.random.default_rng(1), is_dark=False)
    assert abs(frame.positions[:, 0].max() + frame.positions[:, 0].min()) < 2e-3


def test_equal_seeds_give_equal_glasses() -> None:
    first, second = (build_glasses(BODY, np.random.default_rng(5), is_dark=True) for _ in range(2))
    assert all(np.array_equal(a.positions, b.positions) for a, b in zip(first, second, strict=True))
