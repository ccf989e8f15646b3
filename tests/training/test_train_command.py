"""Command ``bodydouble train lifter``: its arguments, and its message if PyTorch is not installed."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bodydouble.cli import app
from bodydouble.cli import train as command


@pytest.mark.parametrize("missing", ["torch", "onnx"])
def test_missing_package_is_reported_in_one_line(missing: str, tmp_path: Path) -> None:
    arguments = ["bodydouble", "train", "lifter", str(tmp_path), "-o", str(tmp_path / "output")]
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {missing!r}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        f"sys.meta_path.insert(0, Missing()); sys.argv = {arguments!r}\n"
        "from bodydouble.cli import main; main()"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert outcome.stderr.strip().splitlines()[-1:] == [
        "bodydouble: training needs PyTorch and onnx: pip install 'bodydouble[train]'"
    ]
    assert "Traceback" not in outcome.stderr
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("start", [None, "default", "own.onnx"])
@pytest.mark.parametrize("videos", [[], ["one.mp4"], ["one.mp4", "other.mp4"]])
def test_arguments_reach_the_training(
    videos: list[str], start: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[object] = []

    def record_arguments(*arguments: object) -> Path:
        received.extend(arguments[:-1])
        return tmp_path

    monkeypatch.setattr(command, "train_lifter", record_arguments)
    options = [word for video in videos for word in ("--unlabelled", video)] + ["--annotated", "captures"]
    options += ["--start", start] if start else []
    outcome = CliRunner().invoke(app, ["train", "lifter", str(tmp_path), "-o", str(tmp_path / "output"), *options])
    assert outcome.exit_code == 0, outcome.output
    assert received == [
        [tmp_path],
        tmp_path / "output",
        1000,
        15_000,
        0,
        start and Path(start),
        [Path(video) for video in videos],
        [Path("captures")],
    ]
