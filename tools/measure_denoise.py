"""Measures what cleaning noisy, dark and blurred pictures does for finding people and their keypoints.

Renders short clips (their people, clothes and places are in no other set), spoils them in known ways, and looks at
them with every choice of ``--enhance``::

    python tools/measure_denoise.py -o measured > table.md

Clips and figures are kept in the folder: a run that was interrupted goes on. The choices that ``auto`` makes were
taken from the clips of ``--half choose``; the table in docs/noisy_video.md is that of ``--half report``, the default.
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
SEEN_SHARE = 0.25
"""Somebody is to be found while at least this share of the COCO keypoints is visible."""

HEADINGS = ("picture", "noise, light, blur", "--enhance", "found %", "ghosts", "median %", "90 % below", "within 5 %",
            "CPU ms")  # fmt: skip

Degradation = Callable[[list[RgbImage]], list[RgbImage]]


def sensor(noise: float, light: float = 1.0) -> Degradation:
    """Less light, and noise: half its variance at middle grey is read noise, half is shot noise."""

    def spoil(frames: list[RgbImage]) -> list[RgbImage]:
        rng = np.random.default_rng(7)
        return [_exposed(frame, noise, light, rng) for frame in frames]

    return spoil


def _exposed(frame: RgbImage, noise: float, light: float, rng: np.random.Generator) -> RgbImage:
    dark = np.floor(frame.astype(np.float32) * np.float32(light))
    deviation = noise * np.sqrt(0.5 + 0.5 * dark / 128)
    spoilt = dark + deviation * rng.standard_normal(frame.shape, dtype=np.float32)
    return np.asarray(np.clip(spoilt, 0, 255), np.uint8)


def h264(crf: int) -> Degradation:
    """Stored with few bits."""

    def spoil(frames: list[RgbImage]) -> list[RgbImage]:
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

    return spoil


def defocus(sigma: float) -> Degradation:
    """Blurred by a Gaussian, px."""
    return lambda frames: [np.asarray(cv2.GaussianBlur(f, (0, 0), sigma), np.uint8) for f in frames]


def shaken(length: int) -> Degradation:
    """Blurred along the horizontal, px."""
    return lambda frames: [np.asarray(cv2.blur(f, (length, 1)), np.uint8) for f in frames]


def both(one: Degradation, other: Degradation) -> Degradation:
    """One after the other."""
    return lambda frames: other(one(frames))


DEGRADATIONS: dict[str, Degradation] = {
    "none": list,
    "noise 10": sensor(10),
    "noise 20": sensor(20),
    "noise 40": sensor(40),
    "noise 40, H.264 at CRF 34": both(sensor(40), h264(34)),
    "light x 0.3, noise 5": sensor(5, 0.3),
    "light x 0.15, noise 5": sensor(5, 0.15),
    "light x 0.15, noise 13": sensor(13, 0.15),
    "light x 0.1, noise 4": sensor(4, 0.1),
    "light x 0.06, noise 3": sensor(3, 0.06),
    "defocus 2 px": defocus(2),
    "defocus 4 px": defocus(4),
    "shaken by 25 px": shaken(25),
    "H.264 at CRF 40": h264(40),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found in one clip, or in several."""

    visible: int
    """Person-frames."""
    found: int
    ghosts: int
    """People found who are nobody, or somebody who was found already."""
    errors: FloatArray
    """(K,) of the visible keypoints, relative to the longer side of the true box; infinite where not found."""

    def __add__(self, other: "Figures") -> "Figures":
        errors = np.concatenate([self.errors, other.errors])
        ghosts = self.ghosts + other.ghosts
        return Figures(self.visible + other.visible, self.found + other.found, ghosts, errors)

    def cells(self) -> list[str]:
        """Of a row of the table."""
        known = 100 * self.errors[np.isfinite(self.errors)]
        median, most = np.percentile(known, (50, 90)) if known.size else (np.nan, np.nan)
        right = 100 * np.mean(self.errors <= PCK_THRESHOLD)
        return [
            f"{100 * self.found / self.visible:.1f}",
            str(self.ghosts),
            f"{median:.2f}",
            f"{most:.2f}",
            f"{right:.1f}",
        ]


@dataclass(frozen=True, slots=True)
class Truth:
    """F frames, N people."""

    keypoints: FloatArray
    """(F, N, 17, 3) px, px, 1 if visible; NaN where there is nobody."""
    boxes: FloatArray
    """(F, N, 4) px."""


def truth_of(real: Performance) -> Truth:
    """The true COCO keypoints."""
    keypoints = np.full((real.frame_count, len(real.people), len(coco.KEYPOINTS), 3), np.nan)
    boxes = np.full((real.frame_count, len(real.people), 4), np.nan)
    for n, person in enumerate(real.people):
        keypoints[person.track.frames, n] = person.track.keypoints[:, list(coco.BLAZEPOSE_INDICES)]
        boxes[person.track.frames, n] = person.track.boxes
    return Truth(keypoints, boxes)


