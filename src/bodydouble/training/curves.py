"""Training curves: log (JSON lines) -> PNG file with one panel per metric."""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from bodydouble.formats.atomic import atomic_write

PANELS = (
    ("depth error", ("depth_error", "depth_error_of_detector")),
    ("error in the image", ("across_error", "across_error_of_detector")),
    ("within one sigma", ("across_within_one_sigma", "depth_within_one_sigma")),
    ("loss: landmarks, joints", ("landmarks", "joints", "validation_joints")),
    ("loss: rotations", ("turns", "validation_turns")),
    ("loss: contacts", ("contacts", "validation_contacts")),
)
COLORS = ("#1f6fb4", "#c2501a", "#3a8f3a")
PANEL_SIZE, COLUMNS, PANEL_MARGIN = (380, 240), 3, 40


def draw_curves(log_path: Path, image_path: Path) -> None:
    """Draws the figures of a log over the steps.

    Args:
        log_path: a JSON object per line, each with ``step``.
        image_path: the PNG file.

    Raises:
        OutputError: the file cannot be written.
    """
    records = [json.loads(record) for record in log_path.read_text(encoding="utf-8").splitlines()]
    sheet = Image.new("RGB", (COLUMNS * PANEL_SIZE[0], -(-len(PANELS) // COLUMNS) * PANEL_SIZE[1]), "white")
    for number, (title, names) in enumerate(PANELS):
        corner = number % COLUMNS * PANEL_SIZE[0], number // COLUMNS * PANEL_SIZE[1]
        sheet.paste(
            _draw_panel(title, [(name, [(record["step"], record[name]) for record in records]) for name in names]),
            corner,
        )
    with atomic_write(image_path) as temporary, temporary.open("wb") as file:
        sheet.save(file, format="PNG")


def _draw_panel(title: str, curves: list[tuple[str, list[tuple[float, float]]]]) -> Image.Image:
    panel = Image.new("RGB", PANEL_SIZE, "white")
    pen = ImageDraw.Draw(panel)
    points = np.array([point for _, curve in curves for point in curve])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = np.maximum(high - low, 1e-9)
    pen.text((PANEL_MARGIN, 6), title, fill="black")
    pen.rectangle((PANEL_MARGIN, PANEL_MARGIN, PANEL_SIZE[0] - 10, PANEL_SIZE[1] - 20), outline="#aaaaaa")
    pen.text((2, PANEL_MARGIN), f"{high[1]:.3g}", fill="black")
    pen.text((2, PANEL_SIZE[1] - 30), f"{low[1]:.3g}", fill="black")
    pen.text((PANEL_SIZE[0] - 60, PANEL_SIZE[1] - 16), f"{high[0]:.0f}", fill="black")
    for number, ((name, curve), color) in enumerate(zip(curves, COLORS, strict=False)):
        fractions = (np.array(curve) - low) / extent
        x = PANEL_MARGIN + fractions[:, 0] * (PANEL_SIZE[0] - 10 - PANEL_MARGIN)
        y = PANEL_SIZE[1] - 20 - fractions[:, 1] * (PANEL_SIZE[1] - 20 - PANEL_MARGIN)
        pen.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=color, width=2)
        pen.text((PANEL_MARGIN + 130, 6 + 11 * number), name, fill=color)
    return panel
