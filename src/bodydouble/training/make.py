"""Everything from motion capture to the network of the lifter: render, look, learn, write."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bodydouble.data import Motion
from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import ensure_folder
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.pipeline import Progress
from bodydouble.synthetic import mocap_files, splits
from bodydouble.training.curves import draw_curves
from bodydouble.training.detections import FRAMES, SeenClip, save, seen_clips
from bodydouble.training.export import write_onnx
from bodydouble.training.train import LOG_FILE, Calibration, TrainOptions, train
from bodydouble.training.unlabelled import windows_of_videos
from bodydouble.training.windows import Window, read_windows

MODEL_FILE, CURVES_FILE = "lifter.onnx", "curves.png"
VALIDATION_SHARE = 0.12
"""Clips rendered for validation, of those for training."""
NETWORKS = 2
"""Landmark networks that look at every clip."""
LEAST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class MakeOptions:
    """How much is made."""

    clips: int = 1000
    steps: int = 15_000
    seed: int = 0
    unlabelled: tuple[Path, ...] = ()
    """Videos of people of whom nobody knows the truth."""


def make(paths: Sequence[Path], folder: Path, options: MakeOptions, monitor: Progress) -> Path:
    """Trains the lifter; what an interrupted run has made is kept.

    Args:
        paths: files or folders of motion capture. Subjects that ``splits`` knows are used as it says; of others every
            tenth clip is for validation.
        folder: rendered clips, what is seen in videos, state, log, curves and the network.
        options: how much is made.
        monitor: is told about the progress.

    Returns:
        The network's file.

    Raises:
        BodydoubleError: a file cannot be read, there is too little motion, or a video shows nobody for long enough.
    """
    ensure_folder(folder)
    by_split = motions(paths)
    for split in ("train", "validation"):
        seconds = sum(len(motion.rotations) / float(motion.fps) for motion in by_split[split])
        if seconds < LEAST_SECONDS:
            raise InvalidDataError(f"{seconds:.0f} s of motion for {split} are too little; give more motion capture")
    unlabelled = windows_of_videos(options.unlabelled, folder, monitor)
    files = {}
    for number, split in enumerate(("train", "validation")):
        count = options.clips if split == "train" else max(round(options.clips * VALIDATION_SHARE), 4)
        files[split] = folder / f"seen_{split}.npz"
        if not files[split].exists():
            _see(by_split[split], count, 2 * options.seed + number, files[split], monitor)
    calibrating, validating = halves(read_windows(files["validation"]))
    steps = TrainOptions(steps=options.steps, seed=options.seed)
    with monitor.stage("training", options.steps // steps.every):
        network = train(
            by_split["train"], read_windows(files["train"]), validating, folder, steps,
            lambda _: monitor.advance(), unlabelled,
        )  # fmt: skip
    write_onnx(network, folder / MODEL_FILE, Calibration.of(network, calibrating))
    draw_curves(folder / LOG_FILE, folder / CURVES_FILE)
    return folder / MODEL_FILE


def _see(motions: Sequence[Motion], count: int, seed: int, path: Path, monitor: Progress) -> None:
    networks = [BlazePose("heavy"), BlazePose("full")]
    with monitor.stage(f"rendering {path.stem}", count):
        clips: list[SeenClip] = []
        rendered = seen_clips(motions, count, seed, networks)
        for _ in monitor.track(range(count)):
            clips += islice(rendered, len(networks))
    save(path, clips)


def halves(windows: Sequence[Window]) -> tuple[list[Window], list[Window]]:
    """Every other clip: to say how large errors are, and to measure on. Each clip has a window per landmark network."""
    first, second = ([w for i, w in enumerate(windows) if i // NETWORKS % 2 == half] for half in range(2))
    return first, second


def motions(paths: Sequence[Path]) -> dict[str, list[Motion]]:
    """The motions for training and for validation in files and folders; those of test subjects are left out."""
    found: dict[str, list[Motion]] = {split: [] for split in splits.SPLITS}
    unknown: list[Motion] = []
    for path in _files(paths):
        for named in mocap_files.read(path):
            if len(named.motion.rotations) / float(named.motion.fps) * 30 < FRAMES:
                continue
            split = _split_of(path, named.name)
            (found[split] if split else unknown).append(named.motion)
    for number, motion in enumerate(unknown):
        found["validation" if number % 10 == 0 else "train"].append(motion)
    return found


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix.lower() == ".bvh")
        else:
            yield path


def _split_of(path: Path, name: str) -> str | None:
    """The split of a clip: by the end of its path, or its name within an archive. DeepMimic's are all for tests."""
    for clip in splits.table():
        if path.as_posix().endswith(f"{clip.source}/{clip.file}") or (path.stem == clip.source and name == clip.file):
            return clip.split
    return None
