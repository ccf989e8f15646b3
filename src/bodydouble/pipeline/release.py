"""Memory between the stages: what a stage has freed goes back to the system before the next one needs its own."""

import ctypes
import gc
import sys


def release_memory() -> None:
    """Frees reference cycles, and has the C library hand back free memory; glibc keeps most of it otherwise."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)
