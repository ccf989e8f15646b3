"""Measures what a projector and video without labels do for the lifter: short runs of equal steps, side by side.

Motion capture and files of rendered people that the detector saw are those of ``bodydouble train lifter``, which
leaves ``seen_train.npz`` and ``seen_validation.npz`` in its folder::

    python tools/measure_unlabelled.py mocap cmu_actions.npz --seen made/seen_train.npz \
        --validation made/seen_validation.npz --unlabelled dance.mp4 walk.mp4 -o measured

A run that was interrupted goes on. With several seeds the table has the mean of their figures, and half of what lies
between the lowest and the highest: variants that differ by less are not known to differ.
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
from bodydouble.training.lifter_pipeline import load_motions
from bodydouble.training.training_loop import TrainOptions, evaluate, train
from bodydouble.training.unlabelled import UnlabelledWindow, extract_video_windows
from bodydouble.training.windows import Window, read_windows

VARIANTS = {
    "plain": (False, False),
    "+ projector": (True, False),
    "+ unlabelled": (False, True),
    "+ both": (True, True),
}
"""Whether there is a projector, and whether there is video without labels."""
MEASURES = ("depth_error", "across_error", "validation_joints", "validation_turns", "validation_up",
            "validation_velocity", "validation_contacts")  # fmt: skip
Figures = dict[str, float]


def run(
    name: str,
    options: TrainOptions,
    given: tuple[Sequence[Motion], Sequence[Window], Sequence[Window], Sequence[UnlabelledWindow]],
    folder: Path,
    monitor: Progress,
) -> Figures:
    """The figures of validation after a run of one of VARIANTS."""
    projector, real = VARIANTS[name]
    captured, seen, validation, unlabelled = given
    own = folder / f"{name.removeprefix('+ ')}_{options.seed}"
    with monitor.stage(f"{name}, seed {options.seed}", -(-options.steps // options.validation_interval)):
        network = train(
            captured, seen, validation, own, replace(options, projector=projector),
            lambda _: monitor.advance(), unlabelled if real else (),
        )  # fmt: skip
    return evaluate(network, validation)


def table(found: dict[str, list[Figures]]) -> str:
    """A row per variant, and one of the detector."""
    rows = ["| variant | " + " | ".join(name.replace("_", " ") for name in MEASURES) + " |"]
    rows.append("|---|" + "---|" * len(MEASURES))
    for variant, runs in found.items():
        columns = [np.array([figures[name] for figures in runs]) for name in MEASURES]
        cells = (f"{c.mean():.4f}" + (f" ± {np.ptp(c) / 2:.4f}" if len(c) > 1 else "") for c in columns)
        rows.append(f"| {variant} | " + " | ".join(cells) + " |")
    first = next(iter(found.values()))[0]
    known = [first.get(f"{name}_of_detector") for name in MEASURES]
    rows.append("| the detector | " + " | ".join("" if value is None else f"{value:.4f}" for value in known) + " |")
    return "\n".join(rows)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("motions", type=Path, nargs="+", help="files or folders of motion capture")
    parser.add_argument("--seen", type=Path, nargs="+", required=True, help="rendered people, for training")
    parser.add_argument("--validation", type=Path, nargs="+", required=True, help="rendered people, to measure on")
    parser.add_argument("--unlabelled", type=Path, nargs="+", required=True, help="videos")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for what is kept of the runs")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    return parser.parse_args()


def main() -> None:
    """Prints the table."""
    asked = arguments()
    torch.set_num_threads(asked.threads)
    ensure_folder(asked.output)
    with ProgressBars() as monitor:
        unlabelled = extract_video_windows(asked.unlabelled, asked.output, monitor)
        seen, validation = (
            [w for path in paths for w in read_windows(path)] for paths in (asked.seen, asked.validation)
        )
        given = (load_motions(asked.motions)["train"], seen, validation, unlabelled)
        options = [TrainOptions(steps=asked.steps, batch_size=asked.batch, seed=seed) for seed in asked.seeds]
        found = {name: [run(name, one, given, asked.output, monitor) for one in options] for name in asked.variants}
    print(f"{asked.steps} steps of {asked.batch} windows, {len(unlabelled)} windows without labels, "
          f"measured on {len(validation)}; all errors, less is better\n")  # fmt: skip
    print(table(found))


if __name__ == "__main__":
    main()
