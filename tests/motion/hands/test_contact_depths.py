"""Steps along the line of sight bring surfaces into touch."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.motion.hands.contact_depths import nearest_free_steps, steps_in_front
from bodydouble.motion.hands.surfaces import Spheres

RNG = np.random.default_rng(3)
FRAMES = 300


def random_spheres(count: int) -> Spheres:
    return Spheres(RNG.normal(scale=0.08, size=(FRAMES, count, 3)), RNG.uniform(0.01, 0.03, count))


def gaps(moved: Spheres, fixed: Spheres, steps: FloatArray) -> FloatArray:
    """Smallest distances (T,) between the surfaces after steps in z; negative where they intersect."""
    centers = moved.centers + steps[:, None, None] * np.array([0.0, 0.0, 1.0])
    distances = np.linalg.norm(centers[:, :, None] - fixed.centers[:, None], axis=-1)
    return np.asarray((distances - moved.radii[:, None] - fixed.radii).min(axis=(1, 2)))


def test_a_surface_in_front_touches_and_nothing_nearer_to_the_camera_does() -> None:
    moved, fixed = random_spheres(9), random_spheres(7)
    steps = steps_in_front(moved, fixed)
    meets = np.isfinite(steps)
    assert meets.sum() > FRAMES / 2
    np.testing.assert_allclose(gaps(moved, fixed, steps)[meets], 0.0, atol=1e-9)
    for distance in (0.001, 0.05, 0.5):
        assert np.all(gaps(moved, fixed, steps - distance)[meets] > 0)


def test_the_nearest_free_steps_touch_without_intersecting() -> None:
    moved, fixed = random_spheres(9), random_spheres(7)
    nearer, farther, inside = nearest_free_steps(moved, fixed)
    np.testing.assert_array_equal(inside, gaps(moved, fixed, np.zeros(FRAMES)) < 0)
    for steps, sign in ((nearer, -1), (farther, 1)):
        known = np.isfinite(steps)
        assert known[inside].all()
        assert np.all(sign * steps[known] >= 0)
        np.testing.assert_allclose(gaps(moved, fixed, steps)[known], 0.0, atol=1e-6)


def test_surfaces_beside_each_other_never_meet() -> None:
    moved, fixed = (Spheres(np.array([[[x, 0.0, 0.0]]]), np.array([0.02])) for x in (0.0, 0.05))
    assert np.isnan(steps_in_front(moved, fixed)).all()
    nearer, farther, inside = nearest_free_steps(moved, fixed)
    assert np.isnan(nearer).all() and np.isnan(farther).all() and not inside.any()


def test_a_mirrored_depth_mirrors_the_steps() -> None:
    moved, fixed = random_spheres(9), random_spheres(7)
    flip = np.array([1.0, 1.0, -1.0])
    nearer, farther, _ = nearest_free_steps(moved, fixed)
    mirrored = nearest_free_steps(
        Spheres(moved.centers * flip, moved.radii), Spheres(fixed.centers * flip, fixed.radii)
    )
    np.testing.assert_allclose(mirrored[0], -farther, atol=1e-7)
    np.testing.assert_allclose(mirrored[1], -nearer, atol=1e-7)
