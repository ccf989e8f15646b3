"""Frames per second and peak memory of whole runs of the command line."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.bench.mediapipe_speed import check_mediapipe, compare_with_mediapipe
from bodydouble.errors import BodydoubleError
from bodydouble.formats.media import FrameReader, VideoWriter, probe

BODY_ONLY = ("--hands", "off", "--face", "off", "--no-preview")
"""Options of the run that does what MediaPipe Pose does: neither fingers nor faces."""
RUNS = {"body only, without preview": BODY_ONLY, "without preview": ("--no-preview",), "with preview": ()}
"""Name of a run -> its options."""


def measure_speed(
    video: Path, *, quality: str = "balanced", repeat: int = 1, mediapipe: str | None = None
) -> dict[str, Any]:
    """Animates a video in separate processes: the body only, with hands and faces, and with the preview.

    Args:
        video: input clip.
        quality: preset of ``pipeline.animate``.
        repeat: number of times that the clip is played, forwards and backwards in turn.
        mediapipe: Python interpreter of an environment with MediaPipe, to which capture is compared; None: neither.

    Returns:
        The machine, the clip, and per run: total_seconds of the whole process (wall clock, start-up included),
        frames_per_second over that time, network_seconds, their ratio, seconds and peak memory per stage, and
        peak_memory_mb. With MediaPipe also its comparison, as of ``compare_with_mediapipe``.

    Raises:
        BodydoubleError: a run failed.
    """
    if mediapipe is not None:
        check_mediapipe(mediapipe)
    with tempfile.TemporaryDirectory() as scratch:
        clip = video if repeat == 1 else _repeat_video(video, repeat, Path(scratch) / "repeated.mp4")
        size = probe(clip).image_size
        runs = [
            _run(name, clip, Path(scratch) / "out", ["--quality", quality, *options]) for name, options in RUNS.items()
        ]
        comparison = None if mediapipe is None else _compare(clip, Path(scratch) / "out", quality, mediapipe)
    return {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {_processor_name()}",
        "size": f"{size[0]}x{size[1]}",
        "frames": runs[0]["frames"],
        "people": runs[0]["people"],
        "quality": quality,
        "help_seconds": _measure_help_seconds(),
        "runs": runs,
        **({"mediapipe": comparison} if comparison else {}),
    }


def _compare(clip: Path, folder: Path, quality: str, mediapipe: str) -> dict[str, Any]:
    """Compares animation of the body without preview with MediaPipe."""

    def run() -> float:
        figures = _run("body only, without preview", clip, folder, ["--quality", quality, *BODY_ONLY])
        return float(figures["frames_per_second"])

    return compare_with_mediapipe(clip, mediapipe, run)


def _measure_help_seconds() -> float:
    """Returns the median time in s that ``bodydouble --help`` takes."""
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bodydouble", "--help"], capture_output=True, check=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def measure_memory_growth(video: Path, *, quality: str = "balanced", repeat: int = 20) -> dict[str, Any]:
    """Measures the peak memory of runs on a video and on the same video played several times.

    Returns:
        For each run: name, frames of both clips, peak_memory_mb of both, and growth, their ratio (long to short).

    Raises:
        BodydoubleError: a run failed.
    """
    short, long = (measure_speed(video, quality=quality, repeat=times) for times in (1, repeat))
    runs = [
        {
            "name": single["name"],
            "frames": [single["frames"], repeated["frames"]],
            "peak_memory_mb": [single["peak_memory_mb"], repeated["peak_memory_mb"]],
            "growth": repeated["peak_memory_mb"] / single["peak_memory_mb"],
        }
        for single, repeated in zip(short["runs"], long["runs"], strict=True)
    ]
    return {"machine": short["machine"], "size": short["size"], "quality": quality, "runs": runs}


def _repeat_video(video: Path, repeat: int, path: Path) -> Path:
    """Writes the video forwards and backwards in turn, so that identities stay continuous."""
    clip = probe(video)
    width, height = (side - side % 2 for side in clip.image_size)
    with FrameReader(video) as reader:
        frames = [np.ascontiguousarray(frame[:height, :width]) for frame in reader]
    with VideoWriter(path, image_size=(width, height), fps=clip.fps) as writer:
        for pass_number in range(repeat):
            for frame in frames if pass_number % 2 == 0 else reversed(frames):
                writer.write(frame)
    return path


def _run(name: str, clip: Path, folder: Path, options: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "bodydouble", "animate", str(clip), "-o", str(folder), "--json", *options]
    start = time.perf_counter()
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if outcome.returncode != 0:
        raise BodydoubleError(f"the run {name} failed: {outcome.stderr.strip()[-500:]}")
    summary = json.loads(outcome.stdout)
    return {
        "name": name,
        "frames": summary["frames"],
        "people": len(summary["people"]),
        "frames_per_second": summary["frames"] / seconds,
        "total_seconds": seconds,
        "network_seconds": summary["network_seconds"],
        "ratio": seconds / summary["network_seconds"],
        "seconds": summary["seconds"],
        "stage_peak_memory_mb": summary["stage_peak_memory_mb"],
        "peak_memory_mb": summary["peak_memory_mb"],
    }


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")