def keypoint_errors(people: Sequence[Observation], keypoints: FloatArray, boxes: FloatArray) -> FloatArray:
    """(N, 17) of true people (N, 17, 3), relative to their boxes (N, 4); infinite for those who were not found."""
    errors = np.full(keypoints.shape[:2], np.inf)
    found = np.array([one.keypoints[list(coco.BLAZEPOSE_INDICES), :2] for one in people]).reshape(-1, 17, 2)
    visible = keypoints[:, None, :, 2] > 0.5
    similarity = keypoint_similarity(found[None], keypoints[:, None, :, :2], visible, boxes[:, None])
    for i, j in zip(*linear_sum_assignment(similarity, maximize=True), strict=True):
        if similarity[i, j] >= MIN_SIMILARITY:
            errors[i] = relative_errors(found[j], keypoints[i, :, :2], boxes[i])
    return errors


def observed(frames: Sequence[RgbImage], truth: Truth, quality: str) -> Figures:
    """What the observer finds in the frames of a clip."""
    observer = create_observer(quality)
    visible, found, ghosts, errors = 0, 0, 0, []
    for frame, keypoints, boxes in zip(frames, truth.keypoints, truth.boxes, strict=False):
        seen = keypoints[..., 2] > 0.5
        there = seen.mean(axis=1) >= SEEN_SHARE
        people = observer.observe(frame).current
        own = keypoint_errors(people, keypoints, boxes)
        matched = np.isfinite(own[:, 0])
        visible += int(there.sum())
        found += int((there & matched).sum())
        ghosts += len(people) - int(matched.sum())
        errors.append(own[there][seen[there]])
    return Figures(visible, found, ghosts, np.concatenate(errors))


def kept(frames: Sequence[RgbImage], clip: BenchClip, asked: argparse.Namespace) -> Figures:
    """As ``observed``; the same pictures are looked at once."""
    digest = hashlib.sha256(b"".join(frame.tobytes() for frame in frames)).hexdigest()[:16]
    path = asked.output / f"{clip.video.stem}.{asked.quality}.{digest}.json"
    if not path.exists():
        found = observed(frames, truth_of(performance.load(clip.ground_truth)), asked.quality)
        path.write_text(json.dumps([*astuple(found)[:3], found.errors.tolist()]), encoding="utf-8")
    *counts, errors = json.loads(path.read_text(encoding="utf-8"))
    return Figures(*counts, np.array(errors))


def spoilt(clip: BenchClip, degradation: str, count: int) -> list[RgbImage]:
    """The first frames of a clip, in a worse state."""
    with FrameReader(clip.video) as reader:
        return DEGRADATIONS[degradation](list(islice(reader, count)))


def row(clips: Sequence[tuple[BenchClip, list[RgbImage]]], method: str, asked: argparse.Namespace) -> list[str]:
    """Of the table: figures over all clips with their spoilt frames."""
    total, seconds, qualities = Figures(0, 0, 0, np.empty(0)), [], []
    for clip, frames in clips:
        denoiser = FrameEnhancer(method)
        start = time.process_time()
        cleaned = [denoiser.enhance(frame) for frame in frames]
        seconds.append((time.process_time() - start) / len(frames))
        qualities.append(astuple(measure_quality(frames[0])))
        total += kept(cleaned, clip, asked)
    noise, light, blur = np.median(qualities, axis=0)
    measures = f"{noise:.0f}, {light:.0f}, {blur:.1f}".replace("nan", "?")
    return [measures, method, *total.cells(), f"{1e3 * np.mean(seconds):.0f}"]


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for clips and figures")
    parser.add_argument("--half", choices=SCENES, default="report", help="which clips")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--degradations", nargs="+", choices=DEGRADATIONS, default=list(DEGRADATIONS))
    parser.add_argument("--quality", default="balanced", help="as of bodydouble capture")
    parser.add_argument("--frames", type=int, default=25, help="of each clip")
    return parser.parse_args()


def main() -> None:
    """Prints the table."""
    asked = arguments()
    ensure_folder(asked.output)
    files = motion_files()
    clips = [render_clip(scene, files, asked.output) for scene in SCENES[asked.half]]
    print(f"| {' | '.join(HEADINGS)} |")
    print("|---|---|---|" + "--:|" * (len(HEADINGS) - 3))
    for degradation in asked.degradations:
        # Encoders do not give the same pictures every time: all methods get those of one time.
        frames = [(clip, spoilt(clip, degradation, asked.frames)) for clip in clips]
        for method in asked.methods:
            print(f"| {' | '.join([degradation, *row(frames, method, asked)])} |", flush=True)


if __name__ == "__main__":
    main()
