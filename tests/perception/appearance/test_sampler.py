"""Samples of drawn people: colours come from the body, not from its surroundings."""

from dataclasses import replace

import cv2
import numpy as np

from bodydouble.data import FloatArray, Observation, RgbImage
from bodydouble.perception.appearance.estimate import estimate_appearance
from bodydouble.perception.appearance.sampler import AppearanceSampler
from bodydouble.skeletons import blazepose
from tests.builders import assert_same

WIDTH, HEIGHT, SCALE = 400, 500, 200.0
SKIN, TOP, BOTTOM, SHOES, HAIR = (225, 180, 150), (40, 90, 200), (60, 50, 45), (230, 230, 235), (90, 50, 20)
SURROUNDINGS = (20, 160, 60)
_POSE = {
    "nose": (0.0, 0.0), "eye_inner": (0.02, -0.035), "eye": (0.031, -0.037), "eye_outer": (0.043, -0.036),
    "ear": (0.078, -0.02), "mouth": (0.025, 0.033), "shoulder": (0.16, 0.20), "elbow": (0.30, 0.42),
    "wrist": (0.42, 0.62), "pinky": (0.45, 0.68), "index": (0.46, 0.69), "thumb": (0.44, 0.67), "hip": (0.10, 0.70),
    "knee": (0.16, 1.10), "ankle": (0.20, 1.52), "heel": (0.20, 1.57), "foot_index": (0.24, 1.62),
}  # fmt: skip
"""Place of each landmark of the left side relative to the nose, m."""


def keypoints(x: float = 200.0, y: float = 80.0) -> FloatArray:
    """(33, 3) landmarks of a person who faces the camera with the arms away from the body."""
    rows = []
    for name in blazepose.LANDMARKS:
        stem = name.replace("left_", "").replace("right_", "").replace("_left", "").replace("_right", "")
        across, down = _POSE[stem]
        rows.append([x + SCALE * across * (1 if "left" in name else -1), y + SCALE * down, 1.0])
    return np.array(rows)


def draw_person(points: FloatArray, sleeve: float = 0.5, *, skirt: bool = False) -> RgbImage:
    """Draws a person of flat colours on flat surroundings; sleeves end at a share of the upper arm."""
    image = np.full((HEIGHT, WIDTH, 3), SURROUNDINGS, np.uint8)
    at = {name: points[i, :2] for name, i in blazepose.INDEX.items()}

    def line(start: FloatArray, end: FloatArray, color: tuple[int, int, int], radius: float) -> None:
        a, b = (tuple(np.round(16 * p).astype(int).tolist()) for p in (start, end))
        cv2.line(image, a, b, color, round(2 * radius * SCALE), cv2.LINE_AA, 4)

    for side in ("left", "right"):
        shoulder, elbow, hip, knee = (at[f"{side}_{name}"] for name in ("shoulder", "elbow", "hip", "knee"))
        line(elbow, at[f"{side}_wrist"], SKIN, 0.035)
        line(shoulder, elbow, SKIN, 0.045)
        line(shoulder, shoulder + sleeve * (elbow - shoulder), TOP, 0.05)
        line(hip, knee, BOTTOM, 0.075)
        line(knee, at[f"{side}_ankle"], BOTTOM, 0.05)
        line(at[f"{side}_ankle"], at[f"{side}_foot_index"], SHOES, 0.04)
    corners = [at["left_shoulder"], at["right_shoulder"], at["right_hip"], at["left_hip"]]
    cv2.fillConvexPoly(image, np.round(corners).astype(np.int32), TOP)
    if skirt:
        legs = [(at[f"{side}_hip"], at[f"{side}_knee"], at[f"{side}_ankle"]) for side in ("left", "right")]
        for _, knee, ankle in legs:
            line(knee + 0.3 * (ankle - knee), ankle, SKIN, 0.05)
        hem = [knee + 0.3 * (ankle - knee) for _, knee, ankle in reversed(legs)]
        cv2.fillConvexPoly(image, np.round([legs[0][0], legs[1][0], *hem]).astype(np.int32), BOTTOM)
    nose = at["nose"]
    head = (round(float(nose[0])), round(float(nose[1]) - 8))
    line(nose, (at["left_shoulder"] + at["right_shoulder"]) / 2, SKIN, 0.05)
    cv2.ellipse(image, head, (16, 24), 0, 0, 360, HAIR, -1, cv2.LINE_AA)
    cv2.ellipse(image, (head[0], head[1] + 6), (15, 19), 0, 0, 360, SKIN, -1, cv2.LINE_AA)
    return image


