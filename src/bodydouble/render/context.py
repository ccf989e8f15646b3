"""OpenGL context without a window, and helpers for shaders, matrices and pixels."""

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.errors import RenderingUnavailableError

_ON_LINUX = sys.platform.startswith("linux")
_REMEDY = (
    "on Debian or Ubuntu run: apt-get install libegl1 libgl1-mesa-dri"
    if _ON_LINUX
    else "install the driver of the graphics card; OpenGL 3.3 or later is needed"
)
# libEGL hands out every OpenGL function, so libGL, which belongs to X11, need not be installed.
_CONTEXT_SETTINGS: dict[str, Any] = (
    {"backend": "egl", "libegl": "libEGL.so.1", "libgl": "libEGL.so.1"} if _ON_LINUX else {}
)


def open_context() -> moderngl.Context:
    """Creates an OpenGL 3.3 context, current in this thread; the caller releases it.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
    """
    try:
        return moderngl.create_context(require=330, standalone=True, **_CONTEXT_SETTINGS)
    except Exception as error:  # the binding raises plain Exception
        raise RenderingUnavailableError(f"OpenGL is not available ({error}); {_REMEDY}") from error


def query_renderer_name() -> str:
    """Returns the name of the OpenGL renderer of this machine.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
    """
    context = open_context()
    with context:
        name = str(context.info["GL_RENDERER"])
    context.release()
    return name


def read_shader(name: str, *defines: str) -> str:
    """Returns the text of a file in the folder shaders, with macros defined that select a variant."""
    source = resources.files(__package__).joinpath("shaders", name).read_text(encoding="utf-8")
    return source.replace("\n", "".join(f"\n#define {define}" for define in defines) + "\n", 1)


def compile_program(
    context: moderngl.Context, vertex: str, fragment: str, *defines: str, **units: int
) -> moderngl.Program:
    """Compiles a shader program from files in the folder shaders.

    Args:
        context: context that owns the program.
        vertex: file of the vertex shader.
        fragment: file of the fragment shader.
        *defines: macros that select a variant; a software driver runs both sides of a branch.
        **units: texture unit of each sampler.
    """
    compiled = context.program(
        vertex_shader=read_shader(vertex, *defines), fragment_shader=read_shader(fragment, *defines)
    )
    for name, unit in units.items():
        compiled[name] = unit
    return compiled


def write_matrix(target: moderngl.Program, name: str, matrix: FloatArray) -> None:
    """Sets a uniform to a square matrix; OpenGL stores it by columns."""
    uniform = target[name]
    assert isinstance(uniform, moderngl.Uniform)
    uniform.write(np.ascontiguousarray(matrix.T, dtype=np.float32).tobytes())


def read_pixels(
    target: moderngl.Framebuffer, region: tuple[int, int, int, int], *, with_alpha: bool = False
) -> NDArray[np.uint8]:
    """Reads the pixels (height, width, 3) RGB, or (height, width, 4) RGBA, of a region of a framebuffer.

    The region is x, y, width, height, px.
    """
    # The driver copies four channels as they are, but would convert three pixel by pixel; OpenCV does it faster.
    rgba = np.frombuffer(target.read(viewport=region, components=4), np.uint8).reshape(region[3], region[2], 4)
    return rgba if with_alpha else np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), dtype=np.uint8)


def wait_for_driver() -> None:
    """Waits until everything is drawn in the current context, and lets other threads run meanwhile.

    A software driver draws at the next change of the target, in a call of moderngl, which lets no thread run.
    """
    _load_finish()()


@cache
def _load_finish() -> Callable[[], object]:
    """Returns glFinish of the library that creates the contexts; if it is not found, a call that does nothing."""
    if not _ON_LINUX:
        return lambda: None
    find_function = ctypes.CDLL(_CONTEXT_SETTINGS["libegl"]).eglGetProcAddress
    find_function.restype, find_function.argtypes = ctypes.c_void_p, (ctypes.c_char_p,)
    address = find_function(b"glFinish")
    return ctypes.CFUNCTYPE(None)(address) if address else lambda: None
