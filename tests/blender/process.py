"""Runs scripts in the separate environment that has Blender as the package bpy; ``make .venv-blender`` installs it."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-blender" / "bin" / "python"
"""Python with bpy and the VRM add-on. They are under the GPL: nothing of bodydouble imports them."""

needs_blender = pytest.mark.skipif(
    not list(ROOT.glob(".venv-blender/lib/*/site-packages/bpy")),
    reason="Blender is not installed: run `make blender` with Python 3.11",
)


def run_script(name: str, *arguments: Path, folder: Path) -> None:
    """Runs a script of this folder in Blender, with settings of its own in another folder."""
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(folder / "blender_settings")}
    command = [str(PYTHON), "-m", f"tests.blender.{name}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
