"""The report of a performance: figures with known answers, rules, pictures, page."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bodydouble.data import Performance, Person
from bodydouble.errors import MediaError
from bodydouble.evaluation.report import page
from bodydouble.evaluation.report.figures import ANGLES, LIMBS, PersonFigures, figures
from bodydouble.evaluation.report.findings import Finding, findings
from bodydouble.evaluation.report.images import MOST_READ, SIZE, SpanPictures, region
from bodydouble.evaluation.report.spans import BODY, low_confidence_spans, runs
from bodydouble.geometry import rotation
from bodydouble.skeletons import blazepose, humanoid
from tests import builders
from tests.evaluation import scenes
from tests.media_builders import numbered_pictures, quadrant_colors, quadrants, write_video
from tests.motion.scenes import track_of

FRAMES = 60
NASTY = "<script>alert('x')</script> & \"quotes\""


@pytest.fixture
def truth() -> Performance:
    return scenes.truth(FRAMES, 1)


def figures_of(performance: Performance, person: Person) -> PersonFigures:
    return figures(scenes.of(performance, person))[0]


def with_keypoints(person: Person, keypoints: np.ndarray) -> Person:
    return replace(person, track=replace(person.track, keypoints=keypoints))


def with_confidence(person: Person, landmarks: object, start: int, end: int, confidence: float) -> Person:
    keypoints = person.track.keypoints.copy()
    keypoints[start:end, landmarks, 2] = confidence  # type: ignore[index]
    return with_keypoints(person, keypoints)


def scaled(person: Person, scale: float, offset: tuple[float, float] = (0.0, 0.0)) -> Person:
    """The person elsewhere in the picture; the motion stays."""
    track = person.track
    keypoints = track.keypoints * [scale, scale, 1.0] + [*offset, 0.0]
    return replace(person, track=replace(track, keypoints=keypoints, boxes=track.boxes * scale + np.tile(offset, 2)))


def text_of(performance: Performance, pictures: SpanPictures | None = None, film: str | None = None) -> str:
    shown = pictures or SpanPictures(performance)
    return page.page(performance, shown, title="clip", film=film, warnings=())


def said(found: list[Finding]) -> str:
    return " | ".join(finding.found for finding in found)


# Figures


def test_keypoints_that_are_the_projected_motion_have_no_reprojection_error(truth: Performance) -> None:
    assert figures(truth)[0].reprojection_px.max() < 1e-6


def test_keypoints_that_are_shifted_have_that_error(truth: Performance) -> None:
    person = truth.people[0]
    found = figures_of(truth, with_keypoints(person, person.track.keypoints + np.array([3.0, -4.0, 0.0])))
    builders.assert_same(found.reprojection_px, np.full(FRAMES, 5.0), 1e-6)
    builders.assert_same(found.reprojection_percent, 500.0 / found.size_px, 1e-6)


def test_keypoints_that_are_not_seen_for_sure_do_not_count(truth: Performance) -> None:
    person = with_confidence(truth.people[0], BODY[0], 0, FRAMES, 0.1)
    person.track.keypoints[:, BODY[0], :2] += 500.0
    found = figures_of(truth, person)
    assert found.reprojection_px.max() < 1e-6


def test_filled_frames_have_no_reprojection_error(truth: Performance) -> None:
    person = scenes.hidden(scenes.without_frames(truth.people[0], 15, 45), 5, 11)
    found = figures_of(truth, person)
    assert np.isnan(found.reprojection_px[5:11]).all()
    assert np.isfinite(found.reprojection_px[11:]).all()


@pytest.mark.parametrize("angle", [-20.0, 0.0, 60.0, 130.0])
def test_hips_bend_by_the_angle_of_the_thigh(truth: Performance, angle: float) -> None:
    person = truth.people[0]
    rotations = person.motion.rotations.copy()
    rotations[:, humanoid.INDEX["leftUpperLeg"]] = rotation.from_rotvec(np.radians([-angle, 0.0, 0.0]))
    found = figures_of(truth, replace(person, motion=replace(person.motion, rotations=rotations)))
    builders.assert_same(found.flexion_deg[:, ANGLES.index("left hip")], np.full(FRAMES, angle), 1e-6)


def test_knees_and_elbows_have_their_own_columns(truth: Performance) -> None:
    person = truth.people[0]
    rotations = np.tile(rotation.IDENTITY, (FRAMES, 22, 1))
    rotations[:, humanoid.INDEX["rightLowerLeg"]] = rotation.from_rotvec(np.radians([70.0, 0.0, 0.0]))
    rotations[:, humanoid.INDEX["leftLowerArm"]] = rotation.from_rotvec(np.radians([0.0, -40.0, 0.0]))
    found = figures_of(truth, replace(person, motion=replace(person.motion, rotations=rotations))).flexion_deg[0]
    bent = {name: round(float(angle)) for name, angle in zip(ANGLES, found, strict=True) if "hip" not in name}
    # The foot stands 2 cm behind the shin at rest, so a straight knee bends by 3 degrees.
    assert bent["left elbow"] == 40
    assert bent["right elbow"] == 0
    assert bent["right knee"] - 70 == pytest.approx(bent["left knee"], abs=7)
    assert bent["left knee"] < 4


def test_contacts_are_those_of_the_motion(truth: Performance) -> None:
    np.testing.assert_array_equal(figures(truth)[0].touching, truth.people[0].motion.contacts == 1.0)


# Spans


def test_runs_are_half_open() -> None:
    assert runs(np.array([True, False, True, True, False, True])) == [(0, 1), (2, 4), (5, 6)]
    assert runs(np.zeros(3, dtype=bool)) == []


def test_a_gap_is_a_span_with_its_middle_as_the_picture(truth: Performance) -> None:
    person = scenes.hidden(scenes.without_frames(truth.people[0], 10, 60), 20, 31)
    (span,) = low_confidence_spans(person.track, truth.fps)
    assert (span.first, span.last, span.least) == (30, 40, 35)
    assert (span.confidence, span.observed) == (0.0, 0.0)


def test_the_worst_span_comes_first_and_near_ones_are_one(truth: Performance) -> None:
    person = with_confidence(truth.people[0], slice(None), 5, 10, 0.4)
    person = with_confidence(person, slice(None), 12, 15, 0.3)
    person = with_confidence(person, slice(None), 40, 48, 0.1)
    spans = low_confidence_spans(person.track, truth.fps)
    assert [(span.first, span.last) for span in spans] == [(40, 47), (5, 14)]
    assert spans[1].least in (12, 13, 14)
    assert spans[0].confidence == pytest.approx(0.1)
    assert len(low_confidence_spans(person.track, truth.fps, most=1)) == 1


# Findings


def standing(truth: Performance) -> Performance:
    """The first person, who now stands still with both feet on the floor."""
    motion = truth.people[0].motion
    motion = replace(
        motion,
        rotations=np.tile(rotation.IDENTITY, (FRAMES, 22, 1)),
        root_position=np.tile(motion.skeleton.rest_offsets[0], (FRAMES, 1)),
        contacts=np.ones((FRAMES, 4)),
    )
    track = track_of(motion, truth.camera.camera_from_world[0], truth.camera.intrinsics)
    return scenes.of(truth, Person("person1", track, motion))


def test_nothing_stands_out_where_nothing_is_wrong(truth: Performance) -> None:
    assert findings(figures(standing(truth))) == []


def finding_of(performance: Performance, person: Person, part: str) -> Finding:
    before = said(findings(figures(performance)))
    assert part not in before
    (finding,) = (f for f in findings([figures_of(performance, person)]) if part in f.found)
    assert finding.person == person.name
    return finding


def test_a_small_person_is_said_to_be_small(truth: Performance) -> None:
    finding = finding_of(truth, scaled(truth.people[0], 0.2, (400.0, 200.0)), "small in the picture")
    size = np.median(figures(truth)[0].size_px) * 0.2
    assert f"{size:.0f} px" in finding.found


def test_filled_frames_are_named_with_their_times(truth: Performance) -> None:
    finding = finding_of(truth, scenes.hidden(truth.people[0], 30, 45), "not seen in 25 %")
    assert finding.times == ((1.0, 1.5),)
    assert finding.when == "1.0–1.5 s"  # noqa: RUF001


def test_feet_below_the_picture_are_missed(truth: Performance) -> None:
    person = truth.people[0]
    keypoints = person.track.keypoints.copy()
    feet = [blazepose.INDEX[name] for name in ("left_heel", "left_foot_index")]
    keypoints[:15, feet, 1] = scenes.SIZE[1] + 10.0
    finding = finding_of(truth, with_keypoints(person, keypoints), "out of the picture in 25 %")
    assert finding.times == ((0.0, 0.5),)


def test_a_hidden_arm_is_named_and_the_other_is_not(truth: Performance) -> None:
    person = with_confidence(truth.people[0], blazepose.INDEX["left_wrist"], 0, 30, 0.2)
    finding = finding_of(truth, person, "hidden or unclear")
    assert "left arm 50 %" in finding.found
    assert not any(limb in finding.found for limb in LIMBS if limb != "left arm")


def test_limbs_out_of_the_picture_are_not_called_hidden(truth: Performance) -> None:
    person = with_confidence(truth.people[0], blazepose.INDEX["left_wrist"], 0, 30, 0.2)
    person.track.keypoints[:30, blazepose.INDEX["left_wrist"], 0] = -20.0
    assert "hidden" not in said(findings([figures_of(truth, person)]))


def test_low_confidence_everywhere_asks_for_light(truth: Performance) -> None:
    finding = finding_of(truth, with_confidence(truth.people[0], slice(None), 0, 30, 0.4), "keypoints are uncertain")
    assert "50 % of the frames" in finding.found
    assert "light" in finding.advice


def test_fast_hands_ask_for_a_higher_rate_unless_it_is_high(truth: Performance) -> None:
    still = standing(truth)
    person = still.people[0]
    keypoints = person.track.keypoints.copy()
    keypoints[1::2, blazepose.INDEX["left_wrist"], 0] += 0.2 * figures(still)[0].size_px[0]
    waving = with_keypoints(person, keypoints)
    finding = finding_of(still, waving, "in 98 % of the frames, at 30 frames/s")
    assert "60 frames/s" in finding.advice
    quick = replace(still, fps=2 * truth.fps)
    assert "frames/s" not in said(findings([figures_of(quick, waving)]))


def test_a_high_reprojection_error_is_named(truth: Performance) -> None:
    person = truth.people[0]
    shift = 0.08 * figures(truth)[0].size_px[:, None, None] * np.array([1.0, 0.0, 0.0])
    finding = finding_of(truth, with_keypoints(person, person.track.keypoints + shift), "reprojection error 8.0 %")
    assert finding.times == ()


def test_long_lists_of_times_are_cut_to_the_longest() -> None:
    spans = ((0.0, 0.1), (1.0, 1.5), (2.0, 2.2), (3.0, 3.4), (4.0, 4.9))
    assert Finding("a", "b", "c", spans).when == "1.0–1.5 s, 3.0–3.4 s, 4.0–4.9 s and 2 more"  # noqa: RUF001


# Pictures


def write_frames(path: Path, frames: list[np.ndarray]) -> Path:
    return write_video(path, frames)


def opened(jpeg: bytes, path: Path) -> Image.Image:
    path.write_bytes(jpeg)
    return Image.open(path)


def test_the_picture_is_cut_around_the_person(truth: Performance, tmp_path: Path) -> None:
    boxes = np.tile([800.0, 500.0, 1000.0, 600.0], (FRAMES, 1))
    person = scenes.hidden(truth.people[0], 20, 30)
    boxes[20:30] = np.nan
    performance = scenes.of(truth, replace(person, track=replace(person.track, boxes=boxes)))
    builders.assert_same(region(performance.people[0].track, 25), [750.0, 450.0, 1050.0, 650.0], 1e-9)
    pictures = SpanPictures(performance)
    # The white quarter of the picture begins at 640, 360; the region lies within it.
    clip = write_frames(tmp_path / "clip.mp4", [quadrants((320, 180))] * FRAMES)
    pictures.read(clip)
    with opened(pictures.jpegs["true1", 25], tmp_path / "shot.jpg") as image:
        assert image.format == "JPEG"
        assert image.size == (74, 50)
        assert np.asarray(image).min() > 230


def test_frames_of_a_film_are_not_read_again(truth: Performance, tmp_path: Path) -> None:
    pictures = SpanPictures(scenes.of(truth, scenes.hidden(truth.people[0], 20, 30)))
    for index in range(FRAMES):
        pictures.look(index, quadrants((640, 360)))
    pictures.read(tmp_path / "no such file.mp4")
    assert list(pictures.jpegs) == [("true1", 25)]


def test_nothing_is_read_where_nobody_is_or_was_lost(truth: Performance, tmp_path: Path) -> None:
    SpanPictures(scenes.of(truth)).read(tmp_path / "no such file.mp4")
    with pytest.raises(MediaError):
        SpanPictures(scenes.of(truth, scenes.hidden(truth.people[0], 20, 30))).read(tmp_path / "no such file.mp4")


def test_reading_ends_at_the_last_picture(truth: Performance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = SpanPictures(scenes.of(truth, scenes.hidden(truth.people[0], 20, 30)))
    seen: list[int] = []
    monkeypatch.setattr(pictures, "look", lambda index, _: seen.append(index))
    pictures.read(write_frames(tmp_path / "clip.mp4", numbered_pictures(FRAMES)))
    assert seen == list(range(26))
    assert MOST_READ < 30 * 60 * 5, "minutes, however long the video"


def test_somebody_out_of_the_picture_gets_the_whole_frame(truth: Performance, tmp_path: Path) -> None:
    person = scaled(truth.people[0], 1.0, (5000.0, 0.0))
    pictures = SpanPictures(scenes.of(truth, with_confidence(person, slice(None), 0, FRAMES, 0.1)))
    pictures.look(FRAMES // 2, quadrants((640, 360)))
    with opened(pictures.jpegs["true1", FRAMES // 2], tmp_path / "shot.jpg") as image:
        assert image.width == SIZE[0]
        assert quadrant_colors(np.asarray(image)) == "rgbw"


# Page


def test_names_and_notes_are_escaped(truth: Performance, tmp_path: Path) -> None:
    performance = scenes.of(truth, scenes.renamed(scenes.hidden(truth.people[0], 20, 30), NASTY))
    pictures = SpanPictures(performance)
    pictures.look(25, quadrants((64, 48)))
    path = tmp_path / "page.html"
    page.write(path, performance, pictures, title=NASTY, film='a"b.mp4', warnings=[NASTY])
    text = path.read_text(encoding="utf-8")
    assert "<script" not in text
    assert 'src="a%22b.mp4"' in text
    assert text.count("&lt;script&gt;") >= 6


def test_a_page_asks_for_nothing_but_the_film(truth: Performance) -> None:
    performance = scenes.of(truth, scenes.hidden(truth.people[0], 20, 30))
    pictures = SpanPictures(performance)
    pictures.look(25, quadrants((640, 360)))
    text = text_of(performance, pictures, "preview.mp4")
    sources = re.findall(r'\s(?:src|href|srcset|poster|data|action)\s*=\s*"([^"]*)"', text)
    assert [source for source in sources if not source.startswith("data:image/jpeg;base64,")] == ["preview.mp4"]
    assert len(sources) == 2
    assert "http" not in text
    assert not re.search(r"url\(|@import|<script|<link", text)


def test_without_a_film_there_is_a_text_in_its_place(truth: Performance) -> None:
    assert "<video" not in text_of(truth)
    assert "No film was made" in text_of(truth)


def test_each_person_has_a_section_and_a_row() -> None:
    text = text_of(scenes.truth(30, 3))
    assert text.count("<section>") == 3
    assert [text.count(f"<h2>true{n}</h2>") for n in (1, 2, 3)] == [1, 1, 1]


def test_nothing_found_is_said_in_one_line(truth: Performance) -> None:
    assert "Nothing stood out" in text_of(scenes.of(truth))


def test_a_single_frame_has_a_report(truth: Performance) -> None:
    person = scenes.without_frames(truth.people[0], 0, 1)
    performance = replace(truth, people=(person,), frame_count=1)
    text = text_of(performance)
    assert "seen in only 1 frame<" not in text
    assert "seen in only 1 frame" in text
    assert "nan" not in re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL).replace("provenance", "")


def test_somebody_who_was_never_observed_has_a_report(truth: Performance) -> None:
    person = scenes.hidden(truth.people[0], 0, FRAMES)
    person = replace(person, track=replace(person.track, boxes=np.full((FRAMES, 4), np.nan)))
    performance = scenes.of(truth, person)
    pictures = SpanPictures(performance)
    pictures.look(FRAMES // 2, quadrants())
    text = text_of(performance, pictures)
    assert "not seen in 100 %" in text
    assert "not found, filled in" in text
    assert text.count("<img") == 1
    assert ">nan" not in text


def test_somebody_out_of_the_picture_has_a_report(truth: Performance) -> None:
    performance = scenes.of(truth, scaled(truth.people[0], 1.0, (5000.0, 0.0)))
    assert "half of the body or more is out of the picture in 100 %" in text_of(performance)


def test_an_hour_makes_no_large_page() -> None:
    minute = scenes.truth(60, 1)
    person = minute.people[0]
    track, motion = person.track, person.motion
    many = 500
    track = replace(
        track,
        frames=np.arange(60 * many),
        observed=np.tile(track.observed, many),
        boxes=np.tile(track.boxes, (many, 1)),
        keypoints=np.tile(track.keypoints, (many, 1, 1)),
        landmarks_3d=np.tile(track.landmarks_3d, (many, 1, 1)),
    )
    motion = replace(
        motion,
        rotations=np.tile(motion.rotations, (many, 1, 1)),
        root_position=np.tile(motion.root_position, (many, 1)),
        contacts=np.tile(motion.contacts, (many, 1)),
        joint_sigma=np.tile(motion.joint_sigma, (many, 1)),
    )
    view = replace(minute.camera, camera_from_world=np.tile(minute.camera.camera_from_world[:1], (60 * many, 1, 1)))
    performance = replace(minute, frame_count=60 * many, camera=view, people=(Person("person1", track, motion),))
    assert len(text_of(performance)) < 400_000
