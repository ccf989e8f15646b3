"""The curves of a training as a picture."""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from bodydouble.formats.atomic import atomic_write

PANELS = (
    ("depth error", ("depth_error", "depth_error_of_detector")),
    ("error across the picture", ("across_error", "across_error_of_detector")),
    ("within one sigma", ("across_within_one_sigma", "depth_within_one_sigma")),
    ("loss: landmarks, joints", ("landmarks", "joints", "validation_joints")),
    ("loss: turns", ("turns", "validation_turns")),
    ("loss: contacts", ("contacts", "validation_contacts")),
)
COLORS = ("#1f6fb4", "#c2501a", "#3a8f3a")
TILE, COLUMNS, EDGE = (380, 240), 3, 40


def draw_curves(log: Path, picture: Path) -> None:
    """Draws the figures of a log over the steps.

    Args:
        log: a JSON object per line, each with ``step``.
        picture: the PNG file.

    Raises:
        OutputError: the file cannot be written.
    """
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    sheet = Image.new("RGB", (COLUMNS * TILE[0], -(-len(PANELS) // COLUMNS) * TILE[1]), "white")
    for number, (title, names) in enumerate(PANELS):
        corner = number % COLUMNS * TILE[0], number // COLUMNS * TILE[1]
        sheet.paste(_panel(title, [(name, [(line["step"], line[name]) for line in lines]) for name in names]), corner)
    with atomic_write(picture) as temporary, temporary.open("wb") as file:
        sheet.save(file, format="PNG")


def _panel(title: str, curves: list[tuple[str, list[tuple[float, float]]]]) -> Image.Image:
    tile = Image.new("RGB", TILE, "white")
    pen = ImageDraw.Draw(tile)
    points = np.array([point for _, curve in curves for point in curve])
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.maximum(high - low, 1e-9)
    pen.text((EDGE, 6), title, fill="black")
    pen.rectangle((EDGE, EDGE, TILE[0] - 10, TILE[1] - 20), outline="#aaaaaa")
    pen.text((2, EDGE), f"{high[1]:.3g}", fill="black")
    pen.text((2, TILE[1] - 30), f"{low[1]:.3g}", fill="black")
    pen.text((TILE[0] - 60, TILE[1] - 16), f"{high[0]:.0f}", fill="black")
    for number, ((name, curve), color) in enumerate(zip(curves, COLORS, strict=False)):
        share = (np.array(curve) - low) / size
        x = EDGE + share[:, 0] * (TILE[0] - 10 - EDGE)
        y = TILE[1] - 20 - share[:, 1] * (TILE[1] - 20 - EDGE)
        pen.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=color, width=2)
        pen.text((EDGE + 130, 6 + 11 * number), name, fill=color)
    return tile
