"""Laws of the ground truth from several calibrated cameras."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.bench import real
from bodydouble.bench.camera_arrays import (
    ArrayCamera,
    CameraArray,
    distort,
    load_camera_arrays,
    triangulate,
    undistort,
)
from bodydouble.data import Camera, FloatArray, Performance, Person, Track
from bodydouble.errors import FormatError
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.skeletons import humanoid
from tests import builders

SIZE = (1280, 720)
INTRINSICS = np.array([[800.0, 0.0, 640.0], [0.0, 800.0, 360.0], [0.0, 0.0, 1.0]])
DISTORTION = np.array([-0.3, 0.05, -0.004, 0.004, 0.06])
FRAMES = 8


def array_of_cameras(center: FloatArray, frames: int = FRAMES) -> CameraArray:
    """Four cameras 4 m from a centre, 0.5 rad apart."""
    cameras = []
    for number in range(4):
        pose = np.eye(4)
        pose[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, 0.5 * number, 0.0])))
        pose[:3, 3] = [0.0, 0.0, 4.0] - pose[:3, :3] @ center
        name = f"cam_{number}"
        cameras.append(ArrayCamera(name, Path(f"{name}.mp4"), SIZE, INTRINSICS, DISTORTION, pose, np.arange(frames)))
    return CameraArray("array", tuple(cameras))


def project(view: ArrayCamera, points: FloatArray) -> FloatArray:
    in_camera = camera.transform(view.camera_from_world, points)
    plane = distort(in_camera[..., :2] / in_camera[..., 2:], view.distortion)
    return camera.project(view.intrinsics, np.concatenate([plane, np.ones_like(plane[..., :1])], axis=-1))


def test_undistort_inverts_distort() -> None:
    # Up to 0.8 is the corner of a wide-angle image.
    points = np.random.default_rng(0).uniform(-0.6, 0.6, (50, 2))
    np.testing.assert_allclose(distort(undistort(points, DISTORTION), DISTORTION), points, atol=1e-6)


def test_projected_points_are_triangulated_although_one_view_is_wrong() -> None:
    points = np.random.default_rng(1).uniform(-0.5, 0.5, (20, 3))
    array = array_of_cameras(np.zeros(3))
    pixels = np.stack([project(view, points) for view in array.cameras])
    pixels[2, :10] += 150.0
    result = triangulate(array.cameras, pixels, np.ones(pixels.shape[:-1], dtype=bool))
    np.testing.assert_allclose(result.points, points, atol=1e-5)
    assert np.isnan(result.residuals_px[2, :10]).all()
    assert np.isfinite(result.residuals_px[[0, 1, 3]]).all()


def test_two_views_are_no_ground_truth() -> None:
    array = array_of_cameras(np.zeros(3))
    pixels = np.stack([project(view, np.zeros((1, 3))) for view in array.cameras])
    is_seen = np.array([[True], [True], [False], [False]])
    assert np.isnan(triangulate(array.cameras, pixels, is_seen).points).all()


def exact_performances() -> tuple[CameraArray, list[Performance]]:
    """A motion that every camera of an array observes and captures exactly, up to the choice of its world."""
    motion = builders.smooth_motion(FRAMES, seed=0, fps=Fraction(6))
    landmarks = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    array = array_of_cameras(landmarks.mean(axis=(0, 1)))
    performances = []
    for view in array.cameras:
        pixels = project(view, landmarks)
        keypoints = np.concatenate([pixels, np.ones((FRAMES, 33, 1))], axis=-1)
        boxes = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=-1)
        track = Track(np.arange(FRAMES), np.ones(FRAMES, dtype=bool), boxes, keypoints, np.zeros((FRAMES, 33, 3)))
        poses = np.repeat(view.camera_from_world[None], FRAMES, axis=0)
        person = Person("person1", track, motion)
        performances.append(Performance(motion.fps, FRAMES, Camera(SIZE, INTRINSICS, poses), (person,)))
    return array, performances


def test_an_exact_capture_has_no_error_and_a_view_without_people_no_figures() -> None:
    array, performances = exact_performances()
    errors = real.compare_array(array, [*performances[:3], None])
    assert errors.point_count == errors.max_point_count == FRAMES * len(real.UPPER_BODY)
    assert errors.residual_px == pytest.approx(0, abs=1e-3)
    for view in errors.views[:3]:
        assert view.frame_count == FRAMES
        assert view.mpjpe_mm == pytest.approx(0, abs=0.1)
        assert view.pa_mpjpe_mm == pytest.approx(0, abs=0.1)
    assert np.isnan(errors.views[3].pa_mpjpe_mm)
    assert errors.head_disagreement_deg == pytest.approx(0, abs=1e-6)


def test_a_head_that_one_view_sees_turned_disagrees_with_the_others() -> None:
    array, performances = exact_performances()
    person = performances[0].people[0]
    rotations = person.motion.rotations.copy()
    head = humanoid.INDEX["head"]
    rotations[:, head] = rotation.multiply(rotations[:, head], rotation.from_rotvec(np.array([0.0, 0.3, 0.0])))
    turned = replace(person, motion=replace(person.motion, rotations=rotations))
    errors = real.compare_array(array, [replace(performances[0], people=(turned,)), performances[1], None, None])
    assert errors.head_disagreement_deg == pytest.approx(np.degrees(0.3))
    assert np.isnan(real.compare_array(array, [performances[0], None, None, None]).head_disagreement_deg)


def test_videos_are_compared_at_common_times() -> None:
    array, performances = exact_performances()
    late = array.cameras[1]
    cameras = (array.cameras[0], replace(late, sync_indices=late.sync_indices + 1), *array.cameras[2:])
    errors = real.compare_array(CameraArray("array", cameras), performances)
    # In the shifted view the person moves between the times that are taken for one.
    assert errors.views[1].pa_mpjpe_mm > errors.views[0].pa_mpjpe_mm + 1


CALIBRATION = """
[cameras.{id}]
cam_id = {id}
rotation_count = {turns}
size = [1280, 720]
matrix = [[800.0, 0.0, 640.0], [0.0, 800.0, 360.0], [0.0, 0.0, 1.0]]
distortions = [0.0, 0.0, 0.0, 0.0, 0.0]
translation = [0.0, 0.0, {id}.0]
rotation = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
"""


def write_array(folder: Path, turns: int = 0, cameras: int = 3) -> None:
    (folder / "take").mkdir(parents=True)
    texts = [CALIBRATION.format(id=number, turns=turns) for number in range(cameras)]
    (folder / "camera_array.toml").write_text("".join(texts), encoding="utf-8")
    rows = [f"{index},{number},{index / 6}" for index in (7, 8, 9) for number in range(cameras)]
    (folder / "take" / "timestamps.csv").write_text("\n".join(["sync_index,cam_id,frame_time", *rows]), "utf-8")


def test_a_calibration_is_read_beside_or_inside_a_folder(tmp_path: Path) -> None:
    write_array(tmp_path / "lab")
    (array,) = load_camera_arrays(tmp_path)
    assert load_camera_arrays(tmp_path / "lab")[0].name == array.name == "lab"
    assert array.time_count == 3
    assert array.cameras[2].video == tmp_path / "lab" / "take" / "cam_2.mp4"
    assert array.cameras[2].camera_from_world[2, 3] == 2.0
    np.testing.assert_array_equal(array.cameras[0].sync_indices, [0, 1, 2])


@pytest.mark.parametrize("key", ["matrix", "translation", "size"])
def test_a_missing_key_of_the_calibration_is_named(tmp_path: Path, key: str) -> None:
    write_array(tmp_path / "lab")
    path = tmp_path / "lab" / "camera_array.toml"
    path.write_text(path.read_text("utf-8").replace(f"{key} =", "other ="), "utf-8")
    with pytest.raises(FormatError, match=f"lacks {key}"):
        load_camera_arrays(tmp_path)


def test_bad_arrays_are_errors(tmp_path: Path) -> None:
    write_array(tmp_path / "turned", turns=1)
    with pytest.raises(FormatError, match="upright"):
        load_camera_arrays(tmp_path / "turned")
    write_array(tmp_path / "pair", cameras=2)
    with pytest.raises(FormatError, match="2 cameras"):
        load_camera_arrays(tmp_path / "pair")
    (tmp_path / "pair" / "take" / "timestamps.csv").unlink()
    with pytest.raises(FormatError, match="holds 0 files"):
        load_camera_arrays(tmp_path / "pair")
