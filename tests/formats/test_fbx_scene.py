"""Reading of FBX scenes: transforms as Autodesk's SDK evaluates them, curves, units, axes and damaged files."""

import base64
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bodydouble.errors import FormatError
from bodydouble.formats.fbx import document
from bodydouble.formats.fbx.document import Node
from bodydouble.formats.fbx.objects import TICKS_PER_SECOND, Objects, Properties, add_properties, sections
from bodydouble.formats.fbx.scene import FbxScene, read_scene
from bodydouble.formats.fbx.scene_animation import read_curve
from tests.builders import Floats, assert_same
from tests.formats import fbx_judges

FRAMES = 12
FPS = Fraction(30)


def _add_null(objects: Objects, name: str, parent: np.int64, properties: Properties) -> np.int64:
    number, node = objects.add("Model", name, "Model", "LimbNode")
    node.add("Version", 232)
    add_properties(node, properties)
    objects.connect(number, parent)
    return number


def _vector(rng: np.random.Generator, size: float) -> tuple[str, Floats]:
    return "Vector3D", rng.uniform(-size, size, 3)


def _random_properties(rng: np.random.Generator, order: int, scale: float, is_active: bool) -> Properties:
    """Returns all properties that an object's transform depends on; the scale is the same in all directions."""
    return {
        "RotationOrder": ("enum", order),
        "RotationActive": ("bool", int(is_active)),
        "InheritType": ("enum", 1),
        "PreRotation": _vector(rng, 180),
        "PostRotation": _vector(rng, 180),
        "RotationOffset": _vector(rng, 20),
        "RotationPivot": _vector(rng, 20),
        "ScalingOffset": _vector(rng, 20),
        "ScalingPivot": _vector(rng, 20),
        "Lcl Translation": ("Lcl Translation", rng.uniform(-50, 50, 3)),
        "Lcl Rotation": ("Lcl Rotation", rng.uniform(-180, 180, 3)),
        "Lcl Scaling": ("Lcl Scaling", np.full(3, scale)),
    }


def _add_curves(objects: Objects, layer: np.int64, bone: np.int64, prop: str, curves: list[Node]) -> None:
    number, node = objects.add("AnimationCurveNode", "R", "AnimCurveNode", "")
    add_properties(node, {f"d|{axis}": ("Number", 0.0) for axis in "XYZ"})
    objects.connect(number, layer)
    objects.connect(number, bone, prop)
    for axis, source in zip("XYZ", curves, strict=True):
        curve, node = objects.add("AnimationCurve", "", "AnimCurve", "")
        node.children = source.children
        objects.connect(curve, number, f"d|{axis}")


def _curve(ticks: NDArray[Any], values: Floats, flags: int, slopes: tuple[float, float] = (0.0, 0.0)) -> Node:
    node = Node("AnimationCurve")
    node.add("Default", 0.0)
    node.add("KeyVer", 4009)
    node.add("KeyTime", np.asarray(ticks, np.int64))
    node.add("KeyValueFloat", np.asarray(values, np.float32))
    node.add("KeyAttrFlags", np.array([flags], np.int32))
    node.add("KeyAttrDataFloat", np.array([*slopes, 0.0, 0.0], np.float32))
    node.add("KeyAttrRefCount", np.array([len(ticks)], np.int32))
    return node


