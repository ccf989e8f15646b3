"""Training, as the command line asks for it."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bodydouble.errors import MissingExtraError
from bodydouble.pipeline import Progress


def train_lifter(
    motions: Sequence[Path],
    folder: Path,
    clips: int,
    steps: int,
    seed: int,
    unlabelled: Sequence[Path],
    progress: Progress,
) -> Path:
    """Trains the lifter as ``train lifter`` is asked to; the file that was written."""
    try:
        for package in ("torch", "onnx"):
            import_module(package)
    except ModuleNotFoundError as error:
        raise MissingExtraError("training needs PyTorch and onnx: pip install 'bodydouble[train]'") from error
    from bodydouble.training.make import MakeOptions, make

    return make(motions, folder, MakeOptions(clips, steps, seed, tuple(unlabelled)), progress)
