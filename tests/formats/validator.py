"""The Khronos glTF validator, run by Node. `npm install` in tests/node installs it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE_FOLDER = Path(__file__).parents[1] / "node"
SEVERITIES = ("error", "warning", "information", "hint")


def issues(glb: Path) -> list[str]:
    """Returns the validator's messages, "severity CODE at pointer: message", the most severe first."""
    report = _report(glb)
    assert not report["issues"]["truncated"]
    return [
        f"{SEVERITIES[message['severity']]} {message['code']} at {message.get('pointer', '')}: {message['message']}"
        for message in sorted(report["issues"]["messages"], key=lambda message: int(message["severity"]))
    ]


def serious_issues(glb: Path) -> list[str]:
    """Returns the errors and warnings among the issues."""
    return [issue for issue in issues(glb) if issue.startswith(("error", "warning"))]


def _report(glb: Path) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "gltf-validator").is_dir():
        pytest.fail("the glTF validator is not installed: install Node.js, then run `make test`", pytrace=False)
    command = [node, "validate.mjs", str(glb.resolve())]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, check=True, timeout=120)
    report: dict[str, Any] = json.loads(done.stdout)
    return report
