"""Runs ONNX networks with onnxruntime on the best available device.

ONNX file -> ``Network``: a callable from one input array to a list of output arrays.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
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
"""Execution providers of onnxruntime that are tried before the CPU, best first."""
MAX_THREADS = 8
"""Maximum number of CPU threads per network; these networks are small, so more threads only wait for each other."""

Shape = tuple[int | str | None, ...]
"""Shape of an input or output; a name or None stands for a side of any length."""

_PACKAGE_FOLDER = Path(__file__).parent
_LOG_ERRORS_ONLY = 3


def choose_providers() -> list[str]:
    """Returns the execution providers to try in turn; the CPU is always the last."""
    available = onnxruntime.get_available_providers()
    return [name for name in PREFERRED_PROVIDERS if name in available] + ["CPUExecutionProvider"]


def core_count() -> int:
    """Returns the number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def network_seconds() -> float:
    """Returns the time for which at least one network of this process has run so far, s."""
    return _TIMER.seconds


class BusyTimer:
    """Context manager for several threads: measures the time during which at least one of them is inside."""

    def __init__(self) -> None:
        """Starts at 0 s."""
        self.seconds = 0.0
        self._lock = Lock()
        self._inside, self._start = 0, 0.0

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self.seconds += time.perf_counter() - self._start


_TIMER = BusyTimer()


def _session_options(*, is_shared: bool) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _LOG_ERRORS_ONLY
    # Two networks side by side on half of the cores each are faster than one after the other on all cores.
    options.intra_op_num_threads = min(max(core_count() // 2, 1) if is_shared else core_count(), MAX_THREADS)
    options.inter_op_num_threads = 1
    # Threads that wait for each other without spinning leave the cores to decoding and the rest of perception.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class Network:
    """One network with one input.

    Attributes:
        input_shape: Shape of the input; a name or None stands for a side of any length.
        output_shapes: Shapes of the outputs by name, in the order in which a call returns them.
    """

    def __init__(self, path: Path, outputs: Sequence[str] | None = None, *, is_shared: bool = False) -> None:
        """Loads an ONNX file.

        Args:
            path: The file.
            outputs: Names of the outputs to return; all outputs if None.
            is_shared: Whether another network runs at the same time, so that this one takes half of the cores.

        Raises:
            ModelError: The file is missing, damaged or lacks one of the outputs.
        """
        remedy = "install bodydouble again" if path.is_relative_to(_PACKAGE_FOLDER) else "give another file"
        self._session = _load_session(path, remedy, _session_options(is_shared=is_shared))
        shapes: dict[str, Shape] = {output.name: tuple(output.shape) for output in self._session.get_outputs()}
        missing = set(outputs or ()) - shapes.keys()
        if missing:
            raise ModelError(f"The network {path} has no output {', '.join(sorted(missing))}; {remedy}")
        first, *extra = self._session.get_inputs()
        if extra:
            raise ModelError(f"The network {path} has {1 + len(extra)} inputs, expected one; {remedy}")
        self._input = first.name
        self._outputs = list(shapes if outputs is None else outputs)
        self.input_shape: Shape = tuple(first.shape)
        self.output_shapes: dict[str, Shape] = {name: shapes[name] for name in self._outputs}

    def __call__(self, values: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Runs the network on one input array and returns the requested outputs in order."""
        with _TIMER:
            outputs: list[NDArray[np.float32]] = self._session.run(self._outputs, {self._input: values})
        return outputs


def _load_session(path: Path, remedy: str, options: Any) -> Any:
    if not path.is_file():
        raise ModelError(f"The network {path} is missing; {remedy}")
    try:
        return onnxruntime.InferenceSession(path, options, providers=choose_providers())
    except Exception as error:  # onnxruntime's errors have no common base but Exception
        raise ModelError(f"The network {path} cannot be loaded, {remedy} ({error})") from error
