"""Converts Silero VAD to the committed network: ``python tools/convert_voice_activity.py``.

``pip download`` fetches the wheel of ``silero-vad`` 6.2.3, which holds the network (MIT). It works with Python 3.11 and
``onnx==1.23.2``. The states of the network, which are zero before the first block, become constants, so that blocks are
the one input. Output: src/bodydouble/perception/models/voice_activity.onnx.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

OUTPUT = Path(__file__).resolve().parents[1] / "src/bodydouble/perception/models/voice_activity.onnx"
WHEEL = "silero-vad==6.2.3"
FILE = "silero_vad/data/silero_vad_16k_sequence.onnx"
STATES = {"h": (1, 1, 128), "c": (1, 1, 128)}


def fetch(folder: Path) -> Path:
    """Downloads the wheel and returns the network in it."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), WHEEL]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(FILE, folder))


def convert(path: Path) -> onnx.ModelProto:
    """Returns the network with one input ``blocks`` (B, 576) and one output ``speech`` (B,)."""
    model = onnx.load(path)
    graph = model.graph
    for name, shape in STATES.items():
        graph.initializer.append(numpy_helper.from_array(np.zeros(shape, np.float32), name))
    inputs = [value for value in graph.input if value.name not in STATES]
    outputs = [value for value in graph.output if value.name == "speech_probs"]
    del graph.input[:], graph.output[:]
    graph.input.extend(inputs)
    graph.output.extend(outputs)
    for names in (node.input for node in graph.node):
        names[:] = ["blocks" if name == "input" else name for name in names]
    for names in (node.output for node in graph.node):
        names[:] = ["speech" if name == "speech_probs" else name for name in names]
    graph.input[0].name, graph.output[0].name = "blocks", "speech"
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(convert(fetch(Path(folder))), OUTPUT)
    print(hashlib.sha256(OUTPUT.read_bytes()).hexdigest(), OUTPUT.name)
