"""Parts of backgrounds against known answers and laws."""

import cv2
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import Background, RgbImage
from bodydouble.film.backgrounds.alignment import align_frames, is_static
from bodydouble.film.backgrounds.inpainting import fill_unseen, interpolate_smoothly
from bodydouble.film.backgrounds.median_plate import Sample, compute_plate
from bodydouble.film.backgrounds.person_masks import PersonMasks
from bodydouble.film.backgrounds.picture_file import scale_to_cover
from bodydouble.film.backgrounds.toon_filter import draw_frame, draw_scene
from tests.film.backgrounds.scenes import SIZE, figure, performance_of, texture

WIDTH = 640


def turn(angle: float) -> NDArray[np.float64]:
    """Homography of a camera that turns about the vertical axis."""
    intrinsics = np.array([[500.0, 0, 320], [0, 500, 180], [0, 0, 1]])
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(intrinsics @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ np.linalg.inv(intrinsics))


def apply(homography: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    mapped = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ homography.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def observe(homographies: list[NDArray[np.float64]], noise: float = 0.0) -> Background:
    """Corners of a wide place as a camera sees them: those in view, with noise and some that move by themselves."""
    rng = np.random.default_rng(0)
    place = rng.uniform((-300, 0), (940, 360), (400, 2))
    frames, ids, points = [], [], []
    for index, frame_from_place in enumerate(homographies):
        seen = apply(frame_from_place, place)
        seen[:30] += 3.0 * index
        inside = np.flatnonzero(((seen > 0) & (seen < (WIDTH, 360))).all(axis=1))
        frames.append(np.full(len(inside), index))
        ids.append(inside)
        points.append(seen[inside] + rng.normal(0, noise, (len(inside), 2)))
    return Background(
        len(homographies), np.array([0]), np.concatenate(frames), np.concatenate(ids), np.concatenate(points)
    )


def test_the_homographies_of_a_turning_camera_are_found() -> None:
    true = [turn(angle) for angle in np.linspace(-0.25, 0.25, 21)]
    alignment = align_frames(observe(true, noise=0.1), 0, 21, WIDTH)
    corners = np.array([[20.0, 20.0], [620, 20], [20, 340], [620, 340]])
    for index, plate_from_frame in enumerate(alignment.plate_from_frame):
        expected = apply(true[10] @ np.linalg.inv(true[index]), corners)
        # 0.1 px of noise per corner, a few hundred corners, extrapolated to the edge of the image.
        assert np.abs(apply(plate_from_frame, corners) - expected).max() < 1.0
    assert alignment.inlier_fraction.min() > 0.8


def test_a_shot_is_static_or_not() -> None:
    still = observe([np.eye(3)] * 10, noise=0.1)
    assert is_static(still, 0, 10, WIDTH, stands_still=False)
    turning = observe([turn(angle) for angle in np.linspace(0, 0.05, 10)])
    assert not is_static(turning, 0, 10, WIDTH, stands_still=True)
    assert is_static(turning, 20, 30, WIDTH, stands_still=False), "without corners nothing is known to move"


def test_the_plate_is_the_median_of_what_is_not_covered() -> None:
    values = np.array([10, 20, 30, 40, 250], np.uint8)
    images = [np.full((20, 30, 3), value, np.uint8) for value in values]
    nobody, everybody = np.zeros((20, 30), bool), np.ones((20, 30), bool)
    shown = [Sample(image, nobody, nobody, nobody, None) for image in images[:3]]
    plate = compute_plate([*shown, Sample(images[4], everybody, everybody, nobody, None)], (30, 20))
    assert (plate.image == 20).all() and plate.seen.all()
    hidden = compute_plate([Sample(images[4], everybody, everybody, nobody, None)], (30, 20))
    assert not hidden.seen.any()


def test_frames_with_people_close_by_count_only_where_needed() -> None:
    nobody, everybody = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    close = [Sample(np.full((4, 4, 3), 200, np.uint8), nobody, everybody, nobody, None)] * 5
    free = [Sample(np.full((4, 4, 3), 100, np.uint8), nobody, nobody, nobody, None)] * 3
    assert (compute_plate([*close, *free], (4, 4)).image == 100).all()
    assert (compute_plate([*close, *free[:1]], (4, 4)).image == 200).all()


def test_inpainting_continues_one_colour_and_leaves_the_rest() -> None:
    image = np.full((90, 120, 3), (120, 80, 40), np.uint8)
    hole = np.zeros((90, 120), bool)
    hole[20:70, 40:80] = True
    image[hole] = 255
    assert (fill_unseen(image, hole) == (120, 80, 40)).all()
    place = texture((120, 90))
    assert np.array_equal(fill_unseen(place, hole)[~hole], place[~hole])
    assert fill_unseen(place, np.zeros_like(hole)) is place


def test_inpainting_of_a_picture_that_was_never_seen() -> None:
    filled = fill_unseen(np.zeros((40, 60, 3), np.uint8), np.ones((40, 60), bool))
    assert filled.shape == (40, 60, 3)


def test_smooth_interpolation_keeps_what_is_known() -> None:
    weight = np.zeros((33, 50), np.float32)
    weight[::8, ::8] = 1
    constant = interpolate_smoothly(np.repeat(7.0 * weight[..., None], 3, axis=2), weight)
    np.testing.assert_allclose(constant, 7.0, atol=1e-4)


def mirrored(image: RgbImage) -> RgbImage:
    return np.ascontiguousarray(image[:, ::-1])


def test_a_drawing_of_one_colour_has_one_colour() -> None:
    flat = np.full((96, 128, 3), (90, 140, 200), np.uint8)
    for drawn in (draw_scene(flat), draw_frame(flat, 128)):
        assert np.ptp(drawn.reshape(-1, 3), axis=0).max() == 0


def test_drawings_are_calmer_than_pictures_and_keep_their_edges() -> None:
    grass = np.full((360, 640, 3), (60, 120, 70)) + np.random.default_rng(0).normal(0, 14, (360, 640, 1))
    place = np.clip(grass, 0, 255).astype(np.uint8)
    place[100:250, 200:400] = (230, 220, 40)
    drawn = draw_scene(place)
    patch = np.s_[20:80, 20:120]
    assert cv2.Laplacian(drawn[patch], cv2.CV_32F).std() < 0.5 * cv2.Laplacian(place[patch], cv2.CV_32F).std()
    step = drawn[150:200, 205:215].mean(axis=(0, 1)) - drawn[150:200, 185:195].mean(axis=(0, 1))
    assert np.abs(step).max() > 50


def test_a_mirrored_picture_has_a_mirrored_drawing() -> None:
    place = texture((640, 360))
    # An even box has its centre beside the pixel, so the strokes are shifted by one.
    difference = np.abs(mirrored(draw_scene(mirrored(place))).astype(int) - draw_scene(place))
    assert difference.mean() < 6


def test_masks_cover_the_figure_and_follow_it() -> None:
    points = np.stack([figure((80 + 5.0 * i, 120.0)) for i in range(10)])
    masks = PersonMasks(performance_of(points, 5, 30), SIZE)
    for index in (5, 9, 14):
        x = 80 + 5 * (index - 5)
        mask = masks.draw(index)
        assert mask[110:130, x - 2 : x + 2].all()
        assert not mask[:, : x - 40].any() and not mask[:, x + 40 :].any()
    assert masks.draw(2).any(), "a person who is about to appear is extrapolated"
    assert not masks.draw(29).any()
    assert masks.draw(9, margin=0.5).sum() > masks.draw(9).sum() > masks.draw(9, margin=-0.05).sum()


def test_covering_pictures_keep_their_proportions() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    cv2.circle(image, (100, 50), 20, (255, 255, 255), -1)
    for size in ((300, 300), (640, 360), (90, 160)):
        covered = scale_to_cover(image, size)
        assert covered.shape[:2] == (size[1], size[0])
        rows, columns = (np.flatnonzero((covered[..., 0] > 128).any(axis=axis)) for axis in (1, 0))
        assert abs(np.ptp(rows) - np.ptp(columns)) <= 2
