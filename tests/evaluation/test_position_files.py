import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.errors import FormatError
from bodydouble.evaluation.position_files import load_cameras, load_keypoints, load_positions
from bodydouble.geometry.camera import project, transform
from tests.builders import assert_same
from tests.evaluation import position_data
from tests.evaluation.position_data import write
from tests.formats.test_pickled_arrays import Calls

SYMMETRY = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]


def as_stored(takes: dict[str, dict[str, Any]], store: Any) -> dict[str, dict[str, Any]]:
    return {subject: {action: store(take) for action, take in actions.items()} for subject, actions in takes.items()}


@pytest.mark.parametrize("joints", [32, 17])
def test_human36m_files_of_32_and_17_joints_give_17(tmp_path: Path, joints: int) -> None:
    takes = position_data.h36m_takes()
    stored = as_stored(
        takes, lambda take: (position_data.with_all_32_joints(take) if joints == 32 else take).astype(np.float32)
    )
    loaded = load_positions(write(tmp_path / "data_3d_h36m.npz", positions_3d=stored))
    assert {s: list(actions) for s, actions in loaded.items()} == {s: list(a) for s, a in takes.items()}
    for subject, actions in takes.items():
        for action, take in actions.items():
            (view,) = loaded[subject][action]
            assert_same(view, take, 1e-6)


def test_humaneva_files_have_15_joints(tmp_path: Path) -> None:
    takes = position_data.humaneva_takes()
    loaded = load_positions(write(tmp_path / "data_3d_humaneva15.npz", positions_3d=takes))
    (view,) = loaded["Validate/S1"]["Jog 1 chunk2"]
    assert_same(view, takes["Validate/S1"]["Jog 1 chunk2"], 0.0)


@pytest.mark.parametrize("store", [list, tuple, np.array], ids=["list", "tuple", "stacked"])
def test_predictions_may_have_several_views(tmp_path: Path, store: Any) -> None:
    takes = position_data.h36m_takes()
    stored = as_stored(takes, lambda take: store([take, take + 1.0, take + 2.0]))
    loaded = load_positions(write(tmp_path / "a.npz", positions_3d=stored))
    views = loaded["S9"]["Walking"]
    assert len(views) == 3
    assert_same(views[2], takes["S9"]["Walking"] + 2.0, 1e-12)


def test_keypoints_of_every_camera_are_read(tmp_path: Path) -> None:
    takes, rig = position_data.h36m_takes(), position_data.cameras(("S9",))["S9"]
    pixels = as_stored(
        takes, lambda take: [project(c.intrinsics, transform(c.camera_from_world[0], take)).astype("f4") for c in rig]
    )
    metadata = {"layout_name": "h36m", "num_joints": 17, "keypoints_symmetry": SYMMETRY}
    loaded = load_keypoints(write(tmp_path / "a.npz", positions_2d=pixels, metadata=metadata))
    assert (loaded.layout, loaded.left, loaded.right) == ("h36m", tuple(SYMMETRY[0]), tuple(SYMMETRY[1]))
    for camera, view in zip(rig, loaded.takes["S11"]["Sitting 2"], strict=True):
        in_camera = transform(camera.camera_from_world[0], takes["S11"]["Sitting 2"])
        assert_same(view, project(camera.intrinsics, in_camera), 1e-3)


def test_keypoints_may_carry_a_confidence_and_no_layout(tmp_path: Path) -> None:
    pixels = np.arange(4 * 17 * 3.0).reshape(4, 17, 3)
    path = write(
        tmp_path / "a.npz", positions_2d={"S9": {"Walking": [pixels]}}, metadata={"keypoints_symmetry": SYMMETRY}
    )
    loaded = load_keypoints(path)
    assert loaded.layout is None
    assert_same(loaded.takes["S9"]["Walking"][0], pixels[..., :2], 0.0)


def test_a_stacked_take_is_not_mistaken_for_views(tmp_path: Path) -> None:
    """Views of equal length may be stored as an array of objects or as an array of numbers."""
    takes = np.random.default_rng(0).normal(size=(2, 5, 17, 2))
    for stored in (takes, list(takes), np.array([*takes, None], dtype=object)[:2]):
        path = write(
            tmp_path / "a.npz", positions_2d={"S9": {"Walking": stored}}, metadata={"keypoints_symmetry": SYMMETRY}
        )
        views = load_keypoints(path).takes["S9"]["Walking"]
        assert len(views) == 2
        assert_same(views[1], takes[1], 0.0)


