"""Keypoint sets of files: number of keypoints and declared names -> names that the tables in ``skeletons`` have."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bodydouble.skeletons import blazepose, coco, openpose, whole_body

_SETS: tuple[tuple[str, ...], ...] = (
    coco.KEYPOINTS,
    openpose.BODY_18,
    whole_body.COCO_23,
    openpose.KEYPOINTS,
    whole_body.HALPE_26,
    blazepose.LANDMARKS,
    whole_body.HALPE_68,
    whole_body.COCO_133,
    whole_body.HALPE_136,
)
_MIN_KNOWN_NAMES = 4
"""Minimum number of declared names that are known, so that the others are believed."""
_SET_OF_COUNT = {len(names): names for names in _SETS}


def _normalize(name: str) -> str:
    """Returns the letters and digits of a name: "Left Shoulder" -> "leftshoulder"."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


_KNOWN_NAMES = frozenset(name for names in _SETS for name in names)
_NAME_OF_NORMALIZED = {_normalize(name): name for names in reversed(_SETS) for name in names}


def find_keypoint_set(count: int, declared: Sequence[str] | None) -> tuple[str, ...]:
    """Finds the names of the keypoints of a file.

    Args:
        count: number of keypoints of a person.
        declared: names that the file declares, if any. They are ignored if they are of another number, or if hardly
            any is known.

    Returns:
        (count,) names; those that no table has as they are declared.

    Raises:
        ValueError: the number belongs to no known set.
    """
    if declared is not None and len(declared) == count:
        names = tuple(
            name if name in _KNOWN_NAMES else _NAME_OF_NORMALIZED.get(_normalize(name), name) for name in declared
        )
        if len(_KNOWN_NAMES.intersection(names)) >= _MIN_KNOWN_NAMES:
            return names
    if count not in _SET_OF_COUNT:
        raise ValueError(f"has {count} keypoints; known are sets of {', '.join(map(str, _SET_OF_COUNT))}")
    return _SET_OF_COUNT[count]


def read_declared_names(declared: Any) -> list[str] | None:
    """Reads names from a list or from an object such as {"0": "nose"}; returns None if it has none."""
    if isinstance(declared, Mapping):
        if not all(str(key).isdecimal() for key in declared):
            return None
        declared = [declared[key] for key in sorted(declared, key=int)]
    if not isinstance(declared, Iterable) or isinstance(declared, str):
        return None
    names = list(declared)
    return names if names and all(isinstance(name, str) for name in names) else None
