"""Pipeline from motion capture files to lifter.onnx: render, detect, train, calibrate, export."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import ensure_folder
from bodydouble.pipeline import Progress
from bodydouble.synthetic import mocap_files, splits
from bodydouble.training.annotated import load_annotated_windows
from bodydouble.training.augmentation import Recording
from bodydouble.training.curves import draw_curves
from bodydouble.training.detections import (
    WINDOW_FRAMES,
    DetectedClip,
    SinglePersonObserver,
    render_and_detect,
    save_detections,
)
from bodydouble.training.export import write_onnx
from bodydouble.training.training_loop import LOG_FILE, Calibration, TrainOptions, train
from bodydouble.training.unlabelled import extract_video_windows
from bodydouble.training.warm_start import average_weights
from bodydouble.training.windows import Window, read_windows

MODEL_FILE, CURVES_FILE = "lifter.onnx", "curves.png"
"""File names of the network and of the training curves."""
VALIDATION_FRACTION = 0.12
"""Number of clips rendered for validation, as a fraction of those for training."""
QUALITIES = ("balanced", "fast")
"""Quality presets whose networks run on every clip; ``best`` takes too long, and errs less than these."""
MIN_SECONDS = 30.0
"""Minimum duration in s of motion capture for training and for validation."""


@dataclass(frozen=True, slots=True)
class LifterOptions:
    """Amount of training."""

    clip_count: int = 1000
    """Number of rendered clips for training."""
    step_count: int = 15_000
    """Number of optimisation steps."""
    seed: int = 0
    start: Path | None = None
    """lifter.onnx whose weights the training starts from; the result is their mean with the trained ones. None: the
    training starts from random weights."""
    unlabelled_videos: tuple[Path, ...] = ()
    """Videos of people without ground truth."""
    annotated: tuple[Path, ...] = ()
    """Performances with annotated keypoints beside them, or folders of these."""


def train_lifter(paths: Sequence[Path], folder: Path, options: LifterOptions, progress: Progress) -> Path:
    """Trains the lifter; an interrupted run resumes.

    Args:
        paths: files or folders of motion capture. Subjects in the table of ``splits`` are used accordingly; every tenth
            of the other clips is for validation.
        folder: folder of detections, unlabelled windows, checkpoint, log, curves and the network.
        options: amount of training.
        progress: receives the progress.

    Returns:
        The path of the network.

    Raises:
        BodydoubleError: a file cannot be read, there is too little motion, or no person is in a video for long enough.
    """
    ensure_folder(folder)
    recordings = load_recordings(paths)
    for split in ("train", "validation"):
        seconds = sum(recording.seconds for recording in recordings[split])
        if seconds < MIN_SECONDS:
            raise InvalidDataError(f"{seconds:.0f} s of motion for {split} are too little; give more motion capture")
    annotated = load_annotated_windows(options.annotated)
    unlabelled = [*extract_video_windows(options.unlabelled_videos, folder, progress), *annotated]
    files = {}
    for number, split in enumerate(("train", "validation")):
        count = options.clip_count if split == "train" else max(round(options.clip_count * VALIDATION_FRACTION), 4)
        files[split] = folder / f"seen_{split}.npz"
        if not files[split].exists():
            _render_detections(recordings[split], count, 2 * options.seed + number, files[split], progress)
    calibrating, validating = split_alternately(read_windows(files["validation"]))
    train_options = TrainOptions(steps=options.step_count, seed=options.seed)
    with progress.stage("training", options.step_count // train_options.validation_interval):
        network = train(
            recordings["train"], read_windows(files["train"]), validating, folder, train_options,
            lambda _: progress.advance(), unlabelled, options.start,
        )  # fmt: skip
    if options.start:
        average_weights(network, options.start)
    write_onnx(network, folder / MODEL_FILE, Calibration.from_windows(network, calibrating))
    draw_curves(folder / LOG_FILE, folder / CURVES_FILE)
    return folder / MODEL_FILE


def _render_detections(recordings: Sequence[Recording], count: int, seed: int, path: Path, progress: Progress) -> None:
    observers = [SinglePersonObserver(quality) for quality in QUALITIES]
    with progress.stage(f"rendering {path.stem}", count):
        clips: list[DetectedClip] = []
        rendered = render_and_detect(recordings, count, seed, observers)
        for _ in progress.track(range(count)):
            clips += islice(rendered, len(observers))
    save_detections(path, clips)


def split_alternately(windows: Sequence[Window]) -> tuple[list[Window], list[Window]]:
    """Splits windows by alternate clips, for calibration and for validation; each clip has a window per quality."""
    first, second = ([w for i, w in enumerate(windows) if i // len(QUALITIES) % 2 == half] for half in range(2))
    return first, second


def load_recordings(paths: Sequence[Path]) -> dict[str, list[Recording]]:
    """Loads the motions in files and folders by split; training uses those for training and for validation."""
    recordings: dict[str, list[Recording]] = {split: [] for split in splits.SPLITS}
    unknown: list[Recording] = []
    for path in _list_files(paths):
        for named in mocap_files.read(path):
            if len(named.motion.rotations) / float(named.motion.fps) * 30 < WINDOW_FRAMES:
                continue
            clip = _find_clip(path, named.name)
            if clip:
                recordings[clip.split].append(Recording(named.motion, clip.source))
            else:
                unknown.append(Recording(named.motion, path.parent.name))
    for number, recording in enumerate(unknown):
        recordings["validation" if number % 10 == 0 else "train"].append(recording)
    return recordings


def _list_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix.lower() == ".bvh")
        else:
            yield path


def _find_clip(path: Path, name: str) -> splits.MocapClip | None:
    """Returns the row of the table for a clip, by the end of its path or by its name within an archive."""
    clips = _clips_by_place()
    parts = (*path.with_suffix("").parts, name), path.parts
    ends = ("/".join(one[start:]) for one in parts for start in range(len(one)))
    return next((clips[end] for end in ends if end in clips), None)


@cache
def _clips_by_place() -> dict[str, splits.MocapClip]:
    return {f"{clip.source}/{clip.file}": clip for clip in splits.load_table()}
