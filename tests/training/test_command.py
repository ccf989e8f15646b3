"""``bodydouble train lifter`` where PyTorch is not installed."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("missing", ["torch", "onnx"])
def test_what_is_missing_is_one_line(missing: str, tmp_path: Path) -> None:
    arguments = ["bodydouble", "train", "lifter", str(tmp_path), "-o", str(tmp_path / "made")]
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
    assert not (tmp_path / "made").exists()
