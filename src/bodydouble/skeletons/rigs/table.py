"""Building blocks of the tables of joint names: both sides of the body, and fingers that are counted."""

from collections.abc import Mapping, Sequence

SIDE = "{side}"
"""Place of the side in a name."""
FINGERS: tuple[str, ...] = ("Thumb", "Index", "Middle", "Ring", "Pinky")
"""Usual names of the fingers."""
_BONES = ("Thumb", "Index", "Middle", "Ring", "Little")
_PARTS = ("Proximal", "Intermediate", "Distal")
_THUMB_PARTS = ("Metacarpal", "Proximal", "Distal")


def both_sides(names: Mapping[str, str], left: str, right: str) -> dict[str, str]:
    """Returns humanoid bone -> name of the left and the right side.

    Args:
        names: bone without its side -> name with ``{side}`` in the place of the side.
        left: word for left.
        right: word for right.
    """
    return {
        side + bone: name.replace(SIDE, word)
        for side, word in (("left", left), ("right", right))
        for bone, name in names.items()
    }


def count_fingers(
    pattern: str,
    fingers: Sequence[str] = FINGERS,
    numbers: Sequence[str] = ("1", "2", "3"),
    thumb_numbers: Sequence[str] | None = None,
) -> dict[str, str]:
    """Returns bone without its side -> name of the 15 finger joints, from the palm outward.

    Args:
        pattern: name with ``{finger}`` and ``{n}``.
        fingers: names of the fingers from the thumb on.
        numbers: numbers of the joints of a finger.
        thumb_numbers: numbers of the joints of the thumb; the same if not given.
    """
    return {
        bone + part: pattern.replace("{finger}", finger).replace("{n}", n)
        for bone, finger in zip(_BONES, fingers, strict=True)
        for part, n in zip(
            _THUMB_PARTS if bone == "Thumb" else _PARTS,
            (thumb_numbers or numbers) if bone == "Thumb" else numbers,
            strict=True,
        )
    }
