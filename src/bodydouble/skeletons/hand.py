"""The 21 landmarks of a hand.

Source: Zhang et al., MediaPipe Hands: On-device Real-time Hand Tracking (2020).
"""

LANDMARKS: tuple[str, ...] = (
    "wrist",
    *(f"{finger}_{joint}" for finger, joints in (
        ("thumb", ("cmc", "mcp", "ip", "tip")),
        ("index", ("mcp", "pip", "dip", "tip")),
        ("middle", ("mcp", "pip", "dip", "tip")),
        ("ring", ("mcp", "pip", "dip", "tip")),
        ("pinky", ("mcp", "pip", "dip", "tip")),
    ) for joint in joints),
)  # fmt: skip
INDEX: dict[str, int] = {name: i for i, name in enumerate(LANDMARKS)}
PARENTS: tuple[int, ...] = tuple(-1 if i == 0 else 0 if i % 4 == 1 else i - 1 for i in range(len(LANDMARKS)))
"""Index of the landmark before each one on the way from the wrist to the tip of the finger; -1 for the wrist."""
