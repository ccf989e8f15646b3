"""Timelines and thumbnails of the people, the first section of the report."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from bodydouble.data import FloatArray, Performance, Person, RgbImage
from bodydouble.evaluation import html
from bodydouble.evaluation.report import page
from bodydouble.evaluation.report.frame_samples import FrameSamples
from bodydouble.evaluation.report.images import SpanImages
from bodydouble.evaluation.report.spans import BODY_LANDMARKS
from bodydouble.evaluation.report.thumbnails import (
    CANDIDATE_COUNT,
    MAX_SIZE,
    MIN_RELATIVE_COMPLETENESS,
    OVERLAP_PENALTY,
    Thumbnails,
    choose_candidates,
    mean_gradient,
    measure_completeness,
)
from bodydouble.evaluation.report.timelines import (
    EXCLUDED_REMARK,
    STATES,
    STATIC_REMARK,
    PersonTimeline,
    build_timelines,
    timelines_section,
)
from tests.evaluation import scenes
from tests.media_builders import numbered_pictures, quadrants

FRAMES = 60
WIDTH, HEIGHT = scenes.SIZE
NASTY = '"><img src=x onerror=alert(1)> & <b>'


@pytest.fixture
def truth() -> Performance:
    return scenes.ground_truth(FRAMES, 1)


def place_in_box(person: Person, *box: float) -> Person:
    """Places a person in a box in px in all frames, with all keypoints at its centre."""
    track = person.track
    keypoints = track.keypoints.copy()
    keypoints[..., :2] = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return replace(person, track=replace(track, boxes=np.tile(box, (len(track.frames), 1)), keypoints=keypoints))


def remove_observations(person: Person) -> Person:
    occluded = scenes.occlude(person, 0, len(person.track.frames))
    return replace(occluded, track=replace(occluded.track, boxes=np.full_like(occluded.track.boxes, np.nan)))


def open_jpeg(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


def collect_thumbnails(performance: Performance, frame: RgbImage) -> Thumbnails:
    thumbnails = Thumbnails(performance)
    for index in range(performance.frame_count):
        thumbnails.add_frame(index, frame)
    return thumbnails


def parse_bars(text: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r'<svg class="states".*?</svg>', text, re.DOTALL)]


def segments(line: ElementTree.Element) -> Iterator[tuple[str, int, int]]:
    for bar in line.iter("rect"):
        yield bar.attrib["class"], int(bar.attrib["x"]), int(bar.attrib["width"])


def states_of_bar(line: ElementTree.Element) -> list[str]:
    """Returns the state of every frame from the segments, which must be contiguous."""
    names: list[str] = []
    for name, start, width in segments(line):
        assert start == len(names)
        names += [name] * width
    return names


# Timeline


@given(st.lists(st.integers(0, 2), min_size=1, max_size=600))
def test_a_bar_shows_every_state_at_its_frame(states: list[int]) -> None:
    (line,) = parse_bars(html.state_bar(np.array(states), STATES, 0.1, "label"))
    assert states_of_bar(line) == [STATES[state] for state in states]
    assert line.attrib["viewBox"] == f"0 0 {len(states)} 1"


@given(st.integers(601, 40_000), st.integers(0, 600))
def test_a_long_bar_covers_the_clip_and_keeps_filled_frames(count: int, filled: int) -> None:
    states = np.ones(count, dtype=int)
    states[filled] = STATES.index("filled")
    (line,) = parse_bars(html.state_bar(states, STATES, 0.1, "label"))
    names = states_of_bar(line)
    assert len(names) == count
    assert names[filled] == "filled"
    assert 1 <= names.count("filled") <= count / 600 + 1


def test_the_number_of_segments_is_limited() -> None:
    (line,) = parse_bars(html.state_bar(np.arange(100_000) % 3, STATES, 0.1, "label"))
    assert len(list(line.iter("rect"))) <= 600
    assert len(states_of_bar(line)) == 100_000


def test_states_equal_those_of_the_track(truth: Performance) -> None:
    person = scenes.occlude(scenes.keep_frames(truth.people[0], 15, 45), 5, 11)
    (timeline,) = build_timelines(scenes.with_people(truth, person), {})
    observed_by_frame = dict(zip(person.track.frames.tolist(), person.track.observed.tolist(), strict=True))
    words = {True: "observed", False: "filled", None: "absent"}
    assert [STATES[state] for state in timeline.states] == [
        words[observed_by_frame.get(frame)] for frame in range(FRAMES)
    ]
    (line,) = parse_bars(timelines_section([timeline], {}))
    assert list(segments(line)) == [
        ("absent", 0, 15), ("observed", 15, 5), ("filled", 20, 6), ("observed", 26, 19), ("absent", 45, 15)
    ]  # fmt: skip


def test_a_bar_has_an_accessible_label_with_fractions(truth: Performance) -> None:
    person = scenes.occlude(scenes.keep_frames(truth.people[0], 15, 45), 5, 11)
    (line,) = parse_bars(timelines_section(build_timelines(scenes.with_people(truth, person), {}), {}))
    assert line.attrib["role"] == "img"
    assert line.attrib["aria-label"] == "true1: observed 40 %, filled 10 %, absent 50 %"
    times = [bar.findtext("title") for bar in line.iter("rect")]
    assert times[2] == "filled 0.7–0.9 s"  # noqa: RUF001


def test_small_fractions_are_not_rounded_to_zero() -> None:
    states = np.full(600, STATES.index("observed"))
    states[20] = STATES.index("filled")
    (line,) = parse_bars(timelines_section([PersonTimeline("true1", states, 30.0)], {}))
    assert line.attrib["aria-label"] == "true1: observed >99 %, filled <1 %, absent 0 %"


def test_a_static_person_is_marked(truth: Performance) -> None:
    static_people = truth.people[0]
    assert STATIC_REMARK in timelines_section(build_timelines(truth, {static_people.name: static_people.track}), {})
    assert STATIC_REMARK not in timelines_section(build_timelines(truth, {}), {})


def test_an_excluded_static_person_has_a_thumbnail_and_a_timeline() -> None:
    truth = scenes.ground_truth(FRAMES, 2)
    left, right = truth.people
    statue = scenes.keep_frames(place_in_box(right, 700, 50, 900, 300), 15, 45)
    performance, static_people = (
        scenes.with_people(truth, place_in_box(left, 50, 50, 200, 300)),
        {statue.name: statue.track},
    )
    images = SpanImages(performance, static_people)
    for index in range(FRAMES):
        images.add_frame(index, quadrants((640, 360)))
    text = page.build_report(performance, images, title="clip", preview=None, warnings=(), static_people=static_people)
    assert text.count(EXCLUDED_REMARK) == 1
    assert text.count("<li><div") == text.count('<img src="data:image/jpeg') == 2
    assert list(segments(parse_bars(text)[1])) == [("absent", 0, 15), ("observed", 15, 30), ("absent", 45, 15)]
    assert text.count("<section>") == 1, "excluded people have no section"


# Thumbnail


def test_a_thumbnail_shows_the_box_of_the_person(truth: Performance) -> None:
    person = place_in_box(truth.people[0], 300, 200, 400, 500)
    frame = np.full((HEIGHT // 2, WIDTH // 2, 3), (0, 0, 255), dtype=np.uint8)
    frame[100:250, 150:200] = (255, 0, 0)
    image = np.asarray(
        open_jpeg(collect_thumbnails(scenes.with_people(truth, person), frame).jpegs["true1"]), dtype=int
    )
    # The box is 50 x 150 px here; the margin around it, 5 % of its longer side, is 7.5 px.
    assert image.shape[:2] == pytest.approx((165, 65), abs=1)
    red, blue = np.array([255, 0, 0]), np.array([0, 0, 255])
    assert np.abs(image[20:-20, 20:-20] - red).max() < 30
    assert np.abs(image[[0, -1]] - blue).max() < 30
    assert np.abs(image[:, [0, -1]] - blue).max() < 30


def test_a_thumbnail_has_the_maximum_size(truth: Performance) -> None:
    person = place_in_box(truth.people[0], 0, 0, WIDTH, HEIGHT)
    image = open_jpeg(collect_thumbnails(scenes.with_people(truth, person), quadrants(scenes.SIZE)).jpegs["true1"])
    assert image.format == "JPEG"
    assert image.size == (MAX_SIZE[0], MAX_SIZE[0] * HEIGHT // WIDTH)


def test_each_person_has_a_thumbnail() -> None:
    truth = scenes.ground_truth(FRAMES, 2)
    left, right = truth.people
    thumbnails = collect_thumbnails(
        scenes.with_people(truth, place_in_box(left, 50, 50, 200, 300), place_in_box(right, 700, 50, 900, 300)),
        quadrants((640, 360)),
    )
    colours = {name: np.asarray(open_jpeg(jpeg)).mean(axis=(0, 1)).argmax() for name, jpeg in thumbnails.jpegs.items()}
    assert colours == {"true1": 0, "true2": 1}


def test_a_person_without_observations_has_a_timeline_but_no_thumbnail(truth: Performance) -> None:
    performance = scenes.with_people(truth, remove_observations(truth.people[0]))
    thumbnails = collect_thumbnails(performance, quadrants())
    assert thumbnails.jpegs == {}
    text = timelines_section(build_timelines(performance, {}), thumbnails.jpegs)
    assert "<img" not in text
    assert "no image" in text
    assert list(segments(parse_bars(text)[0])) == [("filled", 0, FRAMES)]


def test_the_sharpest_candidate_is_chosen(truth: Performance) -> None:
    generator = np.random.default_rng(7)
    noise = Image.fromarray(generator.integers(0, 255, (360, 640, 3), dtype=np.uint8))
    blurred = np.asarray(noise.filter(ImageFilter.GaussianBlur(8)))
    thumbnails = Thumbnails(scenes.with_people(truth, place_in_box(truth.people[0], 300, 200, 400, 500)))
    for index in range(FRAMES):
        thumbnails.add_frame(index, np.asarray(noise) if index in range(20, 40) else blurred)
    assert mean_gradient(open_jpeg(thumbnails.jpegs["true1"])) > 5 * mean_gradient(Image.fromarray(blurred))


def completeness(
    truth: Performance, other_boxes: list[FloatArray] | None = None, person: Person | None = None
) -> FloatArray:
    return measure_completeness(
        (person or place_in_box(truth.people[0], 300, 200, 400, 500)).track, other_boxes or [], scenes.SIZE
    )


def test_completeness_of_a_fully_visible_person_is_one(truth: Performance) -> None:
    np.testing.assert_allclose(completeness(truth), 1.0)


def test_completeness_falls_with_visibility_size_and_overlap(truth: Performance) -> None:
    person = place_in_box(truth.people[0], 300, 200, 400, 500)
    person = scenes.occlude(person, 50, 60)
    person.track.keypoints[:10, BODY_LANDMARKS, 2] = 0.4
    person.track.keypoints[10:20, BODY_LANDMARKS, 0] = -5.0
    person.track.boxes[20:30] = [300, 200, 350, 350]
    overlapping_box = np.full((FRAMES, 4), np.nan)
    overlapping_box[30:40] = [300, 200, 400, 350]
    visible_part = completeness(truth, [overlapping_box], person)
    np.testing.assert_allclose(visible_part[::10], [0.4, 0.0, 0.5**0.5, 1 - OVERLAP_PENALTY / 2, 1.0, 0.0])


def test_frames_without_overlap_are_preferred() -> None:
    truth = scenes.ground_truth(FRAMES, 2)
    first = place_in_box(truth.people[0], 300, 200, 400, 500)
    second = scenes.keep_frames(place_in_box(truth.people[1], 300, 200, 400, 500), 0, 45)
    thumbnails = Thumbnails(scenes.with_people(truth, first, second))
    for index in range(45):
        thumbnails.add_frame(index, quadrants((640, 360)))
    assert "true1" not in thumbnails.jpegs


def test_a_person_with_constant_overlap_has_a_thumbnail() -> None:
    truth = scenes.ground_truth(FRAMES, 2)
    couple = (place_in_box(person, 300, 200, 400, 500) for person in truth.people)
    assert set(collect_thumbnails(scenes.with_people(truth, *couple), quadrants((640, 360))).jpegs) == {
        "true1",
        "true2",
    }


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_candidates_are_few_ascending_and_include_the_best(complete: list[float]) -> None:
    array = np.array(complete)
    rows = choose_candidates(array)
    assert len(rows) <= CANDIDATE_COUNT
    assert rows == sorted(set(rows))
    assert all(array[row] >= MIN_RELATIVE_COMPLETENESS * array.max() > 0 for row in rows)
    assert max(array[rows], default=0.0) == array.max()


def test_without_a_preview_thumbnails_are_cropped_from_samples() -> None:
    truth = scenes.ground_truth(FRAMES, 2)
    first, second = place_in_box(truth.people[0], 50, 50, 200, 300), place_in_box(truth.people[1], 700, 50, 900, 300)
    images = SpanImages(scenes.with_people(truth, first, scenes.keep_frames(second, 20, 60)))
    samples = FrameSamples()
    for index, picture in enumerate(numbered_pictures(FRAMES)):
        samples.add_frame(index, picture)
    images.add_samples(samples)
    assert set(images.thumbnails.jpegs) == {"true1", "true2"}


# Page


@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_report_has_a_timeline_for_each_person(count: int) -> None:
    performance = scenes.ground_truth(20, max(count, 1))
    performance = scenes.with_people(performance, *performance.people[:count])
    images = SpanImages(performance)
    for index in range(20):
        images.add_frame(index, quadrants((640, 360)))
    text = page.build_report(performance, images, title="clip", preview=None, warnings=())
    assert len(parse_bars(text)) == text.count("<li><div") == count
    assert text.count('class="people"') == min(count, 1)
    assert all(len(states_of_bar(line)) == 20 for line in parse_bars(text))


def test_names_are_escaped(truth: Performance) -> None:
    person = scenes.rename(place_in_box(truth.people[0], 300, 200, 400, 500), NASTY)
    performance = scenes.with_people(truth, person)
    text = timelines_section(
        build_timelines(performance, {}), collect_thumbnails(performance, quadrants((640, 360))).jpegs
    )
    assert text.count("<img") == 1
    assert "<b>" not in text
    assert parse_bars(text)[0].attrib["aria-label"].startswith(NASTY)
    assert text.count("&lt;b&gt;") == 3
