"""Command ``bench resolve``: time and exactness of annotations and corrections by hand."""

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
    """Measure time and exactness of annotations and corrections by hand, on ten seconds of a performance.

    Applies random corrections one at a time. Prints the maxima of processor time, elapsed time, movement of joints away
    from the correction, and slide in added contacts or distance from keyframes. Of annotated landmarks and poses, it
    prints the distances of landmarks from their places.
    """
    with report_errors():
        from bodydouble.bench.annotations import measure_annotations
        from bodydouble.bench.corrections import measure_corrections
        from bodydouble.cli.tables import print_table
        from bodydouble.formats.performance import load

        take = load(performance)
        figures, annotated = measure_corrections(take, per_kind, seed), measure_annotations(take, per_kind, seed)
        if as_json:
            parts = {"corrections": [asdict(row) for row in figures], "annotations": [asdict(row) for row in annotated]}
            print_json(parts)
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
        headings = (
            "annotation",
            "fits",
            "CPU s",
            "elapsed s",
            "untouched mm",
            "median px",
            "95 % px",
            "within 2 px, %",
        )
        print_table(
            headings,
            [
                (
                    item.kind,
                    str(item.count),
                    f"{item.cpu_seconds:.2f}",
                    f"{item.elapsed_seconds:.2f}",
                    "" if isnan(item.untouched_mm) else f"{item.untouched_mm:.3f}",
                    *(f"{value:.1f}" for value in (item.median_px, item.percentile_95_px, item.near_percent)),
                )
                for item in annotated
            ],
        )