def _add_layer(objects: Objects, frames: int = FRAMES) -> np.int64:
    stack, node = objects.add("AnimationStack", "take", "AnimStack", "")
    end = np.int64((frames - 1) * TICKS_PER_SECOND // 30)
    add_properties(node, {"LocalStart": ("KTime", np.int64(0)), "LocalStop": ("KTime", end)})
    layer, node = objects.add("AnimationLayer", "layer", "AnimLayer", "")
    add_properties(node, {"Weight": ("Number", 100.0)})
    objects.connect(layer, stack)
    return layer


def _random_chain(rng: np.random.Generator, is_active: bool) -> Objects:
    objects = Objects()
    layer, parent = _add_layer(objects), np.int64(0)
    ticks = np.arange(FRAMES) * (TICKS_PER_SECOND // 30)
    for order in range(6):
        scale = float(rng.uniform(0.5, 2.0))
        parent = _add_null(objects, f"bone{order}", parent, _random_properties(rng, order, scale, is_active))
        for prop, size in (("Lcl Rotation", 180.0), ("Lcl Translation", 30.0)):
            curves = [_curve(ticks, rng.uniform(-size, size, FRAMES), 4) for _ in range(3)]
            _add_curves(objects, layer, parent, prop, curves)
    return objects


def _write(path: Path, objects: Objects) -> Path:
    document.write(path, sections(objects, FPS, FRAMES, "take"))
    return path


@pytest.mark.parametrize("is_active", [True, False])
def test_transforms_are_those_of_autodesk(is_active: bool, tmp_path: Path) -> None:
    path = _write(tmp_path / "a.fbx", _random_chain(np.random.default_rng(int(is_active)), is_active))
    scene = read_scene(path)
    glb = fbx_judges.read_with_autodesk(path)
    frames = scene.frame_matrices(0, FRAMES)
    for frame in range(0, FRAMES, 3):
        for i, name in enumerate(scene.names):
            expected = glb.world_matrix(glb.node(name), frame / 30)
            assert_same(frames[frame, i, :3, 3], expected[:3, 3], 1e-4)
            assert_same(frames[frame, i, :3, :3], expected[:3, :3], 1e-3)


@pytest.mark.parametrize("flags", [0x002, 0x102, 0x004, 0x408, 0x108, 0x208, 0x1108, 0x2108, 0x6108])
def test_curves_between_keys_are_those_of_autodesk(flags: int, tmp_path: Path) -> None:
    objects = Objects()
    layer = _add_layer(objects, 31)
    bone = _add_null(objects, "bone", np.int64(0), {"InheritType": ("enum", 1)})
    ticks = np.array([0, 7, 12, 22, 30]) * (TICKS_PER_SECOND // 30)
    values = np.array([[0.0, 40.0, 55.0, -20.0, 10.0], [0.0, 10.0, 20.0, 90.0, 91.0], [5.0, 5.0, 5.0, 60.0, 60.0]])
    slopes = (30.0, -20.0) if flags == 0x408 else (0.0, 0.0)
    _add_curves(objects, layer, bone, "Lcl Translation", [_curve(ticks, v, flags, slopes) for v in values])
    document.write(tmp_path / "a.fbx", sections(objects, FPS, 31, "take"))
    scene = read_scene(tmp_path / "a.fbx")
    glb = fbx_judges.read_with_autodesk(tmp_path / "a.fbx")
    actual = scene.frame_matrices(0, 31)[:, 0, :3, 3]
    expected = np.array([glb.world_matrix(glb.node("bone"), frame / 30)[:3, 3] for frame in range(31)])
    assert_same(actual, expected, 1e-4)


def _settings(path: Path, **values: tuple[str, object]) -> FbxScene:
    """Reads a file with one bone at (1, 2, 3) and changed global settings."""
    objects = Objects()
    _add_null(objects, "bone", np.int64(0), {"Lcl Translation": ("Lcl Translation", (1.0, 2.0, 3.0))})
    nodes = sections(objects, FPS, FRAMES, "take")
    settings = next(node for node in nodes if node.name == "GlobalSettings")
    settings.children = [child for child in settings.children if child.name != "Properties70"]
    add_properties(settings, dict(values))
    document.write(path, nodes)
    return read_scene(path)


def test_unit_and_axes_become_metres_and_y_up(tmp_path: Path) -> None:
    plain = _settings(tmp_path / "a.fbx")
    assert_same(plain.rest_matrices()[0, :3, 3], [0.01, 0.02, 0.03], 1e-12)
    z_up = _settings(
        tmp_path / "a.fbx",
        UpAxis=("int", 2),
        UpAxisSign=("int", 1),
        FrontAxis=("int", 1),
        FrontAxisSign=("int", -1),
        CoordAxis=("int", 0),
        CoordAxisSign=("int", 1),
        UnitScaleFactor=("double", 100.0),
    )
    assert_same(z_up.rest_matrices()[0, :3, 3], [1.0, 3.0, -2.0], 1e-12)
    assert_same(z_up.rest_matrices()[0, :3, :3] @ z_up.rest_matrices()[0, :3, :3].T, np.eye(3), 1e-12)


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(25, 2), Fraction(240)])
def test_frame_rate_is_kept(fps: Fraction, tmp_path: Path) -> None:
    document.write(tmp_path / "a.fbx", sections(Objects(), fps, 10, "take"))
    assert read_scene(tmp_path / "a.fbx").fps == fps


@pytest.mark.parametrize(
    "values", [{"UpAxis": ("int", 2)}, {"UpAxis": ("int", 7)}, {"UnitScaleFactor": ("double", 0.0)}]
)
def test_impossible_settings_are_refused(values: dict[str, tuple[str, object]], tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"a\.fbx"):
        _settings(tmp_path / "a.fbx", **values)


def test_arrays_of_64_bit_files_are_read(tmp_path: Path) -> None:
    values = np.arange(1000, dtype=np.float64)
    document.write(tmp_path / "a.fbx", [Node("A", [1, 2.5, "x", b"y", True, np.int64(7), values], [Node("B", [3])])])
    wide = _widen(document.read(tmp_path / "a.fbx"))
    (tmp_path / "b.fbx").write_bytes(wide)
    (node,) = document.read(tmp_path / "b.fbx").children
    assert node.name == "A" and node.value("B") == 3
    assert node.properties[:6] == [1, 2.5, "x", b"y", True, 7]
    assert_same(node.properties[6], values, 0)


def _widen(root: Node) -> bytes:
    """Encodes a tree as version 7500, whose records have 64-bit offsets; arrays are not compressed."""

    def encode(node: Node, offset: int) -> bytes:
        values = b"".join(document._Writer()._encode_value(value) for value in node.properties)
        name = node.name.encode()
        start = offset + 25 + len(name) + len(values)
        children = b""
        for child in node.children:
            children += encode(child, start + len(children))
        children += bytes(25) if node.children else b""
        header = struct.pack("<QQQB", start + len(children), len(node.properties), len(values), len(name))
        return header + name + values + children

    data = document.MAGIC + struct.pack("<I", 7500)
    for child in root.children:
        data += encode(child, len(data))
    return data + bytes(25)


def test_truncated_files_are_refused(tmp_path: Path) -> None:
    data = _write(tmp_path / "a.fbx", _random_chain(np.random.default_rng(0), True)).read_bytes()
    for size in range(0, len(data) - 200, 997):
        (tmp_path / "b.fbx").write_bytes(data[:size])
        with pytest.raises(FormatError, match=r"b\.fbx"):
            read_scene(tmp_path / "b.fbx")


def test_changed_bytes_give_one_clear_line(tmp_path: Path) -> None:
    data = bytearray(_write(tmp_path / "a.fbx", _random_chain(np.random.default_rng(0), True)).read_bytes())
    rng = np.random.default_rng(1)
    for _ in range(150):
        damaged = data.copy()
        for place in rng.integers(27, len(data) - 200, 6):
            damaged[place] = rng.integers(256)
        (tmp_path / "b.fbx").write_bytes(damaged)
        try:
            read_scene(tmp_path / "b.fbx").frame_matrices(0, 2)
        except FormatError as error:
            assert "\n" not in str(error)


def _first_array(data: bytearray) -> int:
    """Returns the offset of the header of the array in a file with one node named A."""
    return data.index(b"Ad") + 2


def _count_too_many(data: bytearray) -> None:
    struct.pack_into("<I", data, _first_array(data), 2**31)


def _stream_longer_than_count(data: bytearray) -> None:
    struct.pack_into("<I", data, _first_array(data), 10)


def _longer_than_the_node(data: bytearray) -> None:
    struct.pack_into("<I", data, _first_array(data) + 8, 10**6)


def _not_compressed(data: bytearray) -> None:
    data[_first_array(data) + 12] ^= 0xFF


@pytest.mark.parametrize("damage", [_count_too_many, _stream_longer_than_count, _longer_than_the_node, _not_compressed])
def test_damaged_arrays_are_refused(damage: Callable[[bytearray], None], tmp_path: Path) -> None:
    document.write(tmp_path / "a.fbx", [Node("A", [np.zeros(100_000)])])
    data = bytearray((tmp_path / "a.fbx").read_bytes())
    damage(data)
    (tmp_path / "a.fbx").write_bytes(data)
    with pytest.raises(FormatError, match=r"a\.fbx"):
        document.read(tmp_path / "a.fbx")


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    root = node = Node("A")
    for _ in range(document.MAX_DEPTH + 2):
        node = node.add("A")
    document.write(tmp_path / "a.fbx", [root])
    with pytest.raises(FormatError, match="damaged"):
        document.read(tmp_path / "a.fbx")


def test_loops_are_refused(tmp_path: Path) -> None:
    objects = Objects()
    first = _add_null(objects, "a", np.int64(0), {})
    objects.connections.clear()
    second = _add_null(objects, "b", first, {})
    objects.connect(first, second)
    document.write(tmp_path / "a.fbx", sections(objects, FPS, FRAMES, "take"))
    with pytest.raises(FormatError, match="loop"):
        read_scene(tmp_path / "a.fbx")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"; FBX 7.3.0 project file\nFBXHeaderExtension:  {\n", "cut off"),
        (b"FBXHeaderExtension:  {\n}\n}\n", "braces"),
        (b"FBXHeaderExtension:  {\n FBXVersion: 7400 %\n}\n", "line 2"),
        (b"FBXHeaderExtension:  {\n FBXVersion: 7400\n A: *3 {\n a: 1,2\n }\n}\n", "length"),
        (b"FBXHeaderExtension:  {\n FBXVersion: 6100\n}\n", "version 6.1"),
        (b"FBXHeaderExtension:  {\n" + b"A: {\n" * 100, "braces"),
        (b"glTF\x02\x00\x00\x00", "not an FBX file"),
        (document.MAGIC + struct.pack("<I", 6100), "version 6.1"),
        (document.MAGIC, "damaged"),
    ],
)
def test_other_files_are_refused_by_name(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.fbx").write_bytes(data)
    with pytest.raises(FormatError, match=message):
        read_scene(tmp_path / "a.fbx")


def test_keys_out_of_order_are_refused() -> None:
    with pytest.raises(FormatError, match="out of order"):
        read_curve(_curve(np.array([0, 2, 1]), np.zeros(3), 4))


def _to_text(node: Node, depth: int = 0) -> str:
    """Returns a node as in text files."""
    values = []
    for value in node.properties:
        if isinstance(value, np.ndarray):
            values.append(f"*{value.size} {{\n a: {','.join(repr(number.item()) for number in value)}\n}}")
        elif isinstance(value, bool):
            values.append("T" if value else "F")
        elif isinstance(value, bytes):
            values.append(f'"{base64.b64encode(value).decode()}"')
        elif isinstance(value, str):
            name, _, class_name = value.partition("\x00\x01")
            values.append(f'"{class_name}::{name}"' if class_name else f'"{value}"')
        else:
            values.append(repr(value.item() if isinstance(value, np.generic) else value))
    children = "".join(_to_text(child, depth + 1) for child in node.children)
    return f"{node.name}: {', '.join(values)}" + (f" {{\n{children}}}\n" if children else "\n")


def test_text_files_are_read_as_binary_ones(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.fbx", _random_chain(np.random.default_rng(0), True))
    text = "; FBX 7.4.0 project file\n" + "".join(map(_to_text, document.read(path).children))
    (tmp_path / "text.fbx").write_text(text)
    binary, read = read_scene(path), read_scene(tmp_path / "text.fbx")
    assert (read.names, read.parents, read.fps) == (binary.names, binary.parents, binary.fps)
    assert_same(read.frame_matrices(0, FRAMES), binary.frame_matrices(0, FRAMES), 1e-12)
