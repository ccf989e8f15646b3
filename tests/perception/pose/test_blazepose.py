"""Laws of landmarks, for every network behind the protocol."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from bodydouble.data import RgbImage
from bodydouble.geometry.similarity import pose_similarity
from bodydouble.perception.pose.blazepose import BlazePose, roi_from_alignment
from bodydouble.perception.pose.movenet import MoveNetDetector, MoveNetOptions
from bodydouble.perception.protocols import LandmarkModel, Landmarks, RotatedRoi
from bodydouble.skeletons import blazepose, coco
from tests.perception.test_models import golden

CROP = RotatedRoi(np.array([128.0, 128.0]), 256.0, 0.0)
HEIGHT = 220.0
"""Of the man in the crop, px."""


@pytest.fixture(scope="module", params=["lite", "full", "heavy"])
def model(request: pytest.FixtureRequest) -> Iterator[LandmarkModel]:
    yield BlazePose(request.param)


@pytest.fixture(scope="module")
def crop() -> RgbImage:
    return np.asarray(golden("pictures")["crop"], np.uint8)


def settled(model: LandmarkModel, frame: RgbImage, region: RotatedRoi) -> Landmarks:
    """Landmarks after the region has come to rest."""
    for _ in range(3):
        region = model.locate(frame, region).roi
    return model.locate(frame, region)


def turned(frame: RgbImage, angle: float) -> tuple[RgbImage, np.ndarray]:
    """The picture turned about its middle on a larger black one, and the (2, 3) map of coordinates."""
    c, s = np.cos(angle), np.sin(angle)
    axes = np.array([[c, -s], [s, c]])
    shift = np.array([200.0, 200.0]) - axes @ [128.0, 128.0]
    index_shift = shift + axes @ [0.5, 0.5] - 0.5
    picture = cv2.warpAffine(frame, np.column_stack([axes, index_shift]), (400, 400))
    return np.asarray(picture, np.uint8), np.column_stack([axes, shift])


def test_the_man_in_the_crop_is_seen(model: LandmarkModel, crop: RgbImage) -> None:
    found = model.locate(crop, CROP)
    assert found.presence > 0.9
    points = dict(zip(blazepose.LANDMARKS, found.keypoints, strict=True))
    assert points["left_shoulder"][0] > points["right_shoulder"][0]  # he faces the camera
    assert points["left_wrist"][1] < points["nose"][1] < points["left_hip"][1] < points["left_ankle"][1]
    assert (found.keypoints[:, 2] >= 0).all() and (found.keypoints[:, 2] <= 1).all()


def test_rough_joints_are_metres_about_the_hips(model: LandmarkModel, crop: RgbImage) -> None:
    joints = model.locate(crop, CROP).landmarks_3d
    hips = joints[[blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]]
    np.testing.assert_allclose(hips.mean(axis=0), 0.0, atol=1e-12)
    assert joints[blazepose.INDEX["nose"], 1] < -0.3  # y points down, as the camera's does
    assert 1.0 < np.ptp(joints[:, 1]) < 2.4


def test_nobody_is_present_in_an_empty_picture(model: LandmarkModel) -> None:
    assert model.locate(np.full((256, 256, 3), 90, np.uint8), CROP).presence < 0.5


@pytest.mark.parametrize("angle", [0.7, np.pi / 2, np.pi, -2.0])
def test_a_turned_picture_gives_turned_landmarks(model: LandmarkModel, crop: RgbImage, angle: float) -> None:
    upright, at_rest = turned(crop, 0.0)
    start = RotatedRoi(np.array([200.0, 200.0]), 300.0, 0.0)
    expected = settled(model, upright, start)
    frame, from_crop = turned(crop, angle)
    found = settled(model, frame, RotatedRoi(start.center, start.side, angle))
    in_crop = expected.keypoints[:, :2] - at_rest[:, 2]
    difference = found.keypoints[:, :2] - (in_crop @ from_crop[:, :2].T + from_crop[:, 2])
    assert np.linalg.norm(difference, axis=1).mean() < 0.02 * HEIGHT
    joints = expected.landmarks_3d.copy()
    joints[:, :2] = joints[:, :2] @ from_crop[:, :2].T
    assert np.linalg.norm(found.landmarks_3d - joints, axis=1).mean() < 0.08


def test_a_moved_picture_gives_moved_landmarks(model: LandmarkModel, crop: RgbImage) -> None:
    shift = np.array([64.0, 32.0])
    frame = np.zeros((400, 400, 3), np.uint8)
    frame[32 : 32 + 256, 64 : 64 + 256] = crop
    here, there = model.locate(crop, CROP), model.locate(frame, RotatedRoi(CROP.center + shift, CROP.side, 0.0))
    np.testing.assert_allclose(there.keypoints[:, :2], here.keypoints[:, :2] + shift, atol=1e-9)
    np.testing.assert_allclose(there.landmarks_3d, here.landmarks_3d, atol=1e-12)


def test_a_large_picture_gives_the_same_landmarks(model: LandmarkModel, crop: RgbImage) -> None:
    frame = np.repeat(np.repeat(crop, 8, axis=0), 8, axis=1)
    here, there = model.locate(crop, CROP), model.locate(frame, RotatedRoi(CROP.center * 8, CROP.side * 8, 0.0))
    np.testing.assert_allclose(there.keypoints[:, :2] / 8, here.keypoints[:, :2], atol=1e-3)


def test_a_mirrored_picture_gives_mirrored_landmarks(model: LandmarkModel, crop: RgbImage) -> None:
    here = settled(model, crop, CROP)
    there = settled(model, np.ascontiguousarray(crop[:, ::-1]), CROP)
    mirrored = there.keypoints[list(blazepose.MIRROR), :2] * [-1, 1] + [256, 0]
    # The network itself is not exactly symmetric; left and right exchanged would be wrong by far more.
    assert np.linalg.norm(mirrored - here.keypoints[:, :2], axis=1).mean() < 0.04 * HEIGHT


def test_looked_at_both_ways_a_mirrored_picture_gives_exactly_mirrored_landmarks(crop: RgbImage) -> None:
    model = BlazePose("lite", flip_test=True)
    here, there = model.locate(crop, CROP), model.locate(np.ascontiguousarray(crop[:, ::-1]), CROP)
    swap = list(blazepose.MIRROR)
    np.testing.assert_allclose(there.keypoints[swap] * [-1, 1, 1] + [256, 0, 0], here.keypoints, atol=1e-3)
    np.testing.assert_allclose(there.landmarks_3d[swap] * [-1, 1, 1], here.landmarks_3d, atol=1e-5)
    assert there.presence == pytest.approx(here.presence, abs=1e-6)
    assert there.roi.angle == pytest.approx(-here.roi.angle, abs=1e-5)


def test_the_first_region_leads_to_the_same_pose_as_following(model: LandmarkModel, crop: RgbImage) -> None:
    (detection,) = MoveNetDetector(MoveNetOptions((256,))).detect(crop)
    region = model.roi_from_detection(detection)
    rest = settled(model, crop, region).roi
    assert np.linalg.norm(region.center - rest.center) < 0.1 * rest.side
    assert region.side == pytest.approx(rest.side, rel=0.25)
    pose = model.locate(crop, region).keypoints[list(coco.FROM_BLAZEPOSE), :2]
    assert pose_similarity(pose, detection.keypoints[:, :2]) > 0.7


@pytest.mark.parametrize(("up", "angle"), [((0, -1), 0.0), ((1, 0), np.pi / 2), ((-1, 0), -np.pi / 2), ((0, 1), np.pi)])
def test_the_circle_point_lies_straight_up_in_the_region(up: tuple[int, int], angle: float) -> None:
    center = np.array([50.0, 60.0])
    region = roi_from_alignment(center, center + 10.0 * np.array(up))
    assert np.cos(region.angle - angle) == pytest.approx(1.0)
    assert region.side == pytest.approx(25.0)
    np.testing.assert_allclose(region.to_image(np.array([0.5, 0.5 - 0.4])), center + 10.0 * np.array(up), atol=1e-9)
