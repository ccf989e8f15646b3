"""An OpenGL context that needs no window, and the few calls that every part of the renderer makes."""

import sys
from importlib import resources
from typing import Any

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
_SETTINGS: dict[str, Any] = {"backend": "egl", "libegl": "libEGL.so.1", "libgl": "libEGL.so.1"} if _ON_LINUX else {}


def open_context() -> moderngl.Context:
    """A new OpenGL 3.3 context, current in this thread; the caller releases it.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
    """
    try:
        return moderngl.create_context(require=330, standalone=True, **_SETTINGS)
    except Exception as error:  # the binding raises plain Exception
        raise RenderingUnavailableError(f"OpenGL is not available ({error}); {_REMEDY}") from error


def check() -> str:
    """Name of the OpenGL renderer of this machine.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
    """
    context = open_context()
    with context:
        name = str(context.info["GL_RENDERER"])
    context.release()
    return name


def source(name: str) -> str:
    """Text of a file in the folder shaders."""
    return resources.files(__package__).joinpath("shaders", name).read_text(encoding="utf-8")


def program(context: moderngl.Context, vertex: str, fragment: str, **units: int) -> moderngl.Program:
    """Shader program made of files in the folder shaders.

    Args:
        context: where it lives.
        vertex: file of the vertex shader.
        fragment: file of the fragment shader.
        **units: texture unit of each sampler.
    """
    made = context.program(vertex_shader=source(vertex), fragment_shader=source(fragment))
    for name, unit in units.items():
        made[name] = unit
    return made


def write_matrix(target: moderngl.Program, name: str, matrix: FloatArray) -> None:
    """Sets a uniform to a square matrix; OpenGL stores columns one after the other."""
    uniform = target[name]
    assert isinstance(uniform, moderngl.Uniform)
    uniform.write(np.ascontiguousarray(matrix.T, dtype=np.float32).tobytes())


def read(target: moderngl.Framebuffer, region: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Pixels (height, width, 3) RGB of a region x, y, width, height of a framebuffer."""
    # Reading four channels is a copy; three would be converted one pixel at a time.
    rgba = np.frombuffer(target.read(viewport=region, components=4), np.uint8)
    return rgba.reshape(region[3], region[2], 4)[..., :3]
