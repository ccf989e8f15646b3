"""Detection of lines: ends in px of the frame, nothing on people or at the border, few frames."""

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage
from bodydouble.perception.line_segments import LineDetector

NOBODY = np.empty((0, 4))


def frame_with_lines(*lines: tuple[int, int, int, int], size: tuple[int, int] = (1280, 720)) -> RgbImage:
    """Returns a grey frame with white lines between (x, y, x, y) px."""
    frame = np.full((size[1], size[0], 3), 90, np.uint8)
    for x0, y0, x1, y1 in lines:
        cv2.line(frame, (x0, y0), (x1, y1), (255, 255, 255), 8, cv2.LINE_AA)
    return frame


def detect(frame: RgbImage, boxes: FloatArray = NOBODY) -> FloatArray:
    detector = LineDetector(30.0)
    detector.process_frame(0, frame, boxes)
    return detector.result().points


def test_finds_a_line_in_px_of_the_frame() -> None:
    points = detect(frame_with_lines((300, 100, 500, 600)))
    assert len(points) >= 1
    direction = points[:, 1] - points[:, 0]
    slope = direction[:, 0] / direction[:, 1]
    np.testing.assert_allclose(slope, 0.4, atol=0.01)
    np.testing.assert_allclose(points[:, 0, 0] - slope * (points[:, 0, 1] - 100), 300, atol=8)


def test_lines_on_people_and_in_black_bars_are_left_out() -> None:
    frame = frame_with_lines((300, 100, 500, 600), (20, 6, 1260, 6))
    points = detect(frame, np.array([[250.0, 50.0, 550.0, 650.0]]))
    assert not len(points)


def test_short_lines_are_left_out() -> None:
    assert not len(detect(frame_with_lines((300, 300, 320, 320))))


def test_lines_are_detected_once_a_second_and_at_the_start_of_a_shot() -> None:
    detector = LineDetector(30.0)
    due = [index for index in range(100) if detector.is_due(index, is_shot_start=index in (0, 40))]
    assert due == [0, 30, 40, 70]


def test_the_result_is_scaled() -> None:
    detector = LineDetector(30.0)
    detector.process_frame(0, frame_with_lines((300, 100, 500, 600)), NOBODY)
    plain, scaled = detector.result(), detector.result(np.array([2.0, 2.0]))
    np.testing.assert_allclose(scaled.points, 2 * plain.points)
    assert scaled.pixel_size == 2 * plain.pixel_size
    assert not len(LineDetector(30.0).result().frames)
