import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.render.overlay import PALETTE, draw_face, draw_hand, draw_name, draw_skeleton, line_width, person_color
from bodydouble.render.text import blend_patch, render_label
from bodydouble.skeletons import blazepose, face_mesh, hand

COLOR = (40, 120, 240)
KNEE, ANKLE = blazepose.INDEX["left_knee"], blazepose.INDEX["left_ankle"]


def _blank() -> NDArray[np.uint8]:
    return np.full((240, 320, 3), 128, dtype=np.uint8)


def _shin(a: tuple[float, float], b: tuple[float, float], confidence: float = 1.0) -> FloatArray:
    keypoints = np.full((33, 3), np.nan)
    keypoints[:, 2] = 0.0
    keypoints[KNEE] = *a, confidence
    keypoints[ANKLE] = *b, confidence
    return keypoints


def _distance_to_segment(a: FloatArray, b: FloatArray) -> FloatArray:
    rows, columns = np.mgrid[0:240, 0:320] + 0.5
    pixels = np.stack([columns, rows], axis=-1)
    step = b - a
    along = np.clip(((pixels - a) @ step) / max(float(step @ step), 1e-9), 0.0, 1.0)
    return np.asarray(np.linalg.norm(pixels - (a + along[..., None] * step), axis=-1))


inside = st.tuples(st.floats(0.0, 320.0), st.floats(0.0, 240.0))


@given(inside, inside)
def test_bones_lie_between_keypoints_and_nowhere_else(a: tuple[float, float], b: tuple[float, float]) -> None:
    image = _blank()
    draw_skeleton(image, _shin(a, b), COLOR)
    distance = _distance_to_segment(np.array(a), np.array(b))
    changed = np.any(image != _blank(), axis=-1)
    assert np.all(changed[distance < 0.5])
    assert not np.any(changed[distance > line_width((320, 240)) + 3.0])


def test_the_lines_of_a_hand_lie_between_its_landmarks() -> None:
    tip, shades = hand.INDEX["index_tip"], []
    keypoints = np.full((21, 3), [np.nan, np.nan, 0.0])
    keypoints[[tip - 1, tip]] = (60.0, 100.0, 1.0), (90.0, 60.0, 1.0)
    distance = _distance_to_segment(keypoints[tip - 1, :2], keypoints[tip, :2])
    for is_left in (True, False):
        image = _blank()
        draw_hand(image, keypoints, COLOR, is_left=is_left)
        changed = np.any(image != _blank(), axis=-1)
        assert np.all(changed[distance < 0.5])
        assert not np.any(changed[distance > 4.0])
        shades.append(image[changed].sum())
    assert shades[0] > shades[1]


def test_the_lines_of_a_face_lie_between_its_landmarks_and_are_not_drawn_where_it_was_not_seen() -> None:
    outline = np.random.default_rng(0).uniform([20, 20], [300, 220], (len(face_mesh.OUTLINE_POINTS), 2))
    image = _blank()
    draw_face(image, np.full_like(outline, np.nan), COLOR)
    assert np.array_equal(image, _blank())
    draw_face(image, outline, COLOR)
    starts = np.cumsum([0, *(len(line) for line in face_mesh.OUTLINES)])
    pairs = [(i, i + 1) for i in range(len(outline) - 1) if i + 1 not in starts]
    distance = np.min([_distance_to_segment(outline[a], outline[b]) for a, b in pairs], axis=0)
    changed = np.any(image != 128, axis=-1)
    assert not changed[distance > 2.5].any() and changed[distance < 0.3].mean() > 0.95


def test_left_is_lighter_than_right() -> None:
    brightness = []
    for side in ("left", "right"):
        image = _blank()
        keypoints = np.zeros((33, 3))
        keypoints[blazepose.INDEX[f"{side}_knee"]] = 60.0, 120.5, 1.0
        keypoints[blazepose.INDEX[f"{side}_ankle"]] = 260.0, 120.5, 1.0
        draw_skeleton(image, keypoints, COLOR)
        brightness.append(int(image[120, 160].sum()))
    assert brightness[0] > sum(COLOR) > brightness[1]


