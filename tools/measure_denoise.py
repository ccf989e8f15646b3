"""Measures the effect of the enhancement of noisy, dark and blurred frames on detected people and keypoints.

Short clips are rendered (their people, clothes and environments are in no other set), degraded in known ways, and
processed with every choice of ``--enhance``::

    python tools/measure_denoise.py -o measured > table.md

Input: none; the motions are those of the PyPI package pybullet. Output: the table in Markdown on standard output. Clips
and metrics are cached in the folder, so that an interrupted run resumes. The choices of ``auto`` were made on the clips
of ``--half choose``; the table in docs/noisy-video.md is that of ``--half report``, the default.
"""

import argparse
import hashlib
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.bench.clip_cache import BenchClip
from bodydouble.bench.people_clips import FPS, motion_files, render_clip
from bodydouble.bench.staging import Role, Scene, View
from bodydouble.data import FloatArray, Observation, Performance, RgbImage
from bodydouble.evaluation.metrics.keypoints_2d import PCK_THRESHOLD, keypoint_similarity, relative_errors
from bodydouble.evaluation.metrics.tracking import MIN_SIMILARITY
from bodydouble.formats import performance
from bodydouble.formats.atomic import ensure_folder
from bodydouble.formats.media import FrameReader
from bodydouble.perception.image.enhance import METHODS, FrameEnhancer
from bodydouble.perception.image.quality import measure_quality
from bodydouble.perception.pose.observe import create_observer
from bodydouble.skeletons import coco
from bodydouble.synthetic.cameras import CameraMotion

RIGHT, LEFT = ((0.0, 0.0),), ((0.0, 180.0),)
SCENES = {
    "choose": (
        Scene("a1", "", 2.0, 901, (Role("dance_a", 901, 911, (-0.7, 0.3)), Role("kick", 902, 912, (0.8, 0.0)))),
        Scene("a2", "", 2.0, 902, (Role("walk", 903, 913, (0.0, 0.6), 1.0, RIGHT),
                                   Role("punch", 904, 914, (-1.0, -1.2)), Role("dance_b", 905, 915, (1.2, -1.5)))),
        Scene("a3", "", 2.0, 903, (Role("cartwheel", 906, 916, (0.0, 0.0)),)),
        Scene("a4", "", 2.0, 904, (Role("spin", 907, 917, (0.5, 0.0)), Role("run", 908, 918, (-0.5, -1.5), 1.0, LEFT)),
              (View(0.0, 60.0, camera_motion=CameraMotion.HANDHELD),)),
    ),
    "report": (
        Scene("b1", "", 2.0, 921, (Role("dance_b", 921, 931, (-0.6, 0.2), heading_deg=((0.0, 40.0),)),
                                   Role("punch", 922, 932, (0.8, -0.2)))),
        Scene("b2", "", 2.0, 922, (Role("walk", 923, 933, (0.0, 0.5), 1.0, LEFT),
                                   Role("jump", 924, 934, (1.0, -1.0)),
                                   Role("dance_a", 925, 935, (-1.2, -1.6), heading_deg=((0.0, 90.0),)))),
        Scene("b3", "", 2.0, 923, (Role("spinkick", 926, 936, (0.0, 0.0)),)),
        Scene("b4", "", 2.0, 924, (Role("getup_faceup", 927, 937, (0.4, 0.0)),
                                   Role("walk", 928, 938, (-0.4, -1.5), 1.0, RIGHT)),
              (View(0.0, -50.0, camera_motion=CameraMotion.HANDHELD),)),
    ),
}  # fmt: skip
MIN_VISIBLE_FRACTION = 0.25
"""Minimum fraction of visible COCO keypoints of a person who is expected to be detected."""

HEADINGS = ("picture", "noise, light, blur", "--enhance", "detected %", "ghosts", "median %", "90 % below",
            "within 5 %", "CPU ms")  # fmt: skip

Degradation = Callable[[list[RgbImage]], list[RgbImage]]


def darken_and_add_noise(noise: float, light: float = 1.0) -> Degradation:
    """Darkens, and adds noise: at middle grey half of its variance is read noise, half is shot noise."""

    def degrade(frames: list[RgbImage]) -> list[RgbImage]:
        rng = np.random.default_rng(7)
        return [_expose(frame, noise, light, rng) for frame in frames]

    return degrade


