"""Safe reader of Python objects in .npz files: path and name -> dicts, lists, numbers and arrays.

NumPy stores a dict in an .npz file as a pickle, and a pickle names functions that its reader calls with arguments of
the file's choice. Here every name that NumPy needs is a class of this module that only converts data, and any other
name is refused. NumPy's own functions are not called either: they trust a pickle's statements about memory.
"""

import pickle
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.errors import FormatError

DAMAGE_ERRORS = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError,
    pickle.UnpicklingError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""Exceptions that zipfile, pickle and NumPy raise on a file whose bytes are wrong."""


def read_object(path: Path, name: str) -> Any:
    """Reads the object that ``numpy.savez(path, name=object)`` stored.

    Args:
        path: an .npz file from any source.
        name: name of the stored object.

    Returns:
        Dicts, lists, tuples, text, numbers, None, and arrays of numbers. Subclasses of dict become dicts, and arrays
        of objects become lists.

    Raises:
        FormatError: the file is damaged, holds no such object, or names anything but NumPy's own arrays.
    """
    if not path.is_file():
        raise FormatError(f"{path}: there is no such file")
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member.removesuffix(".npy") for member in archive.namelist()]
            if name not in names:
                raise FormatError(f"{path} holds no {name}; it holds {', '.join(names)[:200] or 'nothing'}")
            with archive.open(f"{name}.npy") as file:
                _check_header(file)
                return _unwrap(_Unpickler(file).load())
    except _RefusedError as error:
        raise FormatError(f"{path} {error}; bodydouble reads arrays only and ran nothing of it") from None
    except DAMAGE_ERRORS as error:
        raise FormatError(f"{path} is damaged, or {name} is no dict: {error}") from error


def _check_header(file: IO[bytes]) -> None:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = readers[np.lib.format.read_magic(file)](file)
    if shape or not dtype.hasobject:
        raise ValueError(f"it is an array {shape} of {dtype}")


class _RefusedError(Exception):
    """A file that asks for something that is not data."""


class _StandIn:
    """Replacement for a class or function that a file names.

    ``__setstate__`` is defined because pickle sets attributes of any object that lacks it.
    """

    value: Any = None

    def __setstate__(self, state: Any) -> None:
        raise ValueError(f"{type(self).__name__} takes no state")


class _Bytes(_StandIn):
    """Replacement for ``bytes`` from text, as old pickles store them."""

    def __new__(cls, text: str = "", _encoding: str = "latin1") -> bytes:  # type: ignore[misc]
        """Encodes as Latin-1, the only encoding in use."""
        return text.encode("latin1")


class _DType(_StandIn):
    """Replacement for ``numpy.dtype``: numbers, truth values and objects, without fields."""

    order = "|"

    def __init__(self, code: str, _align: bool = False, _copy: bool = True) -> None:
        if not re.fullmatch(r"b1|[iu][1248]|f[248]|O8?", code):
            raise ValueError(f"an array holds {code[:20]!r}, which are no numbers")
        self.code = code

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]

    @property
    def holds_objects(self) -> bool:
        return self.code.startswith("O")

    def view(self, data: bytes, shape: tuple[int, ...], order: Any = "C") -> NDArray[Any]:
        """Returns the numbers in some bytes as an array."""
        dtype = np.dtype(self.order + self.code)
        if self.holds_objects or len(data) % dtype.itemsize:
            raise ValueError("bytes do not fit an array")
        flat = np.frombuffer(data, dtype) if data else np.zeros(0, dtype)
        return flat.reshape(shape, order=order)


class _Array(_StandIn):
    """Replacement for ``numpy.ndarray`` and for the function that creates an empty one for ``__setstate__`` to fill."""

    def __init__(self, *_: Any) -> None:
        """Ignores shape and type of the empty array."""

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran_order, data = state
        if not dtype.holds_objects:
            self.value = dtype.view(data, shape, "F" if fortran_order else "C")
        elif isinstance(data, list) and len(shape) <= 1 and [len(data)] == list(shape or [1]):
            self.value = data if shape else data[0]
        else:
            raise ValueError(f"an array of objects is {shape}")


class _Scalar(_StandIn):
    """Replacement for a NumPy scalar."""

    def __init__(self, dtype: _DType, data: bytes) -> None:
        self.value = dtype.view(data, ()).item()


_STAND_INS: Mapping[tuple[str, str], type[_StandIn]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _Bytes,
    ("__builtin__", "bytes"): _Bytes,  # as protocol 2 names it
} | {
    (f"numpy.{core}.multiarray", name): stand_in
    for core in ("core", "_core")  # before and since NumPy 2
    for name, stand_in in (("_reconstruct", _Array), ("scalar", _Scalar))
}


class _Unpickler(pickle._Unpickler):
    """Unpickler written in Python: the one in C allocates the memory that a file claims to need before it reads on."""

    def find_class(self, module: str, name: str) -> type[_StandIn]:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            requested_name = f"{module}.{name}"[:80]
            raise _RefusedError(f"asks to run {requested_name!r} when it is read") from None


def _unwrap(tree: Any) -> Any:
    """Replaces the stand-ins by the objects that they hold."""
    if isinstance(tree, _Array | _Scalar):
        return _unwrap(tree.value)
    if isinstance(tree, dict):
        return {_unwrap(key): _unwrap(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_unwrap(item) for item in tree)
    if tree is None or isinstance(tree, str | bytes | bool | int | float | np.ndarray):
        return tree
    raise ValueError(f"it holds a {type(tree).__name__.strip('_')}")
