"""Command ``retarget``: what it says about the feet."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from bodydouble.formats import performance as performance_file
from tests import builders
from tests.test_cli import run


def test_feet_that_never_rest_are_said_so_and_are_null_in_json(tmp_path: Path) -> None:
    captured = builders.performance(people=1)
    person = captured.people[0]
    motion = replace(person.motion, contacts=np.zeros_like(person.motion.contacts))
    source, target = tmp_path / "performance.npz", tmp_path / "a.glb"
    performance_file.save(source, replace(captured, people=(replace(person, motion=motion),)))
    outcome = run("retarget", str(source), "mannequin", "-o", str(target))
    assert "person1: no foot rests on the floor" in outcome.stdout
    facts = json.loads(run("retarget", str(source), "mannequin", "-o", str(target), "--json").stdout)
    before, after = facts["feet"]["person1"]
    assert before["slide_mm"] is None and after["slide_mm"] is None
