"""Command ``motions``: the library of ready motions."""

from dataclasses import asdict

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import JsonOption, print_json


def motions(as_json: JsonOption = False) -> None:
    """List the ready motions, which can stand for MOTION by name."""
    with report_errors():
        from bodydouble.cli.tables import print_table
        from bodydouble.pipeline.motion_library import list_motions

        entries = list_motions()
        if as_json:
            print_json([asdict(entry) for entry in entries])
            return
        print_table(
            ("motion", "description", "seconds", "loop", "licence"),
            [(e.name, e.description, f"{e.seconds:.2f}", "yes" if e.is_loop else "no", e.licence) for e in entries],
        )
