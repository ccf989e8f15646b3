"""An independent judge, the detector of drawn faces animeface 2.0.3, recognises the faces of the cast.

Set BODYDOUBLE_ANIMEFACE to a Python with animeface 2.0.3 and Pillow below 12; later versions of Pillow do not work with
it.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tools.make_cast_sheet import choose_looks, draw_head

from bodydouble.characters.cast.assemble import build_character
from bodydouble.characters.cast.look import Look, create_look

PYTHON = os.environ.get("BODYDOUBLE_ANIMEFACE")
SIZE = (320, 320)
SCRIPT = """
import json, sys
import animeface
from PIL import Image
found = [animeface.detect(Image.open(path).convert("RGB")) for path in sys.argv[1:]]
print(json.dumps([max((face.likelihood for face in faces), default=0.0) for faces in found]))
"""
"""Prints the likelihood of the best face of each image."""


def bare(look: Look) -> Look:
    """Returns a look as the detector knows faces: without glasses, hat and beard, and with light skin."""
    plain = {"glasses": "none", "hat": "none", "beard": "none", "skin_color": "#fbd9c0"}
    return create_look(plain, look)


@pytest.mark.skipif(PYTHON is None, reason="BODYDOUBLE_ANIMEFACE is not set")
@pytest.mark.parametrize(("change", "min_share"), [(bare, 0.9), (lambda look: look, 0.6)])
def test_most_frontal_faces_are_recognised(change: Callable[[Look], Look], min_share: float, tmp_path: Path) -> None:
    paths = []
    for k, look in enumerate(map(change, choose_looks())):
        paths.append(tmp_path / f"{k}.png")
        Image.fromarray(draw_head(look, build_character(look), 0.0, SIZE)).save(paths[-1])
    command = [str(PYTHON), "-c", SCRIPT, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert np.mean(np.array(json.loads(done.stdout)) > 0.5) >= min_share
