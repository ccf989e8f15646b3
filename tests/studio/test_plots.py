"""Curves for the plots of the page, and the pieces in which arrays are sent."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bodydouble.data import FloatArray, Performance
from bodydouble.data.corrections import Delete
from bodydouble.geometry import kinematics
from bodydouble.motion.body.joint_angles import compute_joint_angles
from bodydouble.studio.number_block import Block, NumberBlock
from bodydouble.studio.plots import describe_plots
from tests.evaluation.scenes import ground_truth, keep_frames
from tests.studio.servers import Server


def unpack(piece: bytes) -> tuple[dict[str, Any], FloatArray]:
    """Returns the JSON and the numbers that ``NumberBlock.pack`` has joined."""
    size = int.from_bytes(piece[:4], "little")
    assert size % 4 == 0
    return json.loads(piece[4 : 4 + size]), np.frombuffer(piece[4 + size :], "<f4").astype(float)


def read_curve(data: dict[str, Any], numbers: FloatArray, person: dict[str, Any], title: str, curve: str) -> FloatArray:
    """Returns the values (T,) of a curve of a person."""
    names = [(plot["title"], name) for plot in data["plots"] for name in plot["curves"]]
    offset, (frames, columns) = person["values"]["offset"], person["values"]["shape"]
    assert columns == len(names)
    return numbers[offset : offset + frames * columns].reshape(frames, columns)[:, names.index((title, curve))]


def test_arrays_come_back_from_a_piece() -> None:
    block = NumberBlock()
    first, second = block.add(np.arange(6.0).reshape(2, 3)), block.add(np.array([np.nan, 7.0]))
    assert (first, second) == (Block(0, (2, 3)), Block(6, (2,)))
    description, numbers = unpack(block.pack({"text": "Grün °"}))
    assert description == {"text": "Grün °"}
    np.testing.assert_array_equal(numbers, [0, 1, 2, 3, 4, 5, 0, 7])


@pytest.fixture
def performance() -> Performance:
    truth = ground_truth(20)
    return replace(truth, people=(truth.people[0], keep_frames(truth.people[1], 5, 20)))


def test_curves_are_the_angles_that_are_exported_and_heights_above_the_floor(performance: Performance) -> None:
    data, numbers = unpack(describe_plots(performance, performance))
    assert data["automatic"] == []
    assert [(person["name"], person["first_frame"]) for person in data["people"]] == [("true1", 0), ("true2", 5)]
    assert {plot["unit"] for plot in data["plots"]} == {"°", "m"}
    person, motion = data["people"][1], performance.people[1].motion
    angles = compute_joint_angles(motion)
    for title, curve, name in (
        ("Knee flexion", "right", "knee_angle_r"), ("Elbow flexion", "left", "elbow_flex_l"),
        ("Trunk", "bending", "lumbar_bending"), ("Pelvis", "rotation", "pelvis_rotation"),
    ):  # fmt: skip
        expected = angles.values[:, angles.names.index(name)]
        np.testing.assert_allclose(read_curve(data, numbers, person, title, curve), expected, atol=1e-4)
    heights = kinematics.joint_positions(motion)[:, motion.skeleton.index("leftHand"), 1]
    np.testing.assert_allclose(read_curve(data, numbers, person, "Heights of hands", "left"), heights, atol=1e-6)


def test_every_angle_that_is_exported_has_a_curve(performance: Performance) -> None:
    data, numbers = unpack(describe_plots(performance, performance))
    person, motion = data["people"][0], performance.people[0].motion
    curves = [
        read_curve(data, numbers, person, p["title"], c) for p in data["plots"] if p["unit"] == "°" for c in p["curves"]
    ]
    angles = compute_joint_angles(motion)
    is_angle = [name not in {"pelvis_tx", "pelvis_ty", "pelvis_tz"} for name in angles.names]
    expected = angles.values[:, is_angle]
    assert len(curves) == expected.shape[1]
    np.testing.assert_allclose(np.sort(np.stack(curves, axis=1), axis=1), np.sort(expected, axis=1), atol=1e-4)


def test_corrected_performance_is_compared_with_the_automatic_one(performance: Performance) -> None:
    corrected = replace(performance, people=performance.people[:1], corrections=(Delete("true2"),))
    data, _ = unpack(describe_plots(corrected, performance))
    assert [person["name"] for person in data["people"]] == ["true1"]
    assert [person["name"] for person in data["automatic"]] == ["true1", "true2"]


def test_plots_are_sent(server: Server, take_id: str) -> None:
    answer = server.request("GET", f"/takes/{take_id}/plots.bin")
    assert answer.status == 200
    data, numbers = unpack(answer.body)
    assert sum(int(np.prod(person["values"]["shape"])) for person in data["people"]) == len(numbers)
    assert server.request("GET", "/takes/0123456789abcdef/plots.bin").status == 404
