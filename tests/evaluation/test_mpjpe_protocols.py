import json
import subprocess
import sys
from dataclasses import astuple
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import procrustes

from bodydouble.data import FloatArray
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.mpjpe_protocols import (
    ProtocolErrors,
    evaluate_takes,
    lift_takes,
    standard_subjects,
    take_errors,
)
from bodydouble.evaluation.position_files import Cameras, Takes
from bodydouble.geometry import rotation
from bodydouble.geometry.camera import project, rays, transform
from bodydouble.skeletons import h36m
from tests.builders import Floats, assert_same
from tests.evaluation import position_data


def as_views(takes: dict[str, dict[str, Floats]]) -> dict[str, dict[str, tuple[Floats, ...]]]:
    return {subject: {action: (take,) for action, take in actions.items()} for subject, actions in takes.items()}


def with_noise(takes: dict[str, dict[str, Floats]], seed: int = 0) -> dict[str, dict[str, Floats]]:
    """Returns predictions with a different error in each take."""
    rng = np.random.default_rng(seed)
    return {
        subject: {
            action: take + rng.uniform(0.01, 0.1) * rng.normal(size=take.shape) for action, take in actions.items()
        }
        for subject, actions in takes.items()
    }


def naive_errors(predicted: Floats, truth: Floats) -> tuple[list[float], list[float], list[float]]:
    """Returns errors of protocol 1, protocol 2 and velocity in mm, joint by joint."""
    first, second, velocity = [], [], []
    for f in range(len(truth)):
        spread = np.linalg.norm(truth[f] - truth[f].mean(axis=0))
        ideal, aligned, _ = procrustes(truth[f], predicted[f])
        for j in range(truth.shape[1]):
            first.append(_length((predicted[f, j] - predicted[f, 0]) - (truth[f, j] - truth[f, 0])))
            second.append(_length((aligned[j] - ideal[j]) * spread))
            if f > 0:
                step = [x[f, j] - x[f, 0] - (x[f - 1, j] - x[f - 1, 0]) for x in (predicted, truth)]
                velocity.append(_length(step[0] - step[1]))
    return first, second, velocity


def _length(vector: Floats) -> float:
    return 1e3 * float(np.sqrt(np.sum(vector**2)))


def test_errors_equal_a_loop_over_joints() -> None:
    truth = position_data.joints(h36m, 6, 0)
    predicted = truth + 0.05 * np.random.default_rng(1).normal(size=truth.shape)
    expected = [np.mean(column) for column in naive_errors(predicted, truth)]
    assert_same(np.array(astuple(take_errors(predicted, truth))), np.array(expected), 1e-9)


def test_errors_of_a_known_example() -> None:
    """One of 17 joints has an error of 170 mm in every second frame."""
    truth = position_data.joints(h36m, 4, 0)
    predicted = truth.copy()
    predicted[::2, 16, 1] += 0.17
    result = take_errors(predicted, truth)
    assert_same(result.mpjpe_mm, 5.0, 1e-9)
    assert_same(result.mpjve_mm, 10.0, 1e-9)


def test_protocol_1_is_invariant_to_translation_and_protocol_2_to_similarity() -> None:
    truth = position_data.joints(h36m, 5, 0)
    rotation_matrix = rotation.to_matrix(rotation.from_rotvec(np.array([0.2, 1.0, -0.3])))
    wandering = np.arange(5.0)[:, None, None] * [0.1, 0.0, -0.2]
    assert_same(np.array(astuple(take_errors(truth + wandering, truth))), 0.0, 1e-9)
    rotated = take_errors(1.3 * truth @ rotation_matrix.T, truth)
    assert_same(rotated.pa_mpjpe_mm, 0.0, 1e-9)
    assert rotated.mpjpe_mm > 100
    assert_same(np.array(astuple(take_errors(truth @ rotation_matrix.T, truth @ rotation_matrix.T))), 0.0, 1e-9)


def test_a_mirrored_pose_has_an_error() -> None:
    truth = position_data.joints(h36m, 5, 0)
    assert take_errors(truth * [-1.0, 1.0, 1.0], truth).pa_mpjpe_mm > 20


def test_nan_joints_are_ignored() -> None:
    truth = position_data.joints(h36m, 6, 0)
    predicted = truth + 0.05 * np.random.default_rng(1).normal(size=truth.shape)
    remaining = np.delete(np.arange(17), 13)
    expected = take_errors(predicted[:, remaining], truth[:, remaining])
    truth[:, 13] = np.nan
    assert_same(np.array(astuple(take_errors(predicted, truth))), np.array(astuple(expected)), 1e-9)


