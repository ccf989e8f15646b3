"""Synthetic clips on request."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bodydouble.bench import requested_clips
from bodydouble.bench.requested_clips import ClipOptions
from bodydouble.data import Motion
from bodydouble.errors import FormatError
from bodydouble.synthetic import rendered_clip
from tests.synthetic import motions


@pytest.fixture
def squats(tmp_path: Path) -> list[Motion]:
    return requested_clips.load_motions([motions.write(tmp_path / "squat.txt", motions.squats(12))])


def test_same_number_gives_the_same_clip(squats: list[Motion]) -> None:
    first, again, second = (
        requested_clips.build_clip_scene(squats, number, ClipOptions(people=2)) for number in (4, 4, 5)
    )
    np.testing.assert_array_equal(first.camera.camera_from_world, again.camera.camera_from_world)
    np.testing.assert_array_equal(first.people[1].landmarks, again.people[1].landmarks)
    assert first.camera.intrinsics[0, 0] != second.camera.intrinsics[0, 0]
    assert len(first.people) == 2


def test_options_are_followed(squats: list[Motion]) -> None:
    clip_scene = requested_clips.build_clip_scene(squats, 0, ClipOptions(portrait=True, fps=Fraction(15)))
    assert clip_scene.camera.image_size == rendered_clip.PORTRAIT
    assert clip_scene.fps == 15


@pytest.mark.slow
def test_contact_sheet_shows_a_frame_of_each_clip(squats: list[Motion], tmp_path: Path) -> None:
    pairs = []
    for number in range(2):
        pair = tmp_path / f"{number}.mp4", tmp_path / f"{number}.npz"
        clip_scene = requested_clips.build_clip_scene(squats, number, ClipOptions())
        rendered_clip.render(replace(clip_scene, fps=Fraction(30)), *pair)
        pairs.append(pair)
    requested_clips.write_contact_sheet(pairs, tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (requested_clips.TILE_SIZE[1], requested_clips.COLUMNS * requested_clips.TILE_SIZE[0], 3)
    tiles = np.split(sheet, requested_clips.COLUMNS, axis=1)
    assert tiles[0].std() > 5
    assert tiles[1].std() > 5
    assert not tiles[2].any()


def test_rejects_a_file_without_motion(tmp_path: Path) -> None:
    (tmp_path / "x.bvh").write_text("nothing")
    with pytest.raises(FormatError, match=r"x\.bvh"):
        requested_clips.load_motions([tmp_path / "x.bvh"])
