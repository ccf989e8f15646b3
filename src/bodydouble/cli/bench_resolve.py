"""Command ``bench resolve``: time and exactness of corrections by hand."""

from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import JsonOption, print_json


def bench_resolve(
    performance: Annotated[Path, typer.Argument(metavar="PERFORMANCE", help="A performance.npz.")],
    per_kind: Annotated[
        int, typer.Option("--per-kind", min=1, metavar="N", help="Number of corrections of each kind.")
    ] = 10,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the random corrections.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure time and exactness of corrections by hand, on ten seconds of a performance.

    Applies random corrections one at a time. Prints the maxima of processor time, elapsed time, movement of joints away
    from the correction, and slide in added contacts or distance from keyframes.
    """
    with report_errors():
        from bodydouble.bench.corrections import measure_corrections
        from bodydouble.cli.tables import print_table
        from bodydouble.formats.performance import load

        figures = measure_corrections(load(performance), per_kind, seed)
        if as_json:
            print_json([asdict(row) for row in figures])
            return
        rows = [
            (
                row.kind,
                str(row.count),
                str(row.refused),
                *(f"{value:.2f}" for value in (row.cpu_seconds, row.elapsed_seconds)),
                *("" if isnan(value) else f"{value:.3f}" for value in (row.untouched_mm, row.held_mm)),
            )
            for row in figures
        ]
        print_table(("correction", "applied", "refused", "CPU s", "elapsed s", "untouched mm", "held mm"), rows)