def test_actions_are_pooled_by_name_with_equal_weight() -> None:
    truth = position_data.h36m_takes()
    predicted = with_noise(truth)
    report = evaluate_takes(as_views(predicted), as_views(truth))
    assert list(report.actions) == ["Sitting", "Walking"]
    assert report.frames == 9 + 7 + 5 + 8 + 4
    pools: dict[str, list[float]] = {"Sitting": [], "Walking": []}
    for subject in ("S9", "S11"):
        for action, take in truth[subject].items():
            pools[action.split(" ", maxsplit=1)[0]] += naive_errors(predicted[subject][action], take)[0]
    means = {name: float(np.mean(pool)) for name, pool in pools.items()}
    for name, expected in means.items():
        assert_same(report.actions[name].mpjpe_mm, expected, 1e-9)
    assert_same(report.average.mpjpe_mm, np.mean(list(means.values())), 1e-9)


def test_standard_test_subjects_are_the_default() -> None:
    assert standard_subjects(as_views(position_data.h36m_takes())) == ("S9", "S11")
    assert standard_subjects(as_views(position_data.humaneva_takes())) == ("Validate/S1",)
    with pytest.raises(InvalidDataError, match="choose from Ann, Bob"):
        standard_subjects({"Ann": {}, "Bob": {}})
    truth = as_views(position_data.h36m_takes())
    assert evaluate_takes(truth, truth, ["S1"]).frames == 6
    assert list(
        evaluate_takes(as_views(position_data.humaneva_takes()), as_views(position_data.humaneva_takes())).actions
    ) == ["Box", "Jog"]


def test_every_view_is_compared_with_the_same_ground_truth() -> None:
    truth = position_data.h36m_takes()
    first, second = with_noise(truth, 1), with_noise(truth, 2)
    both = {s: {a: (first[s][a], second[s][a]) for a in actions} for s, actions in truth.items()}
    report = evaluate_takes(both, as_views(truth))
    single = [evaluate_takes(as_views(takes), as_views(truth)) for takes in (first, second)]
    assert report.frames == 2 * single[0].frames
    assert_same(report.average.pa_mpjpe_mm, np.mean([r.average.pa_mpjpe_mm for r in single]), 1e-9)


def test_frames_after_the_ground_truth_are_ignored() -> None:
    truth = position_data.h36m_takes()
    longer = {s: {a: np.concatenate([t, t[:2] + 9.0]) for a, t in actions.items()} for s, actions in truth.items()}
    assert_same(np.array(astuple(evaluate_takes(as_views(longer), as_views(truth)).average)), 0.0, 1e-9)


def in_camera_axes(truth: dict[str, dict[str, Floats]], rigs: Cameras) -> Takes:
    return {
        s: {a: tuple(transform(c.camera_from_world[0], take) for c in rigs[s]) for a, take in actions.items()}
        for s, actions in truth.items()
    }


def test_errors_in_camera_and_world_axes_are_equal() -> None:
    truth, rigs = position_data.h36m_takes(), position_data.cameras(("S1", "S9", "S11"), 3)
    predicted = with_noise(truth)
    in_world = evaluate_takes(as_views(predicted), as_views(truth)).average
    in_cameras = evaluate_takes(in_camera_axes(predicted, rigs), as_views(truth), cameras=rigs)
    assert in_cameras.frames == 3 * 33
    assert_same(np.array(astuple(in_cameras.average)), np.array(astuple(in_world)), 1e-9)


def test_lifted_keypoints_are_evaluated_in_every_view() -> None:
    """A lifter that places keypoints on a plane at the true depth has errors in depth only, in every view."""
    truth, rigs = position_data.h36m_takes(), position_data.cameras(("S9", "S11"))
    views = {s: in_camera_axes(truth | {"S1": {}}, dict(rigs) | {"S1": ()})[s] for s in ("S9", "S11")}
    keypoints = {
        s: {a: tuple(project(c.intrinsics, v) for c, v in zip(rigs[s], vs, strict=True)) for a, vs in actions.items()}
        for s, actions in views.items()
    }
    calls = []

    def lift_to_plane(pixels: FloatArray, intrinsics: FloatArray, size: tuple[int, int], fps: Fraction) -> FloatArray:
        calls.append((len(pixels), size, fps))
        return np.asarray(5.0 * rays(intrinsics, pixels))

    predicted = lift_takes(lift_to_plane, keypoints, rigs, Fraction(h36m.FPS), ("S9", "S11"))
    assert calls == [(n, position_data.SIZE, Fraction(50)) for n in (9, 9, 7, 7, 5, 5, 8, 8, 4, 4)]
    report = evaluate_takes(predicted, as_views(truth), cameras=rigs)
    assert 30 < report.average.pa_mpjpe_mm < report.average.mpjpe_mm < 300
    exact = iter([v for actions in views.values() for vs in actions.values() for v in vs])
    perfect = lift_takes(lambda *_: next(exact), keypoints, rigs, Fraction(50), ("S9", "S11"))
    assert_same(np.array(astuple(evaluate_takes(perfect, as_views(truth), cameras=rigs).average)), 0.0, 1e-9)


