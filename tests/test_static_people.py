"""Somebody of the real clip who walks beside a picture of her, and a film of that picture alone."""

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
from tests.clips import write_clip

pytestmark = pytest.mark.slow

WALK = Path(__file__).parents[1] / "examples" / "walk.mp4"
FPS = Fraction(10)
SIZE = (960, 540)
HER_COLUMNS = slice(340, 660)
"""Where she is in the middle of the way."""


@pytest.fixture(scope="module")
def walk() -> list[RgbImage]:
    """She walks through the picture and, backwards, back."""
    with FrameReader(WALK) as reader:
        frames = [np.asarray(cv2.resize(frame, SIZE), np.uint8) for frame in islice(reader, 15, 71, 2)]
    return [*frames, *reversed(frames)]


@pytest.fixture(scope="module")
def picture(walk: list[RgbImage]) -> RgbImage:
    return walk[16][:, HER_COLUMNS]


def test_a_picture_on_the_wall_is_left_out_and_told(walk: list[RgbImage], picture: RgbImage, tmp_path: Path) -> None:
    beside = [np.concatenate([frame, picture], axis=1) for frame in walk]
    clip = write_clip(tmp_path / "beside.mp4", beside, FPS)
    monitor = ProgressBars()
    delivery = pipeline.animate(clip, preview=False, progress=monitor)
    (person,) = delivery.performance.people
    (still,) = delivery.static_people
    assert {person.name, still} == {"person1", "person2"}
    assert np.nanmedian(person.track.boxes[:, 2]) < SIZE[0], "who walks is taken, not the picture at the right"
    told = f"{still} never moves: a statue or a picture? Left out; --people {still} takes it"
    assert told in monitor.warnings
    report = (tmp_path / "beside_bodydouble" / "report.html").read_text(encoding="utf-8")
    assert report.count('<img src="data:image/jpeg') >= 2
    assert f"<strong>{still}</strong>" in report
    assert f"<strong>{person.name}</strong>" in report
    manifest = json.loads(json.dumps(summarize(delivery, monitor)))
    assert manifest["static_people"] == [still]
    assert [one["name"] for one in manifest["people"]] == [person.name]


def test_a_photograph_made_a_video_gives_its_people(picture: RgbImage, tmp_path: Path) -> None:
    monitor = Progress()
    clip = write_clip(tmp_path / "photograph.mp4", [picture] * 56, FPS)
    (person,) = pipeline.capture(clip, progress=monitor).people
    assert monitor.warnings == [f"{person.name} never moves: a statue or a picture?"]


def test_a_photograph_gives_its_people(picture: RgbImage, tmp_path: Path) -> None:
    monitor = Progress()
    path = tmp_path / "photograph.png"
    cv2.imwrite(str(path), picture[..., ::-1])
    assert len(pipeline.capture(path, progress=monitor).people) == 1
    assert monitor.warnings == []
