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
from bodydouble.training.detections import WINDOW_FRAMES, DetectedClip, render_and_detect, save_detections
from bodydouble.training.export import write_onnx
from bodydouble.training.training_loop import LOG_FILE, Calibration, TrainOptions, train
from bodydouble.training.unlabelled import extract_video_windows
from bodydouble.training.windows import Window, read_windows

MODEL_FILE, CURVES_FILE = "lifter.onnx", "curves.png"
VALIDATION_FRACTION = 0.12
"""Clips rendered for validation, of those for training."""
NETWORK_COUNT = 2
"""Landmark networks that look at every clip."""
MIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LifterOptions:
    """How much is made."""

    clip_count: int = 1000
    step_count: int = 15_000
    seed: int = 0
    unlabelled_videos: tuple[Path, ...] = ()
    """Videos of people of whom nobody knows the truth."""


def train_lifter(paths: Sequence[Path], folder: Path, options: LifterOptions, progress: Progress) -> Path:
    """Trains the lifter; what an interrupted run has made is kept.

    Args:
        paths: files or folders of motion capture. Subjects that ``splits`` knows are used as it says; of others every
            tenth clip is for validation.
        folder: rendered clips, what is seen in videos, state, log, curves and the network.
        options: how much is made.
        progress: is told about the progress.

    Returns:
        The network's file.

    Raises:
        BodydoubleError: a file cannot be read, there is too little motion, or a video shows nobody for long enough.
    """
    ensure_folder(folder)
    motions_by_split = load_motions(paths)
    for split in ("train", "validation"):
        seconds = sum(len(motion.rotations) / float(motion.fps) for motion in motions_by_split[split])
        if seconds < MIN_SECONDS:
            raise InvalidDataError(f"{seconds:.0f} s of motion for {split} are too little; give more motion capture")
    unlabelled = extract_video_windows(options.unlabelled_videos, folder, progress)
    files = {}
    for number, split in enumerate(("train", "validation")):
        count = options.clip_count if split == "train" else max(round(options.clip_count * VALIDATION_FRACTION), 4)
        files[split] = folder / f"seen_{split}.npz"
        if not files[split].exists():
            _render_detections(motions_by_split[split], count, 2 * options.seed + number, files[split], progress)
    calibrating, validating = split_alternately(read_windows(files["validation"]))
    train_options = TrainOptions(steps=options.step_count, seed=options.seed)
    with progress.stage("training", options.step_count // train_options.validation_interval):
        network = train(
            motions_by_split["train"], read_windows(files["train"]), validating, folder, train_options,
            lambda _: progress.advance(), unlabelled,
        )  # fmt: skip
    write_onnx(network, folder / MODEL_FILE, Calibration.from_windows(network, calibrating))
    draw_curves(folder / LOG_FILE, folder / CURVES_FILE)
    return folder / MODEL_FILE


def _render_detections(motions: Sequence[Motion], count: int, seed: int, path: Path, progress: Progress) -> None:
    networks = [BlazePose("heavy"), BlazePose("full")]
    with progress.stage(f"rendering {path.stem}", count):
        clips: list[DetectedClip] = []
        rendered = render_and_detect(motions, count, seed, networks)
        for _ in progress.track(range(count)):
            clips += islice(rendered, len(networks))
    save_detections(path, clips)


def split_alternately(windows: Sequence[Window]) -> tuple[list[Window], list[Window]]:
    """Every other clip: to say how large errors are, and to measure on. Each clip has a window per landmark network."""
    first, second = ([w for i, w in enumerate(windows) if i // NETWORK_COUNT % 2 == half] for half in range(2))
    return first, second


def load_motions(paths: Sequence[Path]) -> dict[str, list[Motion]]:
    """The motions for training and for validation in files and folders; those of test subjects are left out."""
    motions: dict[str, list[Motion]] = {split: [] for split in splits.SPLITS}
    unknown: list[Motion] = []
    for path in _list_files(paths):
        for named in mocap_files.read(path):
            if len(named.motion.rotations) / float(named.motion.fps) * 30 < WINDOW_FRAMES:
                continue
            split = _find_split(path, named.name)
            (motions[split] if split else unknown).append(named.motion)
    for number, motion in enumerate(unknown):
        motions["validation" if number % 10 == 0 else "train"].append(motion)
    return motions


def _list_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix.lower() == ".bvh")
        else:
            yield path


def _find_split(path: Path, name: str) -> str | None:
    """The split of a clip: by the end of its path, or its name within an archive. DeepMimic's are all for tests."""
    for clip in splits.load_table():
        if path.as_posix().endswith(f"{clip.source}/{clip.file}") or (path.stem == clip.source and name == clip.file):
            return clip.split
    return None