def _without(takes: Any, subject: str, action: str | None = None) -> Any:
    if action is None:
        return {s: actions for s, actions in takes.items() if s != subject}
    return takes | {subject: {a: take for a, take in takes[subject].items() if a != action}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda takes: _without(takes, "S11"), "predictions: 'S11' is missing"),
        (lambda takes: _without(takes, "S9", "Walking 1"), "predictions of S9: 'Walking 1' is missing"),
        (lambda takes: takes | {"S9": {a: (v[:-1],) for a, (v,) in takes["S9"].items()}}, r"are \(8, 17, 3\)"),
        (lambda takes: takes | {"S9": {a: (v[:, :15],) for a, (v,) in takes["S9"].items()}}, r"expected \(9, 17, 3\)"),
    ],
)
def test_rejects_predictions_that_do_not_match_the_ground_truth(change: Any, words: str) -> None:
    truth = as_views(position_data.h36m_takes())
    with pytest.raises(InvalidDataError, match=words):
        evaluate_takes(change(truth), truth)


def test_rejects_cameras_that_do_not_match_the_views() -> None:
    truth = as_views(position_data.h36m_takes())
    with pytest.raises(InvalidDataError, match="cameras: 'S9' is missing"):
        evaluate_takes(truth, truth, cameras=position_data.cameras(("S1",)))
    for count in (2, 3):
        views = {s: {a: v * (5 - count) for a, v in actions.items()} for s, actions in truth.items()}
        message = f"predictions of {5 - count} views, but the ground truth has {count}"
        with pytest.raises(InvalidDataError, match=message):
            evaluate_takes(views, truth, cameras=position_data.cameras(("S9", "S11"), count))
    with pytest.raises(InvalidDataError, match="1 views of keypoints, 2 cameras"):
        lift_takes(lambda pixels, *_: pixels, truth, position_data.cameras(("S9",)), Fraction(50), ["S9"])


def test_rejects_an_empty_comparison() -> None:
    with pytest.raises(InvalidDataError, match="no take"):
        evaluate_takes({"S9": {}}, {"S9": {}})


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bodydouble", "bench", "h36m", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_prints_the_results_of_the_function(tmp_path: Path) -> None:
    truth, rigs = position_data.h36m_takes(), position_data.cameras(("S1", "S9", "S11"))
    predicted = in_camera_axes(with_noise(truth), rigs)
    full = {
        s: {a: position_data.with_all_32_joints(take) for a, take in actions.items()} for s, actions in truth.items()
    }
    files = (
        position_data.write(tmp_path / "data_3d_h36m.npz", positions_3d=full),
        position_data.write(
            tmp_path / "predicted.npz",
            positions_3d={s: {a: list(v) for a, v in x.items()} for s, x in predicted.items()},
        ),
        "--cameras",
        position_data.write_cameras(tmp_path / "cameras.json", rigs),
    )
    expected = evaluate_takes(predicted, as_views(truth), cameras=rigs)
    result = json.loads(run(*files, "--json").stdout)
    assert result["frames"] == expected.frames
    assert_same(np.array([*result["average"].values()]), np.array(astuple(expected.average)), 1e-6)
    assert ProtocolErrors(**result["actions"]["Sitting"]).mpjpe_mm == pytest.approx(
        expected.actions["Sitting"].mpjpe_mm
    )
    table = run(*files, "--subjects", "S11").stdout
    alone = evaluate_takes(predicted, as_views(truth), ["S11"], rigs)
    assert f"{alone.average.pa_mpjpe_mm:.1f}" in table
    assert "Walking" in table
    assert f"{alone.frames} frames" in table


def test_the_command_fails_with_one_line(tmp_path: Path) -> None:
    path = position_data.write(tmp_path / "a.npz", positions_3d={"S1": position_data.h36m_takes()["S1"]})
    outcome = run(path, path)
    assert outcome.returncode == 1
    assert outcome.stderr.splitlines() == ["bodydouble: none of the standard test subjects is present; choose from S1"]
