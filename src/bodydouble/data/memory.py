"""Memory between the stages: what a stage has freed goes back to the system before the next one needs its own."""

import ctypes
import gc
import sys


def release_memory() -> None:
    """Frees reference cycles, and hands back free memory."""
    gc.collect()
    trim_memory()


def trim_memory() -> None:
    """Has the C library hand back free memory to the system; glibc keeps most of it otherwise."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)