def observe(points: FloatArray) -> Observation:
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return Observation(np.concatenate([low, high]), points, np.zeros((33, 3)), 1.0)


def color_of(values: tuple[int, int, int]) -> FloatArray:
    return np.array(values) / 255


def test_colors_and_garments_of_a_drawn_person() -> None:
    points = keypoints()
    (sample,) = AppearanceSampler(30.0).sample_people(draw_person(points), [observe(points)])
    assert sample is not None
    seen = estimate_appearance([sample] * 3)
    assert seen is not None and seen.top_color and seen.bottom_color and seen.skin_color and seen.shoe_color
    for trait, color in (
        (seen.top_color, TOP), (seen.bottom_color, BOTTOM), (seen.skin_color, SKIN), (seen.shoe_color, SHOES),
        (seen.hair_color, HAIR),
    ):  # fmt: skip
        assert trait is not None
        assert_same(trait.value, color_of(color), 0.06)
    # Half of the upper arm, 0.26 of the arm, and the round end of the line.
    assert seen.sleeve and abs(seen.sleeve.value - 0.36) < 0.06
    assert seen.leg and seen.leg.value > 0.9
    assert seen.bottom and seen.bottom.value == "trousers"
    assert seen.shoes and seen.shoes.value == "shoes"
    assert seen.pattern and seen.pattern.value == "plain"


def test_a_skirt_is_cloth_between_the_legs() -> None:
    points = keypoints()
    (sample,) = AppearanceSampler(30.0).sample_people(draw_person(points, skirt=True), [observe(points)])
    assert sample is not None
    seen = estimate_appearance([sample] * 3)
    assert seen is not None and seen.bottom is not None and seen.bottom.value == "skirt"


def test_the_mirror_image_has_mirrored_samples() -> None:
    points = keypoints(180.0)
    frame = draw_person(points)
    mirrored = points[list(blazepose.MIRROR)] * [-1, 1, 1] + [WIDTH, 0, 0]
    sampler = AppearanceSampler(30.0)
    (sample,) = sampler.sample_people(frame, [observe(points)])
    (other,) = sampler.sample_people(np.ascontiguousarray(frame[:, ::-1]), [observe(mirrored)])
    assert sample is not None and other is not None
    # Half a pixel of the reduced image lies between a point and its mirror image; flat parts do not notice.
    assert_same(other.torso[2:-2, 1:-1], sample.torso[2:-2, ::-1][:, 1:-1], 1e-6)
    assert_same(other.limbs[:, ::-1][:, :, 4:6], sample.limbs[:, :, 4:6], 1e-6)
    assert abs(other.turn + sample.turn) < 1e-6


def test_a_nearer_person_hides_the_farther_one() -> None:
    points = keypoints()
    near = keypoints()
    near[:, :2] = (near[:, :2] - [200.0, 80.0]) * 1.2 + [200.0, 80.0]
    far_sample, near_sample = AppearanceSampler(30.0).sample_people(draw_person(near), [observe(points), observe(near)])
    assert far_sample is not None and near_sample is not None
    assert np.isnan(far_sample.torso).all()
    assert np.isfinite(near_sample.torso).any()


def test_uncertain_limbs_are_unknown() -> None:
    points = keypoints()
    points[blazepose.INDEX["left_elbow"], 2] = 0.1
    (sample,) = AppearanceSampler(30.0).sample_people(draw_person(points), [observe(points)])
    assert sample is not None
    assert np.isnan(sample.limbs[:2, 0]).all() and np.isfinite(sample.limbs[:2, 1]).all()


def test_small_people_are_not_sampled() -> None:
    points = keypoints() * [0.1, 0.1, 1.0]
    assert AppearanceSampler(30.0).sample_people(draw_person(keypoints()), [observe(points)]) == [None]


def test_samples_are_rarer_after_a_minute() -> None:
    sampler = AppearanceSampler(30.0)
    frames = [frame for frame in range(3600) if sampler.is_due(frame)]
    assert frames[:3] == [0, 8, 16]
    assert sum(frame < 1800 for frame in frames) == 225
    assert sum(frame >= 1800 for frame in frames) == 14


def test_nothing_is_known_without_samples() -> None:
    assert estimate_appearance([]) is None
    points = keypoints()
    (sample,) = AppearanceSampler(30.0).sample_people(draw_person(points), [observe(points)])
    assert sample is not None
    assert estimate_appearance([replace(sample, weight=0.0)]) is None
