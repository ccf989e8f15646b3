"""Benchmarks of corrections and annotations."""

import numpy as np
import pytest

from bodydouble.bench.annotations import measure_annotations
from bodydouble.bench.corrections import fit_duration, measure_corrections
from bodydouble.geometry import kinematics
from tests import builders
from tests.motion.corrections.takes import true_take


def test_clip_is_played_forth_and_back() -> None:
    take = builders.performance(frames=30)
    clip = fit_duration(take, 3.0)
    assert clip.frame_count == round(3 * float(take.fps))
    positions = kinematics.joint_positions(clip.people[0].motion)
    original = kinematics.joint_positions(take.people[0].motion)
    np.testing.assert_array_equal(positions[:30], original)
    np.testing.assert_array_equal(positions[30:59], original[28::-1])
    np.testing.assert_array_equal(positions[58:88], original)


@pytest.mark.slow
def test_corrections_hold_and_leave_the_rest_alone() -> None:
    figures = {row.kind: row for row in measure_corrections(true_take(60), 2, 0)}
    assert all(row.count + row.refused == 2 for row in figures.values())
    for kind in ("contact removed", "sides exchanged", "unreliable span", "smoothing", "swap"):
        assert figures[kind].untouched_mm == 0.0
    assert figures["keyframe"].held_mm < 5.0
    assert figures["contact added"].held_mm < 1.0


@pytest.mark.slow
def test_annotated_landmarks_are_reached_and_the_rest_is_left_alone() -> None:
    figures = {row.kind: row for row in measure_annotations(true_take(60), 2, 0)}
    assert [row.count for row in figures.values()] == [2, 2, 1]
    for kind in ("pose", "all poses"):
        assert figures[kind].near_percent > 95.0
    assert figures["landmark"].untouched_mm == 0.0
    assert figures["pose"].untouched_mm == 0.0