def test_cameras_are_read_back(tmp_path: Path) -> None:
    rigs = position_data.cameras(("S9", "S11"))
    loaded = load_cameras(position_data.write_cameras(tmp_path / "cameras.json", rigs))
    assert list(loaded) == ["S9", "S11"]
    for camera, expected in zip(loaded["S11"], rigs["S11"], strict=True):
        assert camera.image_size == expected.image_size
        assert_same(camera.intrinsics, expected.intrinsics, 0.0)
        assert_same(camera.camera_from_world, expected.camera_from_world, 0.0)


def test_a_malicious_file_runs_nothing(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    path = write(tmp_path / "a.npz", positions_3d={"S9": {"Walking": Calls(Path.mkdir, victim)}})
    with pytest.raises(FormatError, match=r"a\.npz asks to run 'pathlib.*mkdir' when it is read; .*ran nothing"):
        load_positions(path)
    with pytest.raises(FormatError, match="holds no positions_2d"):
        load_keypoints(path)
    assert not victim.exists()
    pickle.loads(pickle.dumps(Calls(Path.mkdir, victim)))
    assert victim.exists(), "the pickle is malicious"


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ([1, 2], "no dict"),
        (None, "dict of subjects"),
        ({"S9": np.zeros((3, 17, 3))}, "dict of subjects"),
        ({"S9": {"Walking": np.zeros((3, 17))}}, r"\(3, 17\)"),
        ({"S9": {"Walking": np.zeros((3, 17, 2))}}, r"\(3, 17, 2\)"),
        ({"S9": {"Walking": np.zeros((3, 20, 3))}}, "20 joints"),
        ({"S9": {"Walking": [np.zeros((3, 17, 3)), "none"]}}, "expected"),
        ({"S9": {"Walking": [[[1.0, 2.0, 3.0], [1.0]]]}}, "positions_3d"),
        ({"S9": {"Walking": np.zeros((3, 17, 3))}, "S1": {"Jog": np.zeros((3, 15, 3))}}, "15 and 17 joints"),
    ],
)
def test_rejects_other_layouts(tmp_path: Path, stored: Any, words: str) -> None:
    path = write(tmp_path / "a.npz", positions_3d=stored)
    with pytest.raises(FormatError, match=words) as caught:
        load_positions(path)
    assert len(str(caught.value).splitlines()) == 1
    assert "a.npz" in str(caught.value)


@pytest.mark.parametrize("metadata", [{}, None, {"keypoints_symmetry": 3}, {"keypoints_symmetry": [[1]]}])
def test_rejects_keypoints_without_symmetry(tmp_path: Path, metadata: Any) -> None:
    path = write(tmp_path / "a.npz", positions_2d={"S9": {"Walking": [np.zeros((2, 17, 2))]}}, metadata=metadata)
    with pytest.raises(FormatError, match="keypoints_symmetry"):
        load_keypoints(path)


def _camera_with(key: str, value: Any) -> dict[str, Any]:
    camera = {"size": [1000, 1002], "intrinsics": np.eye(3).tolist(), "camera_from_world": np.eye(4).tolist()}
    return {"S9": [camera | {key: value}]}


@pytest.mark.parametrize(
    "stored",
    [
        [],
        {"S9": 3},
        {"S9": [{}]},
        _camera_with("size", [1000]),
        _camera_with("intrinsics", [1145.0, 1143.0, 512.0, 515.0]),
        _camera_with("camera_from_world", np.diag([1.0, 1.0, -1.0, 1.0]).tolist()),
        _camera_with("camera_from_world", np.diag([2.0, 2.0, 2.0, 1.0]).tolist()),
    ],
)
def test_rejects_cameras_of_another_layout(tmp_path: Path, stored: Any) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps(stored))
    with pytest.raises(FormatError, match=r"cameras\.json is no file of cameras") as caught:
        load_cameras(path)
    assert len(str(caught.value).splitlines()) == 1


def test_rejects_a_missing_camera_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="No such file"):
        load_cameras(tmp_path / "cameras.json")
