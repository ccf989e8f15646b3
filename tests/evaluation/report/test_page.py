"""The report of a performance: metrics with known values, findings, images, page."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bodydouble.data import Face, Performance, Person
from bodydouble.evaluation.report import page
from bodydouble.evaluation.report.findings import Finding, list_findings
from bodydouble.evaluation.report.frame_samples import FrameSamples
from bodydouble.evaluation.report.images import MAX_SIZE, SpanImages, crop_box
from bodydouble.evaluation.report.person_metrics import ANGLES, LIMBS, PersonMetrics, measure_people
from bodydouble.evaluation.report.spans import BODY_LANDMARKS, find_low_confidence_spans, find_runs
from bodydouble.geometry import rotation
from bodydouble.skeletons import blazepose, humanoid
from tests import builders
from tests.evaluation import scenes
from tests.media_builders import numbered_pictures, quadrant_colors, quadrants
from tests.motion.scenes import simulated_track

FRAMES = 60
NASTY = "<script>alert('x')</script> & \"quotes\""


@pytest.fixture
def truth() -> Performance:
    return scenes.ground_truth(FRAMES, 1)


def metrics_of(performance: Performance, person: Person) -> PersonMetrics:
    return measure_people(scenes.with_people(performance, person))[0]


def with_keypoints(person: Person, keypoints: np.ndarray) -> Person:
    return replace(person, track=replace(person.track, keypoints=keypoints))


def with_confidence(person: Person, landmarks: object, start: int, end: int, confidence: float) -> Person:
    keypoints = person.track.keypoints.copy()
    keypoints[start:end, landmarks, 2] = confidence  # type: ignore[index]
    return with_keypoints(person, keypoints)


def scale_in_image(person: Person, scale: float, offset: tuple[float, float] = (0.0, 0.0)) -> Person:
    """Scales and moves a person in the image; the motion is unchanged."""
    track = person.track
    keypoints = track.keypoints * [scale, scale, 1.0] + [*offset, 0.0]
    return replace(person, track=replace(track, keypoints=keypoints, boxes=track.boxes * scale + np.tile(offset, 2)))


def text_of(performance: Performance, images: SpanImages | None = None, preview: str | None = None) -> str:
    report_images = images or SpanImages(performance)
    return page.build_report(performance, report_images, title="clip", preview=preview, warnings=())


def messages(found_findings: list[Finding]) -> str:
    return " | ".join(finding.message for finding in found_findings)


# Metrics


def test_projected_keypoints_have_no_reprojection_error(truth: Performance) -> None:
    assert measure_people(truth)[0].reprojection_px.max() < 1e-6


def test_reprojection_error_equals_the_shift_of_the_keypoints(truth: Performance) -> None:
    person = truth.people[0]
    metrics = metrics_of(truth, with_keypoints(person, person.track.keypoints + np.array([3.0, -4.0, 0.0])))
    builders.assert_same(metrics.reprojection_px, np.full(FRAMES, 5.0), 1e-6)
    builders.assert_same(metrics.reprojection_percent, 500.0 / metrics.size_px, 1e-6)


def test_uncertain_keypoints_have_no_reprojection_error(truth: Performance) -> None:
    person = with_confidence(truth.people[0], BODY_LANDMARKS[0], 0, FRAMES, 0.1)
    person.track.keypoints[:, BODY_LANDMARKS[0], :2] += 500.0
    metrics = metrics_of(truth, person)
    assert metrics.reprojection_px.max() < 1e-6


def test_filled_frames_have_no_reprojection_error(truth: Performance) -> None:
    person = scenes.occlude(scenes.keep_frames(truth.people[0], 15, 45), 5, 11)
    metrics = metrics_of(truth, person)
    assert np.isnan(metrics.reprojection_px[5:11]).all()
    assert np.isfinite(metrics.reprojection_px[11:]).all()


@pytest.mark.parametrize("angle", [-20.0, 0.0, 60.0, 130.0])
def test_hip_flexion_is_the_angle_of_the_thigh(truth: Performance, angle: float) -> None:
    person = truth.people[0]
    rotations = person.motion.rotations.copy()
    rotations[:, humanoid.INDEX["leftUpperLeg"]] = rotation.from_rotvec(np.radians([-angle, 0.0, 0.0]))
    metrics = metrics_of(truth, replace(person, motion=replace(person.motion, rotations=rotations)))
    builders.assert_same(metrics.flexion_deg[:, ANGLES.index("left hip")], np.full(FRAMES, angle), 1e-6)


def test_knees_and_elbows_have_separate_columns(truth: Performance) -> None:
    person = truth.people[0]
    rotations = np.tile(rotation.IDENTITY, (FRAMES, 22, 1))
    rotations[:, humanoid.INDEX["rightLowerLeg"]] = rotation.from_rotvec(np.radians([70.0, 0.0, 0.0]))
    rotations[:, humanoid.INDEX["leftLowerArm"]] = rotation.from_rotvec(np.radians([0.0, -40.0, 0.0]))
    metrics = metrics_of(truth, replace(person, motion=replace(person.motion, rotations=rotations))).flexion_deg[0]
    bent = {name: round(float(angle)) for name, angle in zip(ANGLES, metrics, strict=True) if "hip" not in name}
    # The foot is 2 cm behind the shin at rest, so a straight knee has a flexion of 3 degrees.
    assert bent["left elbow"] == 40
    assert bent["right elbow"] == 0
    assert bent["right knee"] - 70 == pytest.approx(bent["left knee"], abs=7)
    assert bent["left knee"] < 4


def test_contacts_equal_those_of_the_motion(truth: Performance) -> None:
    np.testing.assert_array_equal(measure_people(truth)[0].in_contact, truth.people[0].motion.contacts == 1.0)


# Spans


def test_the_report_tells_how_often_the_face_was_observed(truth: Performance) -> None:
    person = truth.people[0]
    frames = len(person.track.frames)
    face = Face(np.arange(frames) < frames // 4, np.zeros((frames, 52)), np.zeros((frames, 2)))
    assert metrics_of(truth, person).face_coverage == 0.0
    assert metrics_of(truth, replace(person, face=face)).face_coverage == (frames // 4) / frames
    assert "frames with an observed face" in text_of(truth)


def test_runs_are_half_open() -> None:
    assert find_runs(np.array([True, False, True, True, False, True])) == [(0, 1), (2, 4), (5, 6)]
    assert find_runs(np.zeros(3, dtype=bool)) == []


def test_the_image_of_a_gap_is_its_middle_frame(truth: Performance) -> None:
    person = scenes.occlude(scenes.keep_frames(truth.people[0], 10, 60), 20, 31)
    (span,) = find_low_confidence_spans(person.track, truth.fps)
    assert (span.first_frame, span.last_frame, span.worst_frame) == (30, 40, 35)
    assert (span.confidence, span.observed_fraction) == (0.0, 0.0)


def test_spans_are_merged_and_sorted_by_lack_of_confidence(truth: Performance) -> None:
    person = with_confidence(truth.people[0], slice(None), 5, 10, 0.4)
    person = with_confidence(person, slice(None), 12, 15, 0.3)
    person = with_confidence(person, slice(None), 40, 48, 0.1)
    spans = find_low_confidence_spans(person.track, truth.fps)
    assert [(span.first_frame, span.last_frame) for span in spans] == [(40, 47), (5, 14)]
    assert spans[1].worst_frame in (12, 13, 14)
    assert spans[0].confidence == pytest.approx(0.1)
    assert len(find_low_confidence_spans(person.track, truth.fps, max_spans=1)) == 1


# Findings


def standing(truth: Performance) -> Performance:
    """Returns a performance whose first person stands still with both feet on the floor."""
    motion = truth.people[0].motion
    motion = replace(
        motion,
        rotations=np.tile(rotation.IDENTITY, (FRAMES, 22, 1)),
        root_position=np.tile(motion.skeleton.rest_offsets[0], (FRAMES, 1)),
        contacts=np.ones((FRAMES, 4)),
    )
    track = simulated_track(motion, truth.camera.camera_from_world[0], truth.camera.intrinsics)
    return scenes.with_people(truth, Person("person1", track, motion))


def test_a_good_recording_has_no_findings(truth: Performance) -> None:
    assert list_findings(measure_people(standing(truth))) == []


def finding_of(performance: Performance, person: Person, words: str) -> Finding:
    messages_without_problem = messages(list_findings(measure_people(performance)))
    assert words not in messages_without_problem
    (finding,) = (f for f in list_findings([metrics_of(performance, person)]) if words in f.message)
    assert finding.person == person.name
    return finding


def test_a_small_person_gives_a_finding(truth: Performance) -> None:
    finding = finding_of(truth, scale_in_image(truth.people[0], 0.2, (400.0, 200.0)), "small in the image")
    size = np.median(measure_people(truth)[0].size_px) * 0.2
    assert f"{size:.0f} px" in finding.message


def test_filled_frames_give_a_finding_with_times(truth: Performance) -> None:
    finding = finding_of(truth, scenes.occlude(truth.people[0], 30, 45), "not observed in 25 %")
    assert finding.times == ((1.0, 1.5),)
    assert finding.times_text == "1.0–1.5 s"  # noqa: RUF001


def test_a_person_who_floats_gives_a_finding(truth: Performance) -> None:
    performance = standing(truth)
    person = performance.people[0]
    contacts = np.ones((FRAMES, 4))
    contacts[24:42] = 0.0
    floating = replace(person, motion=replace(person.motion, contacts=contacts))
    finding = finding_of(performance, floating, "floats: no contact with the floor holds the person up in 27 %")
    ((start, end),) = finding.times
    assert (start, end) == pytest.approx((25 / 30, 41 / 30)), "less the tolerance of contacts"


def test_a_person_who_leans_without_support_gives_a_finding(truth: Performance) -> None:
    performance = standing(truth)
    person = performance.people[0]
    rotations = person.motion.rotations.copy()
    rotations[:, humanoid.INDEX["hips"]] = rotation.from_rotvec(np.array([0.4, 0.0, 0.0]))
    for side in ("left", "right"):
        rotations[:, humanoid.INDEX[f"{side}Foot"]] = rotation.from_rotvec(np.array([-0.4, 0.0, 0.0]))
    leaning = replace(person, motion=replace(person.motion, rotations=rotations))
    finding = finding_of(performance, leaning, "leans without support")
    assert len(finding.times) == 1
    assert metrics_of(performance, leaning).physics.imbalance_m[30] > 0.1


def test_the_report_tells_unexplained_forces(truth: Performance) -> None:
    text = text_of(standing(truth))
    assert "Force and torque that no contact explains" in text
    assert "<td>unexplained force, median, % of weight</td><td>0.0</td>" in text


def test_feet_outside_the_image_give_a_finding(truth: Performance) -> None:
    person = truth.people[0]
    keypoints = person.track.keypoints.copy()
    feet = [blazepose.INDEX[name] for name in ("left_heel", "left_foot_index")]
    keypoints[:15, feet, 1] = scenes.SIZE[1] + 10.0
    finding = finding_of(truth, with_keypoints(person, keypoints), "outside the image in 25 %")
    assert finding.times == ((0.0, 0.5),)


def test_only_the_occluded_arm_is_named(truth: Performance) -> None:
    person = with_confidence(truth.people[0], blazepose.INDEX["left_wrist"], 0, 30, 0.2)
    finding = finding_of(truth, person, "occluded or uncertain")
    assert "left arm 50 %" in finding.message
    assert not any(limb in finding.message for limb in LIMBS if limb != "left arm")


def test_limbs_outside_the_image_are_not_reported_as_occluded(truth: Performance) -> None:
    person = with_confidence(truth.people[0], blazepose.INDEX["left_wrist"], 0, 30, 0.2)
    person.track.keypoints[:30, blazepose.INDEX["left_wrist"], 0] = -20.0
    assert "occluded" not in messages(list_findings([metrics_of(truth, person)]))


def test_low_confidence_advises_more_light(truth: Performance) -> None:
    finding = finding_of(truth, with_confidence(truth.people[0], slice(None), 0, 30, 0.4), "keypoints are uncertain")
    assert "50 % of the frames" in finding.message
    assert "light" in finding.advice


def test_fast_hands_advise_a_higher_frame_rate_unless_it_is_high(truth: Performance) -> None:
    standing_performance = standing(truth)
    person = standing_performance.people[0]
    keypoints = person.track.keypoints.copy()
    keypoints[1::2, blazepose.INDEX["left_wrist"], 0] += 0.2 * measure_people(standing_performance)[0].size_px[0]
    waving = with_keypoints(person, keypoints)
    finding = finding_of(standing_performance, waving, "in 98 % of the frames, at 30 frames/s")
    assert "60 frames/s" in finding.advice
    quick = replace(standing_performance, fps=2 * truth.fps)
    assert "frames/s" not in messages(list_findings([metrics_of(quick, waving)]))


def test_a_high_reprojection_error_gives_a_finding(truth: Performance) -> None:
    person = truth.people[0]
    shift = 0.08 * measure_people(truth)[0].size_px[:, None, None] * np.array([1.0, 0.0, 0.0])
    finding = finding_of(truth, with_keypoints(person, person.track.keypoints + shift), "reprojection error 8.0 %")
    assert finding.times == ()


def test_only_the_longest_time_ranges_are_named() -> None:
    spans = ((0.0, 0.1), (1.0, 1.5), (2.0, 2.2), (3.0, 3.4), (4.0, 4.9))
    assert Finding("a", "b", "c", spans).times_text == "1.0–1.5 s, 3.0–3.4 s, 4.0–4.9 s and 2 more"  # noqa: RUF001


# Images


def sample(frames: Sequence[np.ndarray], interval: int = 1) -> FrameSamples:
    samples = FrameSamples(interval)
    for index, frame in enumerate(frames):
        samples.add_frame(index, frame)
    return samples


def open_jpeg(jpeg: bytes, path: Path) -> Image.Image:
    path.write_bytes(jpeg)
    return Image.open(path)


def test_the_image_is_cropped_around_the_person(truth: Performance, tmp_path: Path) -> None:
    boxes = np.tile([800.0, 500.0, 1000.0, 600.0], (FRAMES, 1))
    person = scenes.occlude(truth.people[0], 20, 30)
    boxes[20:30] = np.nan
    performance = scenes.with_people(truth, replace(person, track=replace(person.track, boxes=boxes)))
    builders.assert_same(crop_box(performance.people[0].track, 25), [750.0, 450.0, 1050.0, 650.0], 1e-9)
    images = SpanImages(performance)
    # The white quarter of the image begins at 640, 360 and contains the region.
    images.add_samples(sample([quadrants((320, 180))] * FRAMES))
    with open_jpeg(images.jpegs["true1", 25], tmp_path / "crop.jpg") as image:
        assert image.format == "JPEG"
        assert image.size == (74, 50)
        assert np.asarray(image).min() > 230


def test_added_frames_are_not_replaced_by_samples(truth: Performance) -> None:
    images = SpanImages(scenes.with_people(truth, scenes.occlude(truth.people[0], 20, 30)))
    for index in range(FRAMES):
        images.add_frame(index, quadrants((640, 360)))
    before = dict(images.jpegs)
    images.add_samples(sample([np.zeros((360, 640, 3), np.uint8)] * FRAMES))
    assert images.jpegs == before
    assert list(before) == [("true1", 25)]


@pytest.mark.parametrize(("interval", "shown"), [(1, 25), (10, 20), (8, 24), (40, 40)])
def test_the_nearest_sample_is_shown_with_its_own_time(truth: Performance, interval: int, shown: int) -> None:
    performance = scenes.with_people(truth, scenes.occlude(truth.people[0], 20, 30))
    images = SpanImages(performance)
    images.add_samples(sample(numbered_pictures(FRAMES), interval))
    assert images.shown_frames == {("true1", 25): shown}
    assert f"image at {shown / float(performance.fps):.1f} s" in text_of(performance, images)


def test_without_a_near_sample_there_is_no_image(truth: Performance) -> None:
    performance = scenes.with_people(truth, scenes.occlude(truth.people[0], 20, 30))
    images = SpanImages(performance)
    images.add_samples(sample(numbered_pictures(4)))
    assert images.jpegs == {}
    assert "image at 0.8 s is not available" in text_of(performance, images)


def test_samples_of_a_long_video_are_fewer_than_their_maximum_and_evenly_spaced() -> None:
    samples, pictures = FrameSamples(interval=2, max_samples=5), numbered_pictures(50)
    for index, picture in enumerate(pictures):
        samples.add_frame(index, picture)
    nearest = [samples.nearest(index) for index in range(50)]
    assert sorted({index for index in nearest if index is not None}) == [0, 16, 32, 48]
    for index in (0, 16, 32, 48):
        picture = np.asarray(pictures[index])
        assert samples.read(index).shape == picture.shape
        assert np.abs(samples.read(index).astype(int) - picture).mean() < 3


def test_a_sample_is_reduced() -> None:
    samples = sample([quadrants((1280, 720))])
    assert samples.read(0).shape == (360, 640, 3)
    assert quadrant_colors(samples.read(0)) == "rgbw"


def test_a_person_outside_the_image_gets_the_whole_frame(truth: Performance, tmp_path: Path) -> None:
    person = scale_in_image(truth.people[0], 1.0, (5000.0, 0.0))
    images = SpanImages(scenes.with_people(truth, with_confidence(person, slice(None), 0, FRAMES, 0.1)))
    images.add_frame(FRAMES // 2, quadrants((640, 360)))
    with open_jpeg(images.jpegs["true1", FRAMES // 2], tmp_path / "crop.jpg") as image:
        assert image.width == MAX_SIZE[0]
        assert quadrant_colors(np.asarray(image)) == "rgbw"


# Page


def test_names_and_notes_are_escaped(truth: Performance, tmp_path: Path) -> None:
    performance = scenes.with_people(truth, scenes.rename(scenes.occlude(truth.people[0], 20, 30), NASTY))
    images = SpanImages(performance)
    images.add_frame(25, quadrants((64, 48)))
    path = tmp_path / "page.html"
    page.write_report(path, performance, images, title=NASTY, preview='a"b.mp4', warnings=[NASTY])
    text = path.read_text(encoding="utf-8")
    assert "<script" not in text
    assert 'src="a%22b.mp4"' in text
    assert text.count("&lt;script&gt;") >= 6


def test_a_report_refers_to_the_preview_only(truth: Performance) -> None:
    performance = scenes.with_people(truth, scenes.occlude(truth.people[0], 20, 30))
    images = SpanImages(performance)
    images.add_frame(25, quadrants((640, 360)))
    text = text_of(performance, images, "preview.mp4")
    sources = re.findall(r'\s(?:src|href|srcset|poster|data|action)\s*=\s*"([^"]*)"', text)
    assert [source for source in sources if not source.startswith("data:image/jpeg;base64,")] == ["preview.mp4"]
    assert len(sources) == 2
    assert "http" not in text
    assert not re.search(r"url\(|@import|<script|<link", text)


def test_without_a_preview_there_is_a_note(truth: Performance) -> None:
    assert "<video" not in text_of(truth)
    assert "No preview was rendered" in text_of(truth)


def test_each_person_has_a_section_and_a_row() -> None:
    text = text_of(scenes.ground_truth(30, 3))
    assert text.count("<section>") == 3
    assert [text.count(f"<h2>true{n}</h2>") for n in (1, 2, 3)] == [1, 1, 1]


def test_a_report_without_findings_says_so(truth: Performance) -> None:
    assert "No findings" in text_of(scenes.with_people(truth))


def test_a_single_frame_has_a_report(truth: Performance) -> None:
    person = scenes.keep_frames(truth.people[0], 0, 1)
    performance = replace(truth, people=(person,), frame_count=1)
    text = text_of(performance)
    assert "observed in only 1 frame<" not in text
    assert "observed in only 1 frame" in text
    assert "nan" not in re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL).replace("provenance", "")


def test_a_person_without_observations_has_a_report(truth: Performance) -> None:
    person = scenes.occlude(truth.people[0], 0, FRAMES)
    person = replace(person, track=replace(person.track, boxes=np.full((FRAMES, 4), np.nan)))
    performance = scenes.with_people(truth, person)
    images = SpanImages(performance)
    images.add_frame(FRAMES // 2, quadrants())
    text = text_of(performance, images)
    assert "not observed in 100 %" in text
    assert "not detected, interpolated" in text
    assert text.count("<img") == 1
    assert ">nan" not in text


def test_a_person_outside_the_image_has_a_report(truth: Performance) -> None:
    performance = scenes.with_people(truth, scale_in_image(truth.people[0], 1.0, (5000.0, 0.0)))
    assert "half of the body or more is outside the image in 100 %" in text_of(performance)


def test_the_report_of_a_long_clip_is_small() -> None:
    minute = scenes.ground_truth(60, 1)
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
