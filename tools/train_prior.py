"""Trains the network of motion.prior and writes ``src/bodydouble/motion/models/depth_prior.onnx``.

Needs the extra ``train`` (PyTorch 2.13.0 was used) and the motion capture that ``evaluation/truth/split.csv`` lists: a
folder with the collections unpacked, and cmu_actions.npz. An interrupted run goes on.

Usage::

    python tools/train_prior.py MOCAP_FOLDER CMU_ACTIONS.npz -o WORK_FOLDER
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bodydouble.data import Motion
from bodydouble.evaluation.truth import source, splits
from bodydouble.motion.prior import MODEL
from bodydouble.perception.landmarks import BlazePose
from bodydouble.training.detections import save, seen_clips
from bodydouble.training.export import write_onnx
from bodydouble.training.samples import read_bank
from bodydouble.training.train import train

CLIPS = {"train": (120, 1), "validation": (32, 2)}
"""Split -> number of rendered clips, seed."""


def motions(split: str, folder: Path, actions: Path) -> Iterator[Motion]:
    """The motion capture of a split; all of DeepMimic is for tests."""
    named = {one.name: one.motion for one in source.read(actions)}
    for clip in splits.clips(split):
        if clip.source == "cmu_actions":
            yield named[clip.file]
        elif clip.source != "deepmimic":
            yield from (one.motion for one in source.read(folder / clip.source / clip.file))


def main() -> None:
    """Renders, looks, learns, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mocap", type=Path)
    parser.add_argument("actions", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    network = BlazePose("heavy")
    for split, (count, seed) in CLIPS.items():
        path = arguments.output / f"seen_{split}.npz"
        if not path.exists():
            given = list(motions(split, arguments.mocap, arguments.actions))
            save(path, list(islice(seen_clips(given, count, seed, network), count)))
    banks = [read_bank(arguments.output / f"seen_{split}.npz") for split in CLIPS]
    given = list(motions("train", arguments.mocap, arguments.actions))
    made = train(given, banks[0], banks[1], arguments.output, report=print)
    write_onnx(made, MODEL)


if __name__ == "__main__":
    main()
