"""Files of Human3.6M and HumanEva: 3D positions and 2D keypoints as VideoPose3D stores them, and cameras in JSON.

In: paths. Out: ``Takes``, ``KeypointTakes`` and ``Cameras``. The layouts are in docs/formats.md. Holders of the data
sets' licences create the files with the scripts of VideoPose3D,
https://github.com/facebookresearch/VideoPose3D/blob/main/DATASETS.md
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import Camera, FloatArray
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats.pickled_arrays import read_object
from bodydouble.skeletons import h36m, humaneva

Views = tuple[FloatArray, ...]
"""One array of a whole take for each view; a single one if it does not depend on the view."""

Takes = Mapping[str, Mapping[str, Views]]
"""Subject -> action -> views of the take."""

Cameras = Mapping[str, tuple[Camera, ...]]
"""Subject -> cameras, each with one pose, in the order of the views."""

LAYOUTS = {len(layout.JOINTS): layout for layout in (h36m, humaneva)}
"""Number of joints -> module with their names."""


@dataclass(frozen=True, slots=True)
class KeypointTakes:
    """2D keypoints of the takes of a data set."""

    takes: Takes
    """(F, K, 2) px, one for each camera."""
    left: tuple[int, ...]
    """Indices of the keypoints of the left side of the body."""
    right: tuple[int, ...]
    """Indices of the keypoints of the right side, in the same order."""
    layout: str | None
    """Keypoint layout, such as h36m, coco, mpii or humaneva15; None if the file does not name it."""


def load_positions(path: Path) -> Takes:
    """Reads ``data_3d_h36m.npz``, ``data_3d_humaneva15.npz`` or predictions in the same layout.

    Args:
        path: the file. Its pickle is read without running anything that it names.

    Returns:
        Positions (F, 17, 3) or (F, 15, 3) m, in the axes of the file. Of the 32 joints of Human3.6M, the usual 17.

    Raises:
        FormatError: the file is damaged, of another layout, or asks to run something.
    """
    takes = _read_takes(path, "positions_3d", _to_positions)
    counts = {take.shape[1] for actions in takes.values() for views in actions.values() for take in views}
    if len(counts) > 1:
        raise FormatError(f"{path}: positions_3d mixes takes of {' and '.join(map(str, sorted(counts)))} joints")
    return takes


def load_keypoints(path: Path) -> KeypointTakes:
    """Reads ``data_2d_h36m_gt.npz`` and files of detections in the same layout.

    Args:
        path: the file. Its pickle is read without running anything that it names.

    Raises:
        FormatError: the file is damaged, of another layout, or asks to run something.
    """
    takes = _read_takes(path, "positions_2d", _to_keypoints)
    metadata = read_object(path, "metadata")
    try:
        left, right = (tuple(int(k) for k in side) for side in metadata["keypoints_symmetry"])
        layout = metadata.get("layout_name")
    except (AttributeError, LookupError, TypeError, ValueError):
        raise FormatError(f"{path}: metadata must hold keypoints_symmetry, two lists of keypoints") from None
    return KeypointTakes(takes, left, right, None if layout is None else str(layout))


def load_cameras(path: Path) -> Cameras:
    """Reads cameras from a JSON file: ``{"S9": [{"size": ..., "intrinsics": ..., "camera_from_world": ...}, ...]}``.

    Args:
        path: the file, as described in docs/formats.md.

    Raises:
        FormatError: the file is not such a JSON file, or a pose is not rigid.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {str(subject): tuple(_parse_camera(view) for view in views) for subject, views in stored.items()}
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise FormatError(f"{path} is no file of cameras: {error}; see docs/formats.md") from error


def _read_takes(path: Path, name: str, array_of: Callable[[Any], FloatArray]) -> Takes:
    stored = read_object(path, name)
    if not isinstance(stored, dict) or not all(isinstance(actions, dict) for actions in stored.values()):
        raise FormatError(f"{path}: {name} must be a dict of subjects, each a dict of actions")
    try:
        return {
            str(subject): {str(action): _to_views(views, array_of) for action, views in actions.items()}
            for subject, actions in stored.items()
        }
    except (InvalidDataError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: {name}: {error}") from error


def _to_views(stored: Any, array_of: Callable[[Any], FloatArray]) -> Views:
    """Converts a list of views, which NumPy may have stacked, or a single array."""
    is_list_of_views = isinstance(stored, list | tuple) or np.ndim(stored) == 4
    return tuple(array_of(view) for view in (stored if is_list_of_views else [stored]))


def _to_positions(stored: Any) -> FloatArray:
    take = _check_array(stored, 3)
    if take.shape[1] == h36m.FILE_JOINT_COUNT:
        return take[:, list(h36m.FILE_JOINT_INDICES)]
    if take.shape[1] not in LAYOUTS:
        raise InvalidDataError(f"a take has {take.shape[1]} joints; known are 32 and 17 (Human3.6M), 15 (HumanEva)")
    return take


def _to_keypoints(stored: Any) -> FloatArray:
    """Returns x and y without the confidence, which some files have in a third column."""
    return _check_array(stored, 2, 3)[..., :2]


def _check_array(stored: Any, *columns: int) -> FloatArray:
    take = np.asarray(stored)
    if take.ndim != 3 or take.shape[2] not in columns or take.dtype.kind not in "fiu":
        raise InvalidDataError(f"a take is {take.shape}, expected (frames, joints, {columns[0]}) numbers")
    return take


def _parse_camera(view: Mapping[str, Any]) -> Camera:
    width, height = (int(side) for side in view["size"])
    pose = np.asarray(view["camera_from_world"], dtype=np.float64)
    camera = Camera((width, height), np.asarray(view["intrinsics"], dtype=np.float64), pose[None])
    rotation = pose[:3, :3]
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
        raise ValueError("a camera_from_world does not begin with a rotation")
    return camera
