"""Comparison of predicted 3D positions with those of a data set (Human3.6M, HumanEva)."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import typer

from bodydouble.cli.tables import print_table
from bodydouble.evaluation.mpjpe_protocols import ProtocolErrors, ProtocolReport, evaluate_takes
from bodydouble.evaluation.position_files import load_cameras, load_positions

HEADINGS = ("action", "protocol 1: MPJPE, mm", "protocol 2: PA-MPJPE, mm", "MPJVE, mm/frame")


def compare_positions(
    truth: Path, predicted: Path, cameras: Path | None, subjects: Sequence[str] | None
) -> ProtocolReport:
    """Compares two files of positions.

    Raises:
        BodydoubleError: a file cannot be read, or the files do not have the same takes.
    """
    rigs = None if cameras is None else load_cameras(cameras)
    return evaluate_takes(load_positions(predicted), load_positions(truth), subjects, rigs)


def as_dict(report: ProtocolReport) -> dict[str, Any]:
    """Returns all figures, ready for JSON; None for figures that cannot be measured."""
    return {
        "frames": report.frames,
        "average": _finite_or_none(report.average),
        "actions": {action: _finite_or_none(errors) for action, errors in report.actions.items()},
    }


def print_positions(report: ProtocolReport) -> None:
    """Prints the errors of each action, and their mean."""
    rows = [*report.actions.items(), ("average", report.average)]
    print_table(HEADINGS, [(name, *_format_errors(errors)) for name, errors in rows])
    typer.echo(f"{report.frames} frames")


def _format_errors(errors: ProtocolErrors) -> tuple[str, str, str]:
    return f"{errors.mpjpe_mm:6.1f}", f"{errors.pa_mpjpe_mm:.1f}", f"{errors.mpjve_mm:.2f}"


def _finite_or_none(errors: ProtocolErrors) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in asdict(errors).items()}
