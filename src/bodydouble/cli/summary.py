"""Summaries of runs on standard output: tables for people, JSON for programs."""

from typing import Any

from rich.console import Console
from rich.table import Table

from bodydouble.cli.progress import ProgressBars, peak_memory_mb
from bodydouble.data import Performance, Person
from bodydouble.pipeline import AnimationResult


def summarize(result: AnimationResult, progress: ProgressBars) -> dict[str, Any]:
    """Summarizes a run for JSON."""
    performance = result.performance
    total = sum(progress.seconds.values())
    return {
        "frames": performance.frame_count,
        "fps": str(performance.fps),
        "people": [_person(person, performance) for person in performance.people],
        "static_people": list(result.static_people),
        "seconds": {stage: round(seconds, 3) for stage, seconds in progress.seconds.items()},
        "total_seconds": round(total, 3),
        "network_seconds": round(progress.network_seconds, 3),
        "frames_per_second": round(performance.frame_count / total, 2),
        "stage_peak_memory_mb": progress.peak_memory_mb,
        "peak_memory_mb": peak_memory_mb(),
        "files": [str(file) for file in result.files],
        "warnings": progress.warnings,
    }


def _person(person: Person, performance: Performance) -> dict[str, Any]:
    frames = person.track.frames
    return {
        "name": person.name,
        "first_frame": int(frames[0]),
        "last_frame": int(frames[-1]),
        "coverage": round(float(person.track.observed.sum()) / performance.frame_count, 4),
    }


def print_result(result: AnimationResult, progress: ProgressBars) -> None:
    """Prints the people, times and files of a run on standard output."""
    console = Console(highlight=False)
    facts = summarize(result, progress)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("person", "frames", "observed in"):
        table.add_column(heading)
    for person in facts["people"]:
        span = f"{person['first_frame']} to {person['last_frame']}"
        table.add_row(person["name"], span, f"{100 * person['coverage']:.0f} % of the clip")
    console.print(table)
    console.print(
        f"{facts['frames']} frames in {facts['total_seconds']:.1f} s ({facts['frames_per_second']:.1f} frames/s), "
        f"{facts['network_seconds']:.1f} s of it in the networks"
    )
    for file in result.files:
        console.print(f"  {file}", soft_wrap=True, markup=False)
    for warning in progress.warnings:
        console.print(f"note: {warning}", style="yellow", soft_wrap=True, markup=False)


def print_speed(report: dict[str, Any]) -> None:
    """Prints the figures of ``bench speed``."""
    console = Console(highlight=False)
    console.print(
        f"{report['machine']}; {report['frames']} frames of {report['size']}, quality {report['quality']}",
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("run", "frames/s", "total s", "networks s", "total / networks", "peak memory MB"):
        table.add_column(heading, justify="left" if heading == "run" else "right")
    for run in report["runs"]:
        table.add_row(
            run["name"],
            f"{run['frames_per_second']:.1f}",
            f"{run['total_seconds']:.1f}",
            f"{run['network_seconds']:.1f}",
            f"{run['ratio']:.2f}",
            str(run["peak_memory_mb"] or "unknown"),
        )
    console.print(table)
    for run in report["runs"]:
        console.print(_stage_table(run, report["frames"]))
    console.print(f"bodydouble --help: {report['help_seconds']:.2f} s")
    if "mediapipe" in report:
        _print_comparison(console, report["mediapipe"])


def _print_comparison(console: Console, comparison: dict[str, Any]) -> None:
    pairs = ", ".join(f"{pair['bodydouble']:.1f} / {pair['mediapipe']:.1f}" for pair in comparison["pairs"])
    console.print(
        f"body only, without preview, medians: bodydouble {comparison['bodydouble']:.1f} frames/s, "
        f"MediaPipe Pose (full) {comparison['mediapipe']:.1f} frames/s, "
        f"ratio {comparison['ratio']:.2f} (runs in turn: {pairs})",
        soft_wrap=True,
    )


def _stage_table(run: dict[str, Any], frames: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (f"stage ({run['name']})", "s", "frames/s", "peak memory MB at its end"):
        table.add_column(heading, justify="left" if heading.startswith("stage") else "right")
    for stage, seconds in run["seconds"].items():
        memory = str(run["stage_peak_memory_mb"].get(stage, "unknown"))
        table.add_row(stage, f"{seconds:.2f}", f"{frames / max(seconds, 1e-3):.0f}", memory)
    return table


def print_growth(report: dict[str, Any]) -> None:
    """Prints the figures of ``bench memory``."""
    console = Console(highlight=False)
    console.print(f"{report['machine']}; {report['size']}, quality {report['quality']}", soft_wrap=True)
    for run in report["runs"]:
        (short, long), (low, high) = run["frames"], run["peak_memory_mb"]
        console.print(
            f"{run['name']}: {low:.0f} MB for {short} frames, {high:.0f} MB for {long} frames, "
            f"{run['growth']:.2f} times as much"
        )
