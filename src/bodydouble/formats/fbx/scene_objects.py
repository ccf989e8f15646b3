"""Objects of an FBX file that was read: their connections and properties."""

from collections import defaultdict
from functools import cache
from typing import Any

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.errors import FormatError
from bodydouble.formats.fbx.document import Node

MAX_OBJECTS = 1_000_000


class SceneObjects:
    """Objects of a document by their number, with the connections between them."""

    def __init__(self, document: Node) -> None:
        """Takes the nodes of a file.

        Raises:
            FormatError: the file has too many objects.
        """
        self.document = document
        section = document.find("Objects") or Node("Objects")
        if len(section.children) > MAX_OBJECTS:
            raise FormatError(f"it has {len(section.children)} objects; at most {MAX_OBJECTS} are read")
        self.nodes = {int(n.properties[0]): n for n in section.children if _is_number(n)}
        self._children: dict[int, list[tuple[int, str]]] = defaultdict(list)
        self._parents: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for connection in (document.find("Connections") or Node("")).find_all("C"):
            _, child, parent, *prop = connection.properties
            self._children[int(parent)].append((int(child), str(prop[0]) if prop else ""))
            self._parents[int(child)].append((int(parent), str(prop[0]) if prop else ""))
        self._templates = _templates(document)
        self.properties = cache(self._properties)

    def children(self, number: int, kind: str, subclass: str | None = None) -> list[int]:
        """Returns the objects of a kind that are connected to an object as its children, in the order of the file."""
        return [child for child, _ in self._children[number] if self._is_kind(child, kind, subclass)]

    def parents(self, number: int, kind: str) -> list[int]:
        """Returns the objects of a kind that an object is connected to."""
        return [parent for parent, _ in self._parents[number] if self._is_kind(parent, kind, None)]

    def sources(self, number: int, kind: str) -> dict[str, int]:
        """Returns the objects of a kind that drive properties of an object: property -> object."""
        return {prop: child for child, prop in self._children[number] if prop and self._is_kind(child, kind, None)}

    def driven(self, number: int, kind: str) -> list[tuple[int, str]]:
        """Returns the objects of a kind, and the property of each, that an object drives."""
        return [(p, prop) for p, prop in self._parents[number] if prop and self._is_kind(p, kind, None)]

    def all_of(self, kind: str) -> list[int]:
        """Returns the objects of a kind in the order of the file."""
        return [number for number, node in self.nodes.items() if node.name == kind]

    def name(self, number: int) -> str:
        """Returns the name of an object."""
        return str(self.nodes[number].properties[1]).split("\x00", 1)[0]

    def subclass(self, number: int) -> str:
        """Returns the variant of an object, such as LimbNode."""
        return str(self.nodes[number].properties[2])

    def number(self, number: int, name: str, default: float) -> float:
        """Returns a property of an object that is one number."""
        values = self.properties(number).get(name)
        return float(values[0]) if values else default

    def vector(self, number: int, name: str, default: float = 0.0) -> FloatArray:
        """Returns a property (3,) of an object."""
        values = self.properties(number).get(name, ())
        return np.array(values[:3], np.float64) if len(values) >= 3 else np.full(3, default)

    def _is_kind(self, number: int, kind: str, subclass: str | None) -> bool:
        node = self.nodes.get(number)
        return node is not None and node.name == kind and subclass in (None, str(node.properties[2]))

    def _properties(self, number: int) -> dict[str, list[Any]]:
        """Returns the properties of an object; those that it does not have come from the template of its kind."""
        node = self.nodes[number]
        return self._templates.get(node.name, {}) | read_properties(node)


def _is_number(node: Node) -> bool:
    """Returns whether a node is an object: with a number, a name and a variant."""
    return len(node.properties) >= 3 and isinstance(node.properties[0], int | np.integer)


def read_properties(node: Node) -> dict[str, list[Any]]:
    """Returns the named properties of a node: name -> values."""
    entries = node.find("Properties70")
    return {} if entries is None else {str(p.properties[0]): p.properties[4:] for p in entries.find_all("P")}


def _templates(document: Node) -> dict[str, dict[str, list[Any]]]:
    """Returns the default properties of each kind of objects."""
    templates = {}
    for kind in (document.find("Definitions") or Node("")).find_all("ObjectType"):
        template = kind.find("PropertyTemplate")
        if template is not None and kind.properties:
            templates[str(kind.properties[0])] = read_properties(template)
    return templates
