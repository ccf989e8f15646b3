from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from bodydouble.characters.cast.expressions import find_expressions
from bodydouble.characters.cast.eyes import Eye, EyeState, draw_eye
from bodydouble.characters.cast.face import build_face
from bodydouble.characters.cast.features import draw_features
from bodydouble.characters.cast.head import build_head
from bodydouble.characters.cast.look import FACE_NUMBERS
from bodydouble.characters.cast.meshes import Part
from bodydouble.characters.cast.presets import PRESETS
from bodydouble.characters.cast.random_looks import draw_look
from bodydouble.skeletons.arkit import BLENDSHAPES

UNDRAWN = {"tongueOut"}
"""Shapes that a drawn face does not show."""


@pytest.fixture(scope="module")
def parts() -> list[Part]:
    look = PRESETS["woman"]
    return build_face(build_head(look), look)


def test_a_head_is_mirror_symmetric() -> None:
    positions = build_head(PRESETS["man"]).positions
    distance = np.asarray(cKDTree(positions).query(positions * [-1, 1, 1])[0])
    assert distance.max() < 1e-9


def test_a_head_is_one_height_tall_and_its_normals_point_outwards() -> None:
    head = build_head(PRESETS["woman"])
    assert np.ptp(head.positions[:, 1]) == pytest.approx(1.0, abs=0.02)
    outward = ((head.positions - [0, 0.5, 0]) * head.normals).sum(axis=1)
    assert (outward > 0).mean() > 0.97


@pytest.mark.parametrize(
    "number", ["jaw", "chin", "chin_width", "cheeks", "nose", "nose_width", "nose_length", "lips", "brow_ridge"]
)
def test_numbers_of_the_face_change_the_head(number: str) -> None:
    look = PRESETS["woman"]
    low, high = type(look).__dataclass_fields__[number].metadata["range"]
    heads = [build_head(replace(look, **{number: value})).positions for value in (low, high)]
    assert 0.004 < np.abs(heads[0] - heads[1]).max() < 0.2


def test_a_profile_has_a_nose_two_lips_and_a_chin() -> None:
    look = PRESETS["woman"]
    head = build_head(look)
    y = np.linspace(0.46, 0.0, 93)
    z = head.front(np.zeros_like(y), y)
    peaks = y[1:-1][(z[1:-1] > z[:-2]) & (z[1:-1] >= z[2:])]
    nose, upper, lower, chin = peaks
    assert nose == pytest.approx(0.27, abs=0.02)
    assert lower < look.mouth_height < upper < 0.21
    assert chin < 0.08
    assert z.argmax() == np.abs(y - nose).argmin()


@pytest.mark.parametrize("seed", range(6))
def test_faces_of_random_people_differ(seed: int) -> None:
    looks = [draw_look(100 * seed + k) for k in range(8)]
    fields = type(looks[0]).__dataclass_fields__
    ranges = {name: np.ptp(fields[name].metadata["range"]) for name in FACE_NUMBERS}
    faces = np.array([[getattr(look, name) / ranges[name] for name in FACE_NUMBERS] for look in looks])
    distance = np.linalg.norm(faces[:, None] - faces[None], axis=-1)[np.triu_indices(8, 1)]
    assert distance.min() > 0.45


@pytest.mark.parametrize("seed", [20, 122])
def test_old_people_have_small_eyes_and_lines(seed: int) -> None:
    look = draw_look(seed)
    assert look.age > 50
    assert look.wrinkles > 0.5
    assert look.eye_height * look.eye_opening < 0.7 * PRESETS["man"].eye_height
    count = {
        wrinkles: len(draw_features(build_head(look), replace(look, wrinkles=wrinkles))) for wrinkles in (0.0, 1.0)
    }
    assert count[1.0] >= count[0.0] + 10


def test_every_blend_shape_that_a_drawn_face_shows_moves_something(parts: list[Part]) -> None:
    moved = {name for part in parts for name in part.morphs}
    assert moved == (set(BLENDSHAPES) - UNDRAWN) | {"eyeArchLeft", "eyeArchRight"}
    assert set(find_expressions()) <= moved


@pytest.mark.parametrize("name", [name for name in find_expressions() if name.endswith("Left")])
def test_shapes_of_the_right_mirror_those_of_the_left(parts: list[Part], name: str) -> None:
    def offsets(shape: str) -> tuple[np.ndarray, np.ndarray]:
        moving = [part for part in parts if shape in part.morphs]
        return tuple(np.concatenate(a) for a in ([p.positions for p in moving], [p.morphs[shape] for p in moving]))  # type: ignore[return-value]

    left, right = offsets(name), offsets(name[:-4] + "Right")
    mirrored = right[0] * [-1, 1, 1], right[1] * [-1, 1, 1]
    distance = np.asarray(cKDTree(np.concatenate(mirrored, axis=1)).query(np.concatenate(left, axis=1))[0])
    # The light in an eye is on the same side in both eyes, so that only its vertices have no partner.
    assert np.quantile(distance, 0.5) < 1e-9
    assert distance.max() < 0.08


def test_a_blink_closes_the_lids_and_hides_the_eye() -> None:
    look = PRESETS["woman"]
    eye = Eye(build_head(look), look)
    u = np.linspace(0.12, 0.88, 30)
    gap = eye.upper(u, EyeState(close=1.0)) - eye.lower(u, EyeState(close=1.0))
    assert np.abs(gap).max() < 1e-9
    assert (eye.upper(u, EyeState()) - eye.lower(u, EyeState())).max() > 0.5


def test_the_gaze_moves_the_iris_and_not_the_white() -> None:
    look = PRESETS["woman"]
    eye = Eye(build_head(look), look)
    rest, out = (draw_eye(eye, EyeState(gaze_out=gaze), 1) for gaze in (0.0, 0.14))
    moved = [np.abs(b.positions - a.positions).max() for a, b in zip(rest, out, strict=True)]
    white, iris = 0, 2
    assert moved[white] == 0
    assert moved[iris] == pytest.approx(0.14 * look.eye_width, rel=0.3)


def test_the_iris_lies_behind_the_lids_wherever_it_looks() -> None:
    look = PRESETS["woman"]
    head = build_head(look)
    eye = Eye(head, look)
    for gaze_out, gaze_up in ((0.14, 0.11), (-0.14, 0.11), (0.14, -0.11), (-0.14, -0.11)):
        iris = draw_eye(eye, EyeState(gaze_out=gaze_out, gaze_up=gaze_up), 1)[2].positions
        depth = head.front(iris[:, 0], iris[:, 1]) - iris[:, 2]
        assert depth.min() > 0.005
