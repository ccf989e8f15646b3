"""Varied bodies: joints and landmarks move together, left and right stay equal, and the seed decides."""

import numpy as np
import pytest

from bodydouble.motion.body import proportions
from bodydouble.synthetic import bodies
from bodydouble.training.varied_bodies import sample_bone_scales, vary_proportions


def lengths(body: bodies.Body) -> np.ndarray:
    return proportions.bone_lengths(bodies.build_humanoid_skeleton(body))


@pytest.mark.parametrize("seed", range(4))
def test_bones_are_scaled_by_the_drawn_factors(seed: int) -> None:
    body = bodies.load_bodies()[seed]
    varied = vary_proportions(body, np.random.default_rng(seed))
    np.testing.assert_allclose(
        lengths(varied) / lengths(body), sample_bone_scales(np.random.default_rng(seed)), rtol=1e-9
    )


def test_left_and_right_stay_mirror_images() -> None:
    body = bodies.load_bodies()[3]
    varied = vary_proportions(body, np.random.default_rng(5))
    for side, values in (("before", body.joints), ("after", varied.joints)):
        left, right = (values[bodies.JOINTS.index(f"{name}Hand")] for name in ("left", "right"))
        assert np.abs(left * [-1, 1, 1] - right).max() < 0.02, side


def test_landmarks_keep_their_distance_from_the_joint_in_lengths_of_the_bone() -> None:
    body = bodies.load_bodies()[0]
    varied = vary_proportions(body, np.random.default_rng(2))
    carriers, offsets = bodies.attach_landmarks(body)
    _, varied_offsets = bodies.attach_landmarks(varied)
    scales = np.linalg.norm(varied_offsets, axis=-1) / np.maximum(np.linalg.norm(offsets, axis=-1), 1e-9)
    for joint in set(carriers.tolist()):
        own = scales[(carriers == joint) & (np.linalg.norm(offsets, axis=-1) > 1e-6)]
        if len(own):
            np.testing.assert_allclose(own, own[0], rtol=1e-6)


def test_spread_is_as_documented() -> None:
    rng = np.random.default_rng(0)
    spread = np.log([sample_bone_scales(rng) for _ in range(2000)]).std(axis=0)
    assert dict(zip(proportions.BONES, spread.round(2), strict=True)) == pytest.approx(
        {
            "trunk": 0.05, "head": 0.06, "shoulders": 0.07, "upper arm": 0.058, "forearm": 0.058,
            "pelvis": 0.09, "thigh": 0.058, "shank": 0.058, "foot": 0.06,
        },
        abs=0.006,
    )  # fmt: skip
