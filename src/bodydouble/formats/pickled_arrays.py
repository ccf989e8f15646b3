"""Objects in .npz files, read without running what the file asks for.

NumPy stores a dict in an .npz file as a pickle, and a pickle names functions that its reader calls with arguments of
the file's choice. Here every name that NumPy needs is a class of this module that only converts data, and any other
name is refused. NumPy's own functions are not called either: they trust what a pickle says about the memory of arrays.
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

DAMAGE = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError,
    pickle.UnpicklingError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What zipfile, pickle and NumPy raise on a file whose bytes are wrong."""


def read_object(path: Path, name: str) -> Any:
    """The object that ``numpy.savez(path, name=object)`` stored.

    Args:
        path: an .npz file from anywhere.
        name: of the stored object.

    Returns:
        Dicts, lists, tuples, text, numbers, None, and arrays of numbers. What the types of the file were made of
        (subclasses of dict, arrays of objects) is not kept: arrays of objects become lists.

    Raises:
        FormatError: the file is damaged, holds no such object, or wants anything else to be made or run.
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
                return _plain(_Unpickler(file).load())
    except _RefusedError as error:
        raise FormatError(f"{path} {error}; bodydouble reads arrays only and ran nothing of it") from None
    except DAMAGE as error:
        raise FormatError(f"{path} is damaged, or {name} is no dict: {error}") from error


def _check_header(file: IO[bytes]) -> None:
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = read[np.lib.format.read_magic(file)](file)
    if shape or not dtype.hasobject:
        raise ValueError(f"it is an array {shape} of {dtype}")


class _RefusedError(Exception):
    """The file asks for something that is not data."""


class _Standin:
    """What a file gets for a name. ``__setstate__`` is there because pickle sets attributes of whatever has none."""

    value: Any = None

    def __setstate__(self, state: Any) -> None:
        raise ValueError(f"{type(self).__name__} takes no state")


class _Bytes(_Standin):
    """``bytes`` from text, as old pickles store them."""

    def __new__(cls, text: str = "", _encoding: str = "latin1") -> bytes:  # type: ignore[misc]
        """Only Latin-1 is ever used."""
        return text.encode("latin1")


class _Type(_Standin):
    """``numpy.dtype``: numbers, truth values and objects, without fields."""

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
        """The numbers in some bytes."""
        dtype = np.dtype(self.order + self.code)
        if self.holds_objects or len(data) % dtype.itemsize:
            raise ValueError("bytes do not fit an array")
        flat = np.frombuffer(data, dtype) if data else np.zeros(0, dtype)
        return flat.reshape(shape, order=order)


class _Array(_Standin):
    """``numpy.ndarray``, and the function that makes an empty one for ``__setstate__`` to fill."""

    def __init__(self, *_: Any) -> None:
        """The placeholders' shape and type do not matter."""

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, data = state
        if not kind.holds_objects:
            self.value = kind.view(data, shape, "F" if by_columns else "C")
        elif isinstance(data, list) and len(shape) <= 1 and [len(data)] == list(shape or [1]):
            self.value = data if shape else data[0]
        else:
            raise ValueError(f"an array of objects is {shape}")


class _Number(_Standin):
    """A NumPy scalar."""

    def __init__(self, kind: _Type, data: bytes) -> None:
        self.value = kind.view(data, ()).item()


_STANDINS: Mapping[tuple[str, str], type[_Standin]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _Bytes,
    ("__builtin__", "bytes"): _Bytes,  # as protocol 2 names it
} | {
    (f"numpy.{core}.multiarray", name): standin
    for core in ("core", "_core")  # before and since NumPy 2
    for name, standin in (("_reconstruct", _Array), ("scalar", _Number))
}


class _Unpickler(pickle._Unpickler):
    """The one written in Python: that in C reserves as much memory as a file claims to need, before it reads on."""

    def find_class(self, module: str, name: str) -> type[_Standin]:
        try:
            return _STANDINS[module, name]
        except KeyError:
            wanted = f"{module}.{name}"[:80]
            raise _RefusedError(f"asks to run {wanted!r} when it is read") from None


def _plain(tree: Any) -> Any:
    """What was read, without the stand-ins."""
    if isinstance(tree, _Array | _Number):
        return _plain(tree.value)
    if isinstance(tree, dict):
        return {_plain(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_plain(item) for item in tree)
    if tree is None or isinstance(tree, str | bytes | bool | int | float | np.ndarray):
        return tree
    raise ValueError(f"it holds a {type(tree).__name__.strip('_')}")