def _expose(frame: RgbImage, noise: float, light: float, rng: np.random.Generator) -> RgbImage:
    dark = np.floor(frame.astype(np.float32) * np.float32(light))
    deviation = noise * np.sqrt(0.5 + 0.5 * dark / 128)
    noisy = dark + deviation * rng.standard_normal(frame.shape, dtype=np.float32)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def compress_h264(crf: int) -> Degradation:
    """Compresses as H.264 at a constant rate factor."""

    def degrade(frames: list[RgbImage]) -> list[RgbImage]:
        file = io.BytesIO()
        with av.open(file, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=FPS, options={"crf": str(crf), "preset": "veryfast"})
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode(None))
        file.seek(0)
        with av.open(file) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    return degrade


def blur_defocus(sigma: float) -> Degradation:
    """Blurs by a Gaussian of that standard deviation in px."""
    return lambda frames: [np.asarray(cv2.GaussianBlur(f, (0, 0), sigma), np.uint8) for f in frames]


def blur_motion(length: int) -> Degradation:
    """Blurs along the horizontal over that length in px."""
    return lambda frames: [np.asarray(cv2.blur(f, (length, 1)), np.uint8) for f in frames]


def chain(first: Degradation, second: Degradation) -> Degradation:
    """Applies two degradations in order."""
    return lambda frames: second(first(frames))


DEGRADATIONS: dict[str, Degradation] = {
    "none": list,
    "noise 10": darken_and_add_noise(10),
    "noise 20": darken_and_add_noise(20),
    "noise 40": darken_and_add_noise(40),
    "noise 40, H.264 at CRF 34": chain(darken_and_add_noise(40), compress_h264(34)),
    "light x 0.3, noise 5": darken_and_add_noise(5, 0.3),
    "light x 0.15, noise 5": darken_and_add_noise(5, 0.15),
    "light x 0.15, noise 13": darken_and_add_noise(13, 0.15),
    "light x 0.1, noise 4": darken_and_add_noise(4, 0.1),
    "light x 0.06, noise 3": darken_and_add_noise(3, 0.06),
    "defocus 2 px": blur_defocus(2),
    "defocus 4 px": blur_defocus(4),
    "shaken by 25 px": blur_motion(25),
    "H.264 at CRF 40": compress_h264(40),
}


@dataclass(frozen=True, slots=True)
class DetectionCounts:
    """Detections in one clip, or in several."""

    visible: int
    """Number of person-frames in which a detection is expected."""
    detected: int
    """Number of these with a detection."""
    false_positives: int
    """Number of detections of no person, or of a person who has another detection."""
    errors: FloatArray
    """Errors (K,) of the visible keypoints relative to the longer side of the true box; infinite if undetected."""

    def __add__(self, other: "DetectionCounts") -> "DetectionCounts":
        errors = np.concatenate([self.errors, other.errors])
        false_positives = self.false_positives + other.false_positives
        return DetectionCounts(self.visible + other.visible, self.detected + other.detected, false_positives, errors)

    def format_cells(self) -> list[str]:
        """Formats the cells of a row of the table."""
        percent = 100 * self.errors[np.isfinite(self.errors)]
        median_error, error_90 = np.percentile(percent, (50, 90)) if percent.size else (np.nan, np.nan)
        within_threshold = 100 * np.mean(self.errors <= PCK_THRESHOLD)
        return [
            f"{100 * self.detected / self.visible:.1f}",
            str(self.false_positives),
            f"{median_error:.2f}",
            f"{error_90:.2f}",
            f"{within_threshold:.1f}",
        ]


@dataclass(frozen=True, slots=True)
class TrueKeypoints:
    """True COCO keypoints of N people in F frames."""

    keypoints: FloatArray
    """Keypoints (F, N, 17, 3): x and y in px, 1 if visible; NaN in frames without the person."""
    boxes: FloatArray
    """Boxes (F, N, 4) in px."""


def true_keypoints(ground_truth: Performance) -> TrueKeypoints:
    """Returns the true COCO keypoints of a performance."""
    keypoints = np.full((ground_truth.frame_count, len(ground_truth.people), len(coco.KEYPOINTS), 3), np.nan)
    boxes = np.full((ground_truth.frame_count, len(ground_truth.people), 4), np.nan)
    for n, person in enumerate(ground_truth.people):
        keypoints[person.track.frames, n] = person.track.keypoints[:, list(coco.BLAZEPOSE_INDICES)]
        boxes[person.track.frames, n] = person.track.boxes
    return TrueKeypoints(keypoints, boxes)


def keypoint_errors(people: Sequence[Observation], keypoints: FloatArray, boxes: FloatArray) -> FloatArray:
    """Returns errors (N, 17) of true people (N, 17, 3) relative to their boxes (N, 4); infinite if undetected."""
    errors = np.full(keypoints.shape[:2], np.inf)
    detected = np.array([person.keypoints[list(coco.BLAZEPOSE_INDICES), :2] for person in people]).reshape(-1, 17, 2)
    visible = keypoints[:, None, :, 2] > 0.5
    similarity = keypoint_similarity(detected[None], keypoints[:, None, :, :2], visible, boxes[:, None])
    for i, j in zip(*linear_sum_assignment(similarity, maximize=True), strict=True):
        if similarity[i, j] >= MIN_SIMILARITY:
            errors[i] = relative_errors(detected[j], keypoints[i, :, :2], boxes[i])
    return errors


