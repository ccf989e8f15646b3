"""Committed tables are those that the tools write."""

from importlib import import_module
from pathlib import Path

import pytest

from bodydouble.skeletons import adult_template, humanoid

TOOLS = Path(__file__).parents[2] / "tools"


def test_adult_template_is_what_the_tool_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TOOLS)
    offsets = dict(zip(humanoid.JOINTS, adult_template.REST_OFFSETS, strict=True))
    text = import_module("baking.rest").template_text(
        offsets, adult_template.REST_LANDMARKS, adult_template.ANKLE_HEIGHT
    )
    assert text == Path(adult_template.__file__).read_text(encoding="utf-8")
