"""Runs networks with onnxruntime on the best device that this installation of it knows."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bodydouble.errors import ModelError

PREFERRED_PROVIDERS = (
    "CUDAExecutionProvider",
    "DmlExecutionProvider",
    "CoreMLExecutionProvider",
    "OpenVINOExecutionProvider",
)
MOST_THREADS = 8
"""These networks are small: more threads only wait for each other."""

Shape = tuple[int | str | None, ...]

_PACKAGE = Path(__file__).parent
_ERRORS_ONLY = 3


def choose_providers() -> list[str]:
    """Execution providers to try in turn; the CPU is always the last."""
    available = onnxruntime.get_available_providers()
    return [name for name in PREFERRED_PROVIDERS if name in available] + ["CPUExecutionProvider"]


def core_count() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = min(core_count(), MOST_THREADS)
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return options


class Network:
    """One network with one input.

    Attributes:
        seconds: Time spent inside the network so far.
        input_shape: Of the input; names or None stand for sides that may have any length.
        output_shapes: Likewise of the outputs, in the order in which they are answered.
    """

    def __init__(self, path: Path, outputs: Sequence[str] | None = None) -> None:
        """Load an ONNX file.

        Args:
            path: The file.
            outputs: Which ones are wanted; all of them if left out.

        Raises:
            ModelError: The file is missing, damaged or lacks one of the outputs.
        """
        remedy = "install bodydouble again" if path.is_relative_to(_PACKAGE) else "give another file"
        if not path.is_file():
            raise ModelError(f"The network {path} is missing; {remedy}")
        try:
            self._session = onnxruntime.InferenceSession(path, _options(), providers=choose_providers())
        except Exception as error:  # onnxruntime's errors have no common base but Exception
            raise ModelError(f"The network {path} cannot be loaded, {remedy} ({error})") from error
        shapes: dict[str, Shape] = {output.name: tuple(output.shape) for output in self._session.get_outputs()}
        missing = set(outputs or ()) - shapes.keys()
        if missing:
            raise ModelError(f"The network {path} has no output {', '.join(sorted(missing))}; {remedy}")
        first, *others = self._session.get_inputs()
        if others:
            raise ModelError(f"The network {path} has {1 + len(others)} inputs, expected one; {remedy}")
        self._input = first.name
        self._outputs = list(shapes if outputs is None else outputs)
        self.input_shape: Shape = tuple(first.shape)
        self.output_shapes: dict[str, Shape] = {name: shapes[name] for name in self._outputs}
        self.seconds = 0.0

    def __call__(self, values: NDArray[Any]) -> list[NDArray[np.float32]]:
        """The outputs, in the order asked for, for one input."""
        start = time.perf_counter()
        answers: list[NDArray[np.float32]] = self._session.run(self._outputs, {self._input: values})
        self.seconds += time.perf_counter() - start
        return answers
