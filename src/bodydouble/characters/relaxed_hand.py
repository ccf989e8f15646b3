"""Relaxed hand pose: bend of each finger joint, since motions do not contain fingers."""

_BEND_DEG: dict[str, tuple[float, float, float]] = {
    "Index": (14.0, 22.0, 14.0),
    "Middle": (19.0, 26.0, 16.0),
    "Ring": (23.0, 28.0, 18.0),
    "Little": (27.0, 30.0, 20.0),
}
"""Finger -> bend of its proximal, intermediate and distal joint, degrees."""
_THUMB_DEG = {"Metacarpal": 8.0, "Proximal": 8.0, "Distal": 12.0}
"""Joint of the thumb -> bend towards the index finger, degrees."""

_SIDES = (("left", 1.0), ("right", -1.0))

FINGER_CURL_DEG: dict[str, tuple[float, float, float]] = {
    **{
        f"{side}{finger}{part}": (0.0, 0.0, -sign * bend)
        for side, sign in _SIDES
        for finger, bends in _BEND_DEG.items()
        for part, bend in zip(("Proximal", "Intermediate", "Distal"), bends, strict=True)
    },
    **{f"{side}Thumb{part}": (0.0, sign * bend, 0.0) for side, sign in _SIDES for part, bend in _THUMB_DEG.items()},
}
"""Finger joint -> local rotation vector, degrees, in a T-pose with the palms down."""