def detect_people(frames: Sequence[RgbImage], truth: TrueKeypoints, quality: str) -> DetectionCounts:
    """Runs perception on the frames of a clip and compares it with the ground truth."""
    observer = create_observer(quality)
    visible, detected, false_positives, errors = 0, 0, 0, []
    for frame, keypoints, boxes in zip(frames, truth.keypoints, truth.boxes, strict=False):
        is_visible = keypoints[..., 2] > 0.5
        is_expected = is_visible.mean(axis=1) >= MIN_VISIBLE_FRACTION
        people = observer.observe(frame).current
        person_errors = keypoint_errors(people, keypoints, boxes)
        matched = np.isfinite(person_errors[:, 0])
        visible += int(is_expected.sum())
        detected += int((is_expected & matched).sum())
        false_positives += len(people) - int(matched.sum())
        errors.append(person_errors[is_expected][is_visible[is_expected]])
    return DetectionCounts(visible, detected, false_positives, np.concatenate(errors))


def detect_cached(frames: Sequence[RgbImage], clip: BenchClip, arguments: argparse.Namespace) -> DetectionCounts:
    """Returns the result of ``detect_people``, cached by the content of the frames."""
    digest = hashlib.sha256(b"".join(frame.tobytes() for frame in frames)).hexdigest()[:16]
    path = arguments.output / f"{clip.video.stem}.{arguments.quality}.{digest}.json"
    if not path.exists():
        detected = detect_people(frames, true_keypoints(performance.load(clip.ground_truth)), arguments.quality)
        path.write_text(json.dumps([*astuple(detected)[:3], detected.errors.tolist()]), encoding="utf-8")
    *counts, errors = json.loads(path.read_text(encoding="utf-8"))
    return DetectionCounts(*counts, np.array(errors))


def degrade_clip(clip: BenchClip, degradation: str, count: int) -> list[RgbImage]:
    """Reads the first frames of a clip and degrades them."""
    with FrameReader(clip.video) as reader:
        return DEGRADATIONS[degradation](list(islice(reader, count)))


def measure_row(
    clips: Sequence[tuple[BenchClip, list[RgbImage]]], method: str, arguments: argparse.Namespace
) -> list[str]:
    """Measures one row of the table over all clips with their degraded frames."""
    total, seconds, qualities = DetectionCounts(0, 0, 0, np.empty(0)), [], []
    for clip, frames in clips:
        enhancer = FrameEnhancer(method)
        start = time.process_time()
        enhanced = [enhancer.enhance(frame) for frame in frames]
        seconds.append((time.process_time() - start) / len(frames))
        qualities.append(astuple(measure_quality(frames[0])))
        total += detect_cached(enhanced, clip, arguments)
    noise, light, blur = np.median(qualities, axis=0)
    measures = f"{noise:.0f}, {light:.0f}, {blur:.1f}".replace("nan", "?")
    return [measures, method, *total.format_cells(), f"{1e3 * np.mean(seconds):.0f}"]


def parse_arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of cached clips and metrics")
    parser.add_argument("--half", choices=SCENES, default="report", help="set of clips")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), help="choices of --enhance")
    parser.add_argument(
        "--degradations", nargs="+", choices=DEGRADATIONS, default=list(DEGRADATIONS), help="degradations to apply"
    )
    parser.add_argument("--quality", default="balanced", help="quality of bodydouble capture")
    parser.add_argument("--frames", type=int, default=25, help="number of frames of each clip")
    return parser.parse_args()


def main() -> None:
    """Prints the table."""
    arguments = parse_arguments()
    ensure_folder(arguments.output)
    files = motion_files()
    clips = [render_clip(scene, files, arguments.output) for scene in SCENES[arguments.half]]
    print(f"| {' | '.join(HEADINGS)} |")
    print("|---|---|---|" + "--:|" * (len(HEADINGS) - 3))
    for degradation in arguments.degradations:
        # Encoders are not deterministic: all methods get the frames of one encoding.
        frames = [(clip, degrade_clip(clip, degradation, arguments.frames)) for clip in clips]
        for method in arguments.methods:
            print(f"| {' | '.join([degradation, *measure_row(frames, method, arguments)])} |", flush=True)


if __name__ == "__main__":
    main()
