"""The benchmark of retargeting, on motions made in code."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.bench import retargeting, retargeting_report
from bodydouble.bench.retargeting import Target
from bodydouble.geometry import kinematics
from tests import builders
from tests.characters.shaped_characters import ADULT

MOTION = builders.smooth_motion(12, seed=1, skeleton=ADULT)


@pytest.fixture(scope="module")
def targets() -> dict[str, Target]:
    return {target.name: target for target in retargeting.load_targets([])}


def test_targets_have_the_limbs_of_their_names(targets: dict[str, Target]) -> None:
    def length(name: str, *bones: str) -> float:
        character = targets[name].character
        positions = kinematics.bind_matrices(character)[[character.humanoid[bone] for bone in bones], :3, 3]
        return float(np.linalg.norm(np.diff(positions, axis=0), axis=1).sum())

    leg, arm = (("leftUpperLeg", "leftLowerLeg", "leftFoot"), ("rightUpperArm", "rightLowerArm", "rightHand"))
    usual = "mannequin, legs and arms x 1"
    for ratio in (0.5, 0.75, 1.5, 2.0):
        assert length(f"mannequin, legs x {ratio:g}", *leg) == pytest.approx(ratio * length(usual, *leg), rel=1e-5)
        assert length(f"mannequin, arms x {ratio:g}", *arm) == pytest.approx(ratio * length(usual, *arm), rel=1e-5)
    for name, target in targets.items():
        lowest = min(mesh.positions[:, 1].min() for mesh in target.character.meshes)
        assert abs(lowest) < 0.02, name
        assert target.character.is_builtin == ("built in" in name)


def test_correction_improves_the_feet_and_the_arms(targets: dict[str, Target]) -> None:
    motion = replace(MOTION, contacts=np.ones_like(MOTION.contacts))
    figures = retargeting.measure_target(targets["mannequin, stout"], [motion])
    assert figures.after.slide_mm < figures.before.slide_mm
    assert figures.after.penetration_mm <= figures.before.penetration_mm
    assert figures.after.arm_depth_mm <= figures.before.arm_depth_mm


def test_report_has_a_row_per_target_and_values_for_json(targets: dict[str, Target]) -> None:
    chosen = [targets["mannequin (built in)"], targets["mannequin, legs x 0.5"]]
    results = retargeting.measure_targets({"code": [MOTION]}, chosen)
    report = retargeting_report.build_report(results)
    assert all([row[0] for row in table[1]] == [t.name for t in chosen] for table in report.tables.values())
    assert report.values["frames"] == 12
    assert report.values["targets"][0]["before"] == report.values["targets"][0]["after"]
    assert "# Retargeting" in report.markdown()
