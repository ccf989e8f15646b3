"""A person of the real clip who walks beside a picture of herself, and a video of that picture alone."""

import json
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from bodydouble import pipeline
from bodydouble.cli.progress import ProgressBars
from bodydouble.cli.summary import summarize
from bodydouble.data import RgbImage
from bodydouble.formats.media import FrameReader
from bodydouble.pipeline import Progress
from bodydouble.pipeline.capturing import PLAIN_BACKGROUND
from tests.clips import write_clip

pytestmark = pytest.mark.slow

WALK = Path(__file__).parents[1] / "examples" / "walk.mp4"
FPS = Fraction(10)
SIZE = (960, 540)
PERSON_COLUMNS = slice(340, 660)
"""Columns in which the person is in the middle of the walk."""


@pytest.fixture(scope="module")
def walk_frames() -> list[RgbImage]:
    """Frames in which a person walks through the image, and the same in reversed time."""
    with FrameReader(WALK) as reader:
        frames = [np.asarray(cv2.resize(frame, SIZE), np.uint8) for frame in islice(reader, 15, 71, 2)]
    return [*frames, *reversed(frames)]


@pytest.fixture(scope="module")
def picture(walk_frames: list[RgbImage]) -> RgbImage:
    return walk_frames[16][:, PERSON_COLUMNS]


def test_a_picture_on_the_wall_is_excluded_and_reported(
    walk_frames: list[RgbImage], picture: RgbImage, tmp_path: Path
) -> None:
    beside = [np.concatenate([frame, picture], axis=1) for frame in walk_frames]
    clip = write_clip(tmp_path / "beside.mp4", beside, FPS)
    progress = ProgressBars()
    result = pipeline.animate(clip, preview=False, progress=progress)
    (person,) = result.performance.people
    (static_person,) = result.static_people
    assert {person.name, static_person} == {"person1", "person2"}
    assert np.nanmedian(person.track.boxes[:, 2]) < SIZE[0], (
        "the walking person is selected, not the picture at the right"
    )
    warning = f"{static_person} never moves: a statue or a picture? Left out; --people {static_person} takes it"
    assert warning in progress.warnings
    report = (tmp_path / "beside_bodydouble" / "report.html").read_text(encoding="utf-8")
    assert report.count('<img src="data:image/jpeg') >= 2
    assert f"<strong>{static_person}</strong>" in report
    assert f"<strong>{person.name}</strong>" in report
    manifest = json.loads(json.dumps(summarize(result, progress)))
    assert manifest["static_people"] == [static_person]
    assert [one["name"] for one in manifest["people"]] == [person.name]


def test_a_video_of_a_photograph_gives_its_people(picture: RgbImage, tmp_path: Path) -> None:
    progress = Progress()
    clip = write_clip(tmp_path / "photograph.mp4", [picture] * 56, FPS)
    (person,) = pipeline.capture(clip, progress=progress).people
    assert progress.warnings == [f"{person.name} never moves: a statue or a picture?"]


def test_a_photograph_gives_its_people(picture: RgbImage, tmp_path: Path) -> None:
    progress = Progress()
    path = tmp_path / "photograph.png"
    cv2.imwrite(str(path), picture[..., ::-1])
    assert len(pipeline.capture(path, progress=progress).people) == 1
    assert progress.warnings == []


def test_a_place_without_details_is_reported_unless_the_camera_is_static(
    walk_frames: list[RgbImage], tmp_path: Path
) -> None:
    track = pipeline.capture(write_clip(tmp_path / "walk.mp4", walk_frames, FPS), quality="fast").people[0].track
    plain = []
    for index, (left, top, right, bottom) in zip(track.frames, track.boxes.round().astype(int), strict=True):
        plain.append(np.full_like(walk_frames[index], 128))
        person = np.s_[max(top, 0) : bottom, max(left, 0) : right]
        plain[-1][person] = walk_frames[index][person]
    clip = write_clip(tmp_path / "plain.mp4", plain, FPS)
    for camera, expected in (("auto", [PLAIN_BACKGROUND]), ("static", [])):
        progress = Progress()
        pipeline.capture(clip, progress=progress, camera=camera, quality="fast")
        assert [warning for warning in progress.warnings if warning == PLAIN_BACKGROUND] == expected
