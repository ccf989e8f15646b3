"""Image of the training curves."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

pytest.importorskip("torch")

from bodydouble.training.curves import COLORS, COLUMNS, PANEL_MARGIN, PANEL_SIZE, PANELS, draw_curves


def write_log(path: Path, steps: int) -> Path:
    names = sorted({name for _, curves in PANELS for name in curves})
    rows = [{"step": 200 * (n + 1)} | {name: 1 / (n + 1 + i) for i, name in enumerate(names)} for n in range(steps)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("steps", [2, 12])
def test_every_panel_shows_its_curves(steps: int, tmp_path: Path) -> None:
    draw_curves(write_log(tmp_path / "log.jsonl", steps), tmp_path / "curves.png")
    image = Image.open(tmp_path / "curves.png")
    assert image.format == "PNG"
    assert image.width == COLUMNS * PANEL_SIZE[0]
    pixels = np.asarray(image.convert("RGB"))
    for number, (_, names) in enumerate(PANELS):
        x, y = number % COLUMNS * PANEL_SIZE[0], number // COLUMNS * PANEL_SIZE[1]
        panel = pixels[y + PANEL_MARGIN : y + PANEL_SIZE[1], x : x + PANEL_SIZE[0]]  # below the names of the curves
        for color in COLORS[: len(names)]:
            assert (panel == ImageColor.getrgb(color)).all(axis=-1).any()
