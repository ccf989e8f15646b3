import io
import pickle
import pickletools
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bodydouble.errors import FormatError
from bodydouble.formats.pickled_arrays import read_object

NUMBERS = ("<f4", "<f8", ">f4", "<f2", "<i8", "<u2", "|i1", "|b1")

numbers = st.sampled_from(NUMBERS).flatmap(
    lambda dtype: arrays.arrays(np.dtype(dtype), arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | numbers
trees = st.recursive(
    leaves, lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text() | st.integers(), child, max_size=3)
)


def write_npy(path: Path, payload: bytes, name: str = "positions_3d") -> Path:
    """Writes an .npz file whose only member is a pickled object array of these bytes."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": ()})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.npy", header.getvalue() + payload)
    return path


def box_object(value: Any) -> np.ndarray[Any, Any]:
    box = np.empty((), dtype=object)
    box[()] = value
    return box


def assert_equal(loaded: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(loaded) == list(expected)
        for key in expected:
            assert_equal(loaded[key], expected[key])
    elif isinstance(expected, list):
        assert len(loaded) == len(expected)
        for item, expected_item in zip(loaded, expected, strict=True):
            assert_equal(item, expected_item)
    elif isinstance(expected, np.ndarray):
        assert loaded.dtype == expected.dtype
        np.testing.assert_array_equal(loaded, expected)
    else:
        assert type(loaded) is type(expected)
        np.testing.assert_equal(loaded, expected)


@given(tree=trees, protocol=st.sampled_from([2, 3, 4]))
def test_agrees_with_numpy_on_random_objects(
    tmp_path_factory: pytest.TempPathFactory, tree: Any, protocol: int
) -> None:
    """Covers every pickle protocol that NumPy has used."""
    path = write_npy(tmp_path_factory.mktemp("npz") / "a.npz", pickle.dumps(box_object(tree), protocol))
    assert_equal(read_object(path, "positions_3d"), tree)


def test_reads_files_that_numpy_writes(tmp_path: Path) -> None:
    tree = {"S9": {"Walk 1": [np.eye(3), np.asfortranarray(np.arange(6.0).reshape(2, 3))]}, "joints": np.int64(17)}
    np.savez_compressed(tmp_path / "a.npz", tree=tree, other=np.zeros(3))  # type: ignore[arg-type]
    loaded = read_object(tmp_path / "a.npz", "tree")
    assert_equal(loaded["S9"], tree["S9"])
    assert loaded["joints"] == 17


def test_reads_files_of_numpy_before_2(tmp_path: Path) -> None:
    payload = pickle.dumps(box_object({"a": np.arange(3.0)}), 2).replace(b"numpy._core.", b"numpy.core.")
    assert b"numpy.core.multiarray" in payload
    assert_equal(read_object(write_npy(tmp_path / "a.npz", payload), "positions_3d"), {"a": np.arange(3.0)})


def test_arrays_of_objects_become_lists(tmp_path: Path) -> None:
    row = np.empty(2, dtype=object)
    row[:] = [np.zeros(2), np.ones(3)]
    payload = pickle.dumps(box_object({"a": row}), 4)
    assert_equal(read_object(write_npy(tmp_path / "a.npz", payload), "positions_3d"), {"a": list(row)})


class Calls:
    """Object that pickles as a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def assert_refused(path: Path, *words: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_object(path, "positions_3d")
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_file_cannot_run_anything(tmp_path: Path, protocol: int) -> None:
    victim = tmp_path / "victim"
    payload = pickle.dumps(box_object({"S9": Calls(Path.mkdir, victim)}), protocol)
    path = write_npy(tmp_path / "a.npz", payload)
    assert_refused(path, "asks to run")
    assert not victim.exists()
    np.load(path, allow_pickle=True)["positions_3d"]
    assert victim.exists(), "the attack itself works"


@pytest.mark.parametrize(
    "name",
    ["os system", "posix system", "builtins eval", "builtins getattr", "numpy load", "numpy.core.multiarray fromfile",
     "builtins bytearray", "functools partial", "collections OrderedDict"],
)  # fmt: skip
def test_names_beyond_numpys_own_are_refused(tmp_path: Path, name: str) -> None:
    payload = b"\x80\x02c" + name.replace(" ", "\n").encode() + b"\n(X\x04\x00\x00\x00truetR."
    assert_refused(write_npy(tmp_path / "a.npz", payload), "asks to run", name.replace(" ", "."))


def call(name: str, arguments: bytes, state: bytes = b"") -> bytes:
    """Returns opcodes that call a name with a tuple and then set a state."""
    return b"c" + name.replace(" ", "\n").encode() + b"\n" + arguments + b"R" + (state + b"b" if state else b"")


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def dtype(code: str) -> bytes:
    return call("numpy dtype", b"(" + text(code) + b"t")


EMPTY = call("numpy.core.multiarray _reconstruct", b"(t")


@pytest.mark.parametrize(
    "opcodes",
    [
        b"c" + b"numpy\nndarray\n}" + text("value") + text("x") + b"sb",
        b"c" + b"numpy\ndtype\nN}" + text("__setstate__") + text("x") + b"s\x86b",
        b"c" + b"_codecs\nencode\nN}" + text("__new__") + text("x") + b"s\x86b",
        dtype("V8"),
        dtype("O8,f4"),
        dtype("M8"),
        call("numpy.core.multiarray scalar", b"(" + dtype("O8") + b"C\x08AAAAAAAAt"),
        call("numpy.core.multiarray scalar", b"(" + dtype("f8") + b"C\x04AAAAt"),
        EMPTY + b"(K\x01(K\x02t" + dtype("f8") + b"\x89C\x08AAAAAAAAtb",
        EMPTY + b"(K\x01(K\x01t" + dtype("f8") + b"\x89C\x0cAAAAAAAAAAAAtb",
        EMPTY + b"(K\x01(J\xff\xff\xff\xfft" + dtype("O8") + b"\x89]tb",
        EMPTY + b"(K\x01(K\x02t" + dtype("O8") + b"\x89C\x02AAtb",
        b"]\x94h\x00a",
        b"cnumpy\nndarray\n",
    ],
    ids=["attribute", "method", "constructor", "void", "fields", "dates", "pointer", "short number", "short array",
         "long array", "negative", "bytes as objects", "cycle", "class"],
)  # fmt: skip
def test_forged_states_are_refused(tmp_path: Path, opcodes: bytes) -> None:
    payload = b"\x80\x04" + opcodes + b"."
    pickletools.dis(payload, io.StringIO())  # raises if the opcodes themselves are malformed
    path = write_npy(tmp_path / "a.npz", payload)
    assert_refused(path, "damaged")
    good = write_npy(tmp_path / "good.npz", pickle.dumps(box_object({"a": np.arange(3.0)}), 4))
    assert_equal(read_object(good, "positions_3d"), {"a": np.arange(3.0)})


@given(data=st.data())
def test_damaged_files_give_one_clear_line(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    payload = bytearray(pickle.dumps(box_object({"S9": {"Walk": [np.arange(4.0), np.int32(3)]}}), 4))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    path = write_npy(tmp_path_factory.mktemp("npz") / "a.npz", bytes(payload))
    try:
        read_object(path, "positions_3d")
    except FormatError as error:
        assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize(
    "opcodes",
    [b"Nr\xff\xff\xff\x7f", b"\x8e" + (1 << 40).to_bytes(8, "little"), b"\x95" + (1 << 40).to_bytes(8, "little")],
    ids=["memo", "bytes", "frame"],
)
def test_claimed_sizes_reserve_no_memory(tmp_path: Path, opcodes: bytes) -> None:
    """A memory index, a length and a frame that claim gigabytes."""
    path = write_npy(tmp_path / "a.npz", b"\x80\x04" + opcodes + b".")
    tracemalloc.start()
    with suppress(FormatError):
        read_object(path, "positions_3d")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6


def test_errors_name_missing_files_and_objects(tmp_path: Path) -> None:
    assert_refused(tmp_path / "nothing.npz", "no such file")
    (tmp_path / "text.npz").write_text("hello")
    assert_refused(tmp_path / "text.npz", "damaged")
    np.savez(tmp_path / "other.npz", positions_2d=np.zeros(2))
    assert_refused(tmp_path / "other.npz", "holds no positions_3d", "positions_2d")
    np.savez(tmp_path / "plain.npz", positions_3d=np.zeros(2))
    assert_refused(tmp_path / "plain.npz", "no dict")