def test_uncertain_bones_are_translucent_and_unobserved_ones_are_not_drawn() -> None:
    contrast = []
    for confidence in (0.9, 0.45, 0.31, 0.29):
        image = _blank()
        draw_skeleton(image, _shin((60.0, 120.5), (260.0, 120.5), confidence), COLOR)
        contrast.append(int(np.abs(image[120, 160].astype(int) - 128).sum()))
    assert contrast[0] > contrast[1] > contrast[2] > contrast[3] == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e12])
def test_unusable_keypoints_change_nothing(value: float) -> None:
    image = _blank()
    keypoints = np.full((33, 3), value)
    keypoints[:, 2] = 1.0
    draw_skeleton(image, keypoints, COLOR)
    np.testing.assert_array_equal(image, _blank())


def test_a_bone_towards_a_keypoint_outside_the_image_keeps_its_direction() -> None:
    image = _blank()
    draw_skeleton(image, _shin((160.0, 120.5), (5000.0, 120.5)), COLOR)
    changed = np.any(image != _blank(), axis=-1)
    assert changed[120, 300]
    assert not changed[:, :150].any()
    assert not changed[140:].any()


def test_names_are_above_the_head_and_inside_the_image() -> None:
    keypoints = np.zeros((33, 3))
    keypoints[blazepose.INDEX["nose"]] = 160.0, 80.0, 1.0
    keypoints[blazepose.INDEX["left_ankle"]] = 160.0, 220.0, 1.0
    image = _blank()
    draw_name(image, keypoints, "person 1", COLOR)
    rows, columns = np.nonzero(np.any(image != _blank(), axis=-1))
    assert rows.min() > 0
    assert rows.max() < 78
    assert columns.mean() == pytest.approx(160.0, abs=1.5)
    for corner in ((0.0, 0.0), (320.0, 240.0)):
        keypoints[0, :2] = corner
        at_edge = _blank()
        draw_name(at_edge, keypoints, "person 1", COLOR)
        assert np.count_nonzero(np.any(at_edge != _blank(), axis=-1)) == pytest.approx(len(rows), rel=0.02)


def test_a_person_without_visible_keypoints_has_no_name() -> None:
    image = _blank()
    draw_name(image, _shin((10.0, 10.0), (20.0, 20.0), 0.1), "person 1", COLOR)
    np.testing.assert_array_equal(image, _blank())


@given(st.integers(-40, 80), st.integers(-40, 80))
def test_patches_are_blended_by_alpha_and_clipped(x: int, y: int) -> None:
    random = np.random.default_rng((x + 40) * 1000 + y + 40)
    image = random.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    alpha = random.integers(0, 256, (20, 30, 1))
    patch = np.concatenate([random.integers(0, 256, (20, 30, 3)) * alpha // 255, alpha], axis=-1).astype(np.uint8)
    expected = np.zeros((200, 200, 3))
    expected[60:110, 60:120] = image
    under = expected[60 + y : 80 + y, 60 + x : 90 + x]
    under[...] = under * (1 - patch[..., 3:] / 255) + patch[..., :3]
    blend_patch(image, patch, x, y)
    np.testing.assert_allclose(image, expected[60:110, 60:120], atol=1.0)


def test_label_text_is_readable_on_its_background() -> None:
    for background in PALETTE:
        patch = render_label("person 1", 16, background).astype(int)
        opaque = patch[patch[..., 3] == 255][:, :3]
        contrast = np.abs(opaque - background).sum(axis=1)
        assert contrast.max() > 200
        assert np.median(contrast) < 10


def test_colours_of_people_differ() -> None:
    assert len(set(PALETTE)) == len(PALETTE) == 8
    assert person_color(9) == PALETTE[1]
