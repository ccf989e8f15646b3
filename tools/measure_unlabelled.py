"""Measures the effect of the projector and of unlabelled videos on the lifter, in short runs of equal steps.

Usage::

    python tools/measure_unlabelled.py mocap cmu_actions.npz --detections lifter/seen_train.npz \
        --validation lifter/seen_validation.npz --unlabelled dance.mp4 walk.mp4 -o measured

Input: motion capture, detections on rendered people, and videos. ``bodydouble train lifter`` leaves the detections in
its folder as ``seen_train.npz`` and ``seen_validation.npz``. Output: a table in Markdown on standard output, and a
folder of the runs, in which an interrupted measurement resumes. With several seeds, the table has the mean of their
metrics and half of their range; a smaller difference between variants is not significant.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bodydouble.cli.progress import ProgressBars
from bodydouble.data import Motion
from bodydouble.formats.atomic import ensure_folder
from bodydouble.pipeline import Progress
from bodydouble.training.lifter_pipeline import load_recordings
from bodydouble.training.training_loop import TrainOptions, evaluate, train
from bodydouble.training.unlabelled import UnlabelledWindow, extract_video_windows
from bodydouble.training.windows import Window, read_windows

VARIANTS = {
    "plain": (False, False),
    "+ projector": (True, False),
    "+ unlabelled": (False, True),
    "+ both": (True, True),
}
"""Whether a projector is trained, and whether unlabelled videos are used, for each variant."""
MEASURES = ("depth_error", "across_error", "validation_joints", "validation_turns", "validation_up",
            "validation_velocity", "validation_contacts")  # fmt: skip
Metrics = dict[str, float]


def train_variant(
    name: str,
    options: TrainOptions,
    data: tuple[Sequence[Motion], Sequence[Window], Sequence[Window], Sequence[UnlabelledWindow]],
    folder: Path,
    progress: Progress,
) -> Metrics:
    """Trains one of VARIANTS and returns its metrics."""
    projector, uses_unlabelled = VARIANTS[name]
    motions, detected, validation, unlabelled = data
    run_folder = folder / f"{name.removeprefix('+ ')}_{options.seed}"
    with progress.stage(f"{name}, seed {options.seed}", -(-options.steps // options.validation_interval)):
        network = train(
            motions, detected, validation, run_folder, replace(options, projector=projector),
            lambda _: progress.advance(), unlabelled if uses_unlabelled else (),
        )  # fmt: skip
    return evaluate(network, validation)


def format_table(runs_of_variant: dict[str, list[Metrics]]) -> str:
    """Formats one row per variant, and one of the detector."""
    rows = ["| variant | " + " | ".join(name.replace("_", " ") for name in MEASURES) + " |"]
    rows.append("|---|" + "---|" * len(MEASURES))
    for variant, runs in runs_of_variant.items():
        columns = [np.array([metrics[name] for metrics in runs]) for name in MEASURES]
        cells = (f"{c.mean():.4f}" + (f" ± {np.ptp(c) / 2:.4f}" if len(c) > 1 else "") for c in columns)
        rows.append(f"| {variant} | " + " | ".join(cells) + " |")
    first = next(iter(runs_of_variant.values()))[0]
    detector_values = [first.get(f"{name}_of_detector") for name in MEASURES]
    cells = ("" if value is None else f"{value:.4f}" for value in detector_values)
    rows.append("| the detector | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def parse_arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("motions", type=Path, nargs="+", help="files or folders of motion capture")
    parser.add_argument("--detections", type=Path, nargs="+", required=True, help="detections for training")
    parser.add_argument("--validation", type=Path, nargs="+", required=True, help="detections for validation")
    parser.add_argument("--unlabelled", type=Path, nargs="+", required=True, help="videos without labels")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), help="variants to train")
    parser.add_argument("--steps", type=int, default=1500, help="number of steps of each run")
    parser.add_argument("--batch", type=int, default=32, help="number of windows per batch")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="seeds of the runs")
    parser.add_argument("--threads", type=int, default=1, help="number of threads of PyTorch")
    return parser.parse_args()


def main() -> None:
    """Prints the table."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    ensure_folder(arguments.output)
    with ProgressBars() as progress:
        unlabelled = extract_video_windows(arguments.unlabelled, arguments.output, progress)
        detected, validation = (
            [w for path in paths for w in read_windows(path)] for paths in (arguments.detections, arguments.validation)
        )
        data = (load_recordings(arguments.motions)["train"], detected, validation, unlabelled)
        options = [
            TrainOptions(steps=arguments.steps, batch_size=arguments.batch, seed=seed) for seed in arguments.seeds
        ]
        runs_of_variant = {
            name: [train_variant(name, run_options, data, arguments.output, progress) for run_options in options]
            for name in arguments.variants
        }
    print(f"{arguments.steps} steps of {arguments.batch} windows, {len(unlabelled)} windows without labels, "
          f"measured on {len(validation)}; all values are errors, lower is better\n")  # fmt: skip
    print(format_table(runs_of_variant))


if __name__ == "__main__":
    main()
