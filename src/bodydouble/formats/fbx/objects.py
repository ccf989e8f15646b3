"""Objects of an FBX file that is being written: numbers, properties, connections and the sections around them."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import version
from typing import Any

import numpy as np

from bodydouble.formats.fbx.document import CREATION_TIME, FILE_ID, WRITTEN_VERSION, Node

TICKS_PER_SECOND = 46_186_158_000
"""Unit of time: frames of all usual rates are whole numbers of ticks."""
SCENE = np.int64(0)
"""Number of the object at the top of the scene."""
CUSTOM_RATE = 14
TIME_MODES = {
    Fraction(120): 1, Fraction(100): 2, Fraction(60): 3, Fraction(50): 4, Fraction(48): 5, Fraction(30): 6,
    Fraction(30000, 1001): 9, Fraction(25): 10, Fraction(24): 11, Fraction(1000): 12, Fraction(24000, 1001): 13,
    Fraction(96): 15, Fraction(72): 16, Fraction(60000, 1001): 17, Fraction(120000, 1001): 18,
}  # fmt: skip
"""Frame rate -> value of TimeMode; other rates are custom."""
GENERATOR = f"bodydouble {version('bodydouble')}"

_KINDS = {
    "int": ("int", "Integer"), "enum": ("enum", ""), "bool": ("bool", ""), "double": ("double", "Number"),
    "KTime": ("KTime", "Time"), "KString": ("KString", ""), "ColorRGB": ("ColorRGB", "Color"),
    "Color": ("Color", ""), "Number": ("Number", ""), "Vector3D": ("Vector3D", "Vector"), "object": ("object", ""),
    "Lcl Translation": ("Lcl Translation", ""), "Lcl Rotation": ("Lcl Rotation", ""),
    "Lcl Scaling": ("Lcl Scaling", ""), "float": ("float", ""), "Compound": ("Compound", ""),
    "user bool": ("bool", ""), "user number": ("double", "Number"), "user string": ("KString", ""),
}  # fmt: skip
"""Kind of a property -> type and subtype in the file."""
_ANIMATABLE = {"Color", "Number", "Lcl Translation", "Lcl Rotation", "Lcl Scaling"}

Properties = dict[str, tuple[str, Any]]
"""Name -> kind and value; a vector or colour is a sequence of floats."""


def add_properties(node: Node, properties: Properties) -> None:
    """Appends a list of named properties to a node."""
    entries = node.add("Properties70")
    for name, (kind, value) in properties.items():
        values = [float(v) for v in value] if isinstance(value, list | tuple | np.ndarray) else [value]
        flags = "A" if kind in _ANIMATABLE else "U" if kind.startswith("user ") else ""
        entries.add("P", name, *_KINDS[kind], flags, *values)


def to_ticks(frame: int, fps: Fraction) -> np.int64:
    """Returns the time of a frame, rounded to a tick."""
    return np.int64(round(frame * TICKS_PER_SECOND / fps))


@dataclass(slots=True)
class Objects:
    """Objects and connections of a file."""

    nodes: list[Node] = field(default_factory=list)
    connections: list[Node] = field(default_factory=list)

    def add(self, kind: str, name: str, class_name: str, subclass: str) -> tuple[np.int64, Node]:
        """Appends an object; returns its number and its node.

        Args:
            kind: name of the node, such as Model.
            name: name that users see.
            class_name: type of the object in its full name; mostly the kind.
            subclass: variant of the object, such as LimbNode.
        """
        number = np.int64(1_000_000 + len(self.nodes))
        node = Node(kind, [number, f"{name}\x00\x01{class_name}", subclass])
        self.nodes.append(node)
        return number, node

    def connect(self, child: np.int64, parent: np.int64, prop: str | None = None) -> None:
        """Connects an object to another one, or to a property of it."""
        self.connections.append(Node("C", ["OO", child, parent] if prop is None else ["OP", child, parent, prop]))


def sections(objects: Objects, fps: Fraction, frames: int, take: str) -> list[Node]:
    """Returns the nodes of the top level of a file with these objects."""
    return [
        _header(),
        Node("FileId", [FILE_ID]),
        Node("CreationTime", [CREATION_TIME]),
        Node("Creator", [GENERATOR]),
        _global_settings(fps, frames),
        _documents(take),
        Node("References"),
        _definitions(objects),
        Node("Objects", [], objects.nodes),
        Node("Connections", [], objects.connections),
        _takes(fps, frames, take),
    ]


def _header() -> Node:
    header = Node("FBXHeaderExtension")
    header.add("FBXHeaderVersion", 1003)
    header.add("FBXVersion", WRITTEN_VERSION)
    header.add("EncryptionType", 0)
    stamp = header.add("CreationTimeStamp")
    stamp.add("Version", 1000)
    for name, value in zip(("Year", "Month", "Day", "Hour", "Minute", "Second"), (1970, 1, 1, 10, 0, 0), strict=True):
        stamp.add(name, value)
    stamp.add("Millisecond", 0)
    header.add("Creator", GENERATOR)
    return header


def _global_settings(fps: Fraction, frames: int) -> Node:
    settings = Node("GlobalSettings")
    settings.add("Version", 1000)
    time_mode = TIME_MODES.get(fps, CUSTOM_RATE)
    add_properties(
        settings,
        {
            "UpAxis": ("int", 1),
            "UpAxisSign": ("int", 1),
            "FrontAxis": ("int", 2),
            "FrontAxisSign": ("int", 1),
            "CoordAxis": ("int", 0),
            "CoordAxisSign": ("int", 1),
            "OriginalUpAxis": ("int", 1),
            "OriginalUpAxisSign": ("int", 1),
            "UnitScaleFactor": ("double", 1.0),
            "OriginalUnitScaleFactor": ("double", 1.0),
            "TimeMode": ("enum", time_mode),
            "TimeSpanStart": ("KTime", np.int64(0)),
            "TimeSpanStop": ("KTime", to_ticks(frames - 1, fps)),
            "CustomFrameRate": ("double", float(fps) if time_mode == CUSTOM_RATE else -1.0),
        },
    )
    return settings


def _documents(take: str) -> Node:
    documents = Node("Documents")
    documents.add("Count", 1)
    document = documents.add("Document", np.int64(1), "Scene", "Scene")
    add_properties(document, {"SourceObject": ("object", ""), "ActiveAnimStackName": ("KString", take)})
    document.add("RootNode", SCENE)
    return documents


def _definitions(objects: Objects) -> Node:
    counts = Counter(node.name for node in objects.nodes) | Counter(GlobalSettings=1)
    definitions = Node("Definitions")
    definitions.add("Version", 100)
    definitions.add("Count", sum(counts.values()))
    for kind, count in counts.items():
        definitions.add("ObjectType", kind).add("Count", count)
    return definitions


def _takes(fps: Fraction, frames: int, take: str) -> Node:
    takes = Node("Takes")
    takes.add("Current", take)
    node = takes.add("Take", take)
    node.add("FileName", f"{take}.tak")
    for name in ("LocalTime", "ReferenceTime"):
        node.add(name, np.int64(0), to_ticks(frames - 1, fps))
    return takes
