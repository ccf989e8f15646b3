"""The row of each person at the top of the report: thumbnail and time line."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from bodydouble.data import FloatArray, Performance, Person, RgbImage
from bodydouble.evaluation import html
from bodydouble.evaluation.report import page
from bodydouble.evaluation.report.images import SpanPictures
from bodydouble.evaluation.report.spans import BODY
from bodydouble.evaluation.report.thumbnails import (
    CANDIDATES,
    GOOD,
    SHARED,
    SIZE,
    Thumbnails,
    candidates,
    completeness,
    sharpness,
)
from bodydouble.evaluation.report.timelines import LEFT_OUT, STATES, STILL, Strip, section, strips
from tests.evaluation import scenes
from tests.media_builders import numbered_pictures, quadrants, write_video

FRAMES = 60
WIDTH, HEIGHT = scenes.SIZE
NASTY = '"><img src=x onerror=alert(1)> & <b>'


@pytest.fixture
def truth() -> Performance:
    return scenes.truth(FRAMES, 1)


def at(person: Person, *box: float) -> Person:
    """The person in this box, px, in all frames, with all keypoints in its middle."""
    track = person.track
    keypoints = track.keypoints.copy()
    keypoints[..., :2] = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return replace(person, track=replace(track, boxes=np.tile(box, (len(track.frames), 1)), keypoints=keypoints))


def never_observed(person: Person) -> Person:
    hidden = scenes.hidden(person, 0, len(person.track.frames))
    return replace(hidden, track=replace(hidden.track, boxes=np.full_like(hidden.track.boxes, np.nan)))


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


def shown(performance: Performance, frame: RgbImage) -> Thumbnails:
    thumbnails = Thumbnails(performance)
    for index in range(performance.frame_count):
        thumbnails.look(index, frame)
    return thumbnails


def lines(text: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r'<svg class="states".*?</svg>', text, re.DOTALL)]


def stretches(line: ElementTree.Element) -> Iterator[tuple[str, int, int]]:
    for bar in line.iter("rect"):
        yield bar.attrib["class"], int(bar.attrib["x"]), int(bar.attrib["width"])


def drawn(line: ElementTree.Element) -> list[str]:
    """The state of every frame, as the bars show it; each must begin where the one before ends."""
    names: list[str] = []
    for name, start, width in stretches(line):
        assert start == len(names)
        names += [name] * width
    return names


# Time line


@given(st.lists(st.integers(0, 2), min_size=1, max_size=600))
def test_a_line_shows_every_state_where_it_is(found: list[int]) -> None:
    (line,) = lines(html.state_line(np.array(found), STATES, 0.1, "somebody"))
    assert drawn(line) == [STATES[state] for state in found]
    assert line.attrib["viewBox"] == f"0 0 {len(found)} 1"


@given(st.integers(601, 40_000), st.integers(0, 600))
def test_a_long_line_has_the_clips_length_and_hides_no_filled_frame(count: int, filled: int) -> None:
    found = np.ones(count, dtype=int)
    found[filled] = STATES.index("filled")
    (line,) = lines(html.state_line(found, STATES, 0.1, "somebody"))
    names = drawn(line)
    assert len(names) == count
    assert names[filled] == "filled"
    assert 1 <= names.count("filled") <= count / 600 + 1


def test_many_changes_make_few_bars() -> None:
    (line,) = lines(html.state_line(np.arange(100_000) % 3, STATES, 0.1, "somebody"))
    assert len(list(line.iter("rect"))) <= 600
    assert len(drawn(line)) == 100_000


def test_the_states_are_those_of_the_track(truth: Performance) -> None:
    person = scenes.hidden(scenes.without_frames(truth.people[0], 15, 45), 5, 11)
    (found,) = strips(scenes.of(truth, person), {})
    known = dict(zip(person.track.frames.tolist(), person.track.observed.tolist(), strict=True))
    words = {True: "observed", False: "filled", None: "absent"}
    assert [STATES[state] for state in found.states] == [words[known.get(frame)] for frame in range(FRAMES)]
    (line,) = lines(section([found], {}))
    assert list(stretches(line)) == [
        ("absent", 0, 15), ("observed", 15, 5), ("filled", 20, 6), ("observed", 26, 19), ("absent", 45, 15)
    ]  # fmt: skip


def test_a_line_is_read_out_with_its_shares(truth: Performance) -> None:
    person = scenes.hidden(scenes.without_frames(truth.people[0], 15, 45), 5, 11)
    (line,) = lines(section(strips(scenes.of(truth, person), {}), {}))
    assert line.attrib["role"] == "img"
    assert line.attrib["aria-label"] == "true1: observed 40 %, filled 10 %, absent 50 %"
    times = [bar.findtext("title") for bar in line.iter("rect")]
    assert times[2] == "filled 0.7–0.9 s"  # noqa: RUF001


def test_little_is_not_nothing() -> None:
    found = np.full(600, STATES.index("observed"))
    found[20] = STATES.index("filled")
    (line,) = lines(section([Strip("true1", found, 30.0)], {}))
    assert line.attrib["aria-label"] == "true1: observed >99 %, filled <1 %, absent 0 %"


def test_a_person_who_never_moves_is_marked_in_their_row(truth: Performance) -> None:
    still = truth.people[0]
    assert STILL in section(strips(truth, {still.name: still.track}), {})
    assert STILL not in section(strips(truth, {}), {})


def test_who_was_left_out_has_a_row_with_a_thumbnail_and_a_time_line() -> None:
    truth = scenes.truth(FRAMES, 2)
    left, right = truth.people
    statue = scenes.without_frames(at(right, 700, 50, 900, 300), 15, 45)
    performance, still = scenes.of(truth, at(left, 50, 50, 200, 300)), {statue.name: statue.track}
    pictures = SpanPictures(performance, still)
    for index in range(FRAMES):
        pictures.look(index, quadrants((640, 360)))
    text = page.page(performance, pictures, title="clip", film=None, warnings=(), still=still)
    assert text.count(LEFT_OUT) == 1
    assert text.count("<li><div") == text.count('<img src="data:image/jpeg') == 2
    assert list(stretches(lines(text)[1])) == [("absent", 0, 15), ("observed", 15, 30), ("absent", 45, 15)]
    assert text.count("<section>") == 1, "nothing else is told of who was left out"


# Thumbnail


def test_a_thumbnail_shows_the_pixels_of_the_box(truth: Performance) -> None:
    person = at(truth.people[0], 300, 200, 400, 500)
    frame = np.full((HEIGHT // 2, WIDTH // 2, 3), (0, 0, 255), dtype=np.uint8)
    frame[100:250, 150:200] = (255, 0, 0)
    image = np.asarray(opened(shown(scenes.of(truth, person), frame).jpegs["true1"]), dtype=int)
    # The box is 50 x 150 px here; the margin around it, 5 % of its longer side, is 7.5 px.
    assert image.shape[:2] == pytest.approx((165, 65), abs=1)
    red, blue = np.array([255, 0, 0]), np.array([0, 0, 255])
    assert np.abs(image[20:-20, 20:-20] - red).max() < 30
    assert np.abs(image[[0, -1]] - blue).max() < 30
    assert np.abs(image[:, [0, -1]] - blue).max() < 30


def test_a_thumbnail_is_small(truth: Performance) -> None:
    person = at(truth.people[0], 0, 0, WIDTH, HEIGHT)
    image = opened(shown(scenes.of(truth, person), quadrants(scenes.SIZE)).jpegs["true1"])
    assert image.format == "JPEG"
    assert image.size == (SIZE[0], SIZE[0] * HEIGHT // WIDTH)


def test_each_has_their_own_thumbnail() -> None:
    truth = scenes.truth(FRAMES, 2)
    left, right = truth.people
    thumbnails = shown(
        scenes.of(truth, at(left, 50, 50, 200, 300), at(right, 700, 50, 900, 300)), quadrants((640, 360))
    )
    colours = {name: np.asarray(opened(jpeg)).mean(axis=(0, 1)).argmax() for name, jpeg in thumbnails.jpegs.items()}
    assert colours == {"true1": 0, "true2": 1}


def test_somebody_never_observed_has_a_line_but_no_thumbnail(truth: Performance) -> None:
    performance = scenes.of(truth, never_observed(truth.people[0]))
    thumbnails = shown(performance, quadrants())
    assert thumbnails.jpegs == {}
    text = section(strips(performance, {}), thumbnails.jpegs)
    assert "<img" not in text
    assert "no picture" in text
    assert list(stretches(lines(text)[0])) == [("filled", 0, FRAMES)]


def test_the_sharpest_of_the_good_frames_is_taken(truth: Performance) -> None:
    generator = np.random.default_rng(7)
    noise = Image.fromarray(generator.integers(0, 255, (360, 640, 3), dtype=np.uint8))
    blurred = np.asarray(noise.filter(ImageFilter.GaussianBlur(8)))
    thumbnails = Thumbnails(scenes.of(truth, at(truth.people[0], 300, 200, 400, 500)))
    for index in range(FRAMES):
        thumbnails.look(index, np.asarray(noise) if index in range(20, 40) else blurred)
    assert sharpness(opened(thumbnails.jpegs["true1"])) > 5 * sharpness(Image.fromarray(blurred))


def seen(truth: Performance, others: list[FloatArray] | None = None, person: Person | None = None) -> FloatArray:
    return completeness((person or at(truth.people[0], 300, 200, 400, 500)).track, others or [], scenes.SIZE)


def test_a_whole_person_is_complete(truth: Performance) -> None:
    np.testing.assert_allclose(seen(truth), 1.0)


def test_less_is_complete_where_less_is_seen(truth: Performance) -> None:
    person = at(truth.people[0], 300, 200, 400, 500)
    person = scenes.hidden(person, 50, 60)
    person.track.keypoints[:10, BODY, 2] = 0.4
    person.track.keypoints[10:20, BODY, 0] = -5.0
    person.track.boxes[20:30] = [300, 200, 350, 350]
    other = np.full((FRAMES, 4), np.nan)
    other[30:40] = [300, 200, 400, 350]
    found = seen(truth, [other], person)
    np.testing.assert_allclose(found[::10], [0.4, 0.0, 0.5**0.5, 1 - SHARED / 2, 1.0, 0.0])


def test_somebody_covered_by_another_is_shown_when_they_are_alone() -> None:
    truth = scenes.truth(FRAMES, 2)
    first = at(truth.people[0], 300, 200, 400, 500)
    second = scenes.without_frames(at(truth.people[1], 300, 200, 400, 500), 0, 45)
    thumbnails = Thumbnails(scenes.of(truth, first, second))
    assert thumbnails.needed()[0] >= 45


def test_somebody_always_covered_by_another_has_a_thumbnail() -> None:
    truth = scenes.truth(FRAMES, 2)
    couple = (at(person, 300, 200, 400, 500) for person in truth.people)
    assert set(shown(scenes.of(truth, *couple), quadrants((640, 360))).jpegs) == {"true1", "true2"}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_candidates_are_few_ordered_and_hold_the_best(complete: list[float]) -> None:
    array = np.array(complete)
    rows = candidates(array)
    assert len(rows) <= CANDIDATES
    assert rows == sorted(set(rows))
    assert all(array[row] >= GOOD * array.max() > 0 for row in rows)
    assert max(array[rows], default=0.0) == array.max()


def test_without_a_film_reading_ends_at_the_first_good_frame_of_the_last_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = scenes.truth(FRAMES, 2)
    first, second = at(truth.people[0], 50, 50, 200, 300), at(truth.people[1], 700, 50, 900, 300)
    pictures = SpanPictures(scenes.of(truth, first, scenes.without_frames(second, 20, 60)))
    looked: list[int] = []
    look = pictures.look

    def noted(index: int, frame: RgbImage) -> None:
        looked.append(index)
        look(index, frame)

    monkeypatch.setattr(pictures, "look", noted)
    pictures.read(write_video(tmp_path / "clip.mp4", numbered_pictures(FRAMES)))
    assert looked == list(range(21))
    assert set(pictures.thumbnails.jpegs) == {"true1", "true2"}
    pictures.read(tmp_path / "no such file.mp4")


# Page


@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_page_has_a_row_for_each_person(count: int) -> None:
    performance = scenes.truth(20, max(count, 1))
    performance = scenes.of(performance, *performance.people[:count])
    pictures = SpanPictures(performance)
    for index in range(20):
        pictures.look(index, quadrants((640, 360)))
    text = page.page(performance, pictures, title="clip", film=None, warnings=())
    assert len(lines(text)) == text.count("<li><div") == count
    assert text.count('class="cast"') == min(count, 1)
    assert all(len(drawn(line)) == 20 for line in lines(text))


def test_names_are_escaped(truth: Performance) -> None:
    person = scenes.renamed(at(truth.people[0], 300, 200, 400, 500), NASTY)
    performance = scenes.of(truth, person)
    text = section(strips(performance, {}), shown(performance, quadrants((640, 360))).jpegs)
    assert text.count("<img") == 1
    assert "<b>" not in text
    assert lines(text)[0].attrib["aria-label"].startswith(NASTY)
    assert text.count("&lt;b&gt;") == 3
