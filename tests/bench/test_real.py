"""Laws of the benchmark on real video."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bodydouble.bench import real
from bodydouble.data import Performance
from bodydouble.errors import FormatError
from bodydouble.geometry import camera, rotation
from bodydouble.geometry.kinematics import joint_positions
from bodydouble.skeletons import humanoid
from tests import builders

FRAMES = 12


def exact_view() -> tuple[real.RealView, Performance]:
    """A performance, and a view whose ground truth it meets exactly."""
    performance = builders.performance(FRAMES, people=1)
    person = performance.people[0]
    poses = performance.camera.camera_from_world[person.track.frames]
    joints = np.full((FRAMES, len(humanoid.JOINTS), 3), np.nan)
    joints[person.track.frames] = camera.transform(poses, joint_positions(person.motion))
    up = performance.camera.camera_from_world[0, :3, 1]
    return real.RealView("clip, cam", Path("cam.mp4"), humanoid.JOINTS, joints, up), performance


def test_a_performance_has_no_error_with_respect_to_itself() -> None:
    errors = real.compare_view(*exact_view())
    assert errors.frame_count > 0
    assert errors.mpjpe_mm == pytest.approx(0, abs=1e-6)
    assert errors.pa_mpjpe_mm == pytest.approx(0, abs=1e-6)
    assert errors.up_error_deg == pytest.approx(0, abs=1e-4)


def test_a_tilted_world_has_the_angle_of_the_tilt_as_error() -> None:
    view, performance = exact_view()
    tilt = rotation.from_rotvec(np.radians([0.0, 0.0, 7.0]))
    errors = real.compare_view(replace(view, up=rotation.rotate(tilt, view.up)), performance)
    assert errors.up_error_deg == pytest.approx(7.0, abs=1e-6)
    assert errors.mpjpe_mm == pytest.approx(0, abs=1e-6)


def test_the_error_of_an_unknown_up_direction_has_no_column() -> None:
    known = real.ViewErrors("a", 10, 60.0, 40.0, 2.0)
    headings, rows = real.tabulate([known, replace(known, name="b", up_error_deg=4.0)])
    assert headings[-1] == "up, degrees"
    assert [row[-1] for row in rows] == ["2.0", "4.0", "3.0"]
    headings, rows = real.tabulate([replace(known, up_error_deg=float("nan"))])
    assert headings == ["view", "frames", "MPJPE, mm", "PA-MPJPE, mm"]
    assert rows[-1] == ["mean of the views", "10", "60.0", "40.0"]


def test_distance_from_the_camera_does_not_count_and_scale_counts_in_mpjpe_alone() -> None:
    view, performance = exact_view()
    shifted = real.compare_view(replace(view, joints=view.joints + np.array([0.5, -0.2, 3.0])), performance)
    scaled = real.compare_view(replace(view, joints=1.5 * view.joints), performance)
    assert shifted.mpjpe_mm == pytest.approx(0, abs=1e-6)
    assert scaled.mpjpe_mm > 10
    assert scaled.pa_mpjpe_mm == pytest.approx(0, abs=1e-6)


def test_a_view_without_people_has_no_figures() -> None:
    view, _ = exact_view()
    errors = real.compare_view(view, None)
    assert np.isnan(errors.mpjpe_mm)
    assert real.as_dict(real.RealErrors("fast", (errors,), ()))["views"][0]["mpjpe_mm"] is None


def write_truth(folder: Path, **arrays: object) -> None:
    stored = {
        "joints_world": np.zeros((3, 2, 3)),
        "joint_names": np.array(["leftUpperLeg", "rightUpperLeg"]),
        "cam1/rotation_camera_from_world": np.eye(3),
        "cam1/translation_m": np.array([0.0, 0.0, 4.0]),
        "cam2/rotation_camera_from_world": np.eye(3),
        "cam2/translation_m": np.zeros(3),
        **arrays,
    }
    np.savez(folder / "walk_truth.npz", **{k: v for k, v in stored.items() if v is not None})  # type: ignore[arg-type]
    (folder / "cam1.mp4").touch()


def test_views_with_a_video_are_read_in_camera_axes(tmp_path: Path) -> None:
    write_truth(tmp_path)
    (view,) = real.load_views(tmp_path)
    assert view.name == "walk, cam1"
    np.testing.assert_array_equal(view.joints, [[[0.0, 0.0, 4.0]] * 2] * 3)
    np.testing.assert_array_equal(view.up, [0.0, 0.0, 1.0])


@pytest.mark.parametrize("missing", ["joints_world", "cam1/translation_m"])
def test_a_missing_array_is_named(tmp_path: Path, missing: str) -> None:
    write_truth(tmp_path, **{missing: None})
    with pytest.raises(FormatError, match=f"lacks the array {missing}"):
        real.load_views(tmp_path)


def test_a_folder_without_ground_truth_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="has no ground truth"):
        real.measure_folder(tmp_path, "fast")
