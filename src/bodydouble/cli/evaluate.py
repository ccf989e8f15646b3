"""Command ``evaluate``: errors of a captured performance with respect to ground truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import HtmlOption, JsonOption, print_json

if TYPE_CHECKING:
    from bodydouble.evaluation.comparison import Comparison


def evaluate(
    predicted: Annotated[Path, typer.Argument(metavar="PREDICTED.npz", help="A captured performance.")],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH.npz", help="The ground truth of the same clip.")],
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the errors of PREDICTED with respect to TRUTH.

    Prints MPJPE, PA-MPJPE, PCK3D, IDF1, HOTA, foot slide and more.
    """
    with report_errors():
        comparison = compare_files(predicted, truth)
        if html is not None:
            _write_page(comparison, html, predicted.name)
        if as_json:
            print_json(comparison.as_dict())
        else:
            _print_comparison(comparison)


def compare_files(predicted: Path, truth: Path) -> "Comparison":
    """Compares two performance files.

    Raises:
        BodydoubleError: a file cannot be read, or the files belong to different clips.
    """
    from bodydouble.evaluation.comparison import compare
    from bodydouble.formats import performance

    return compare(performance.load(predicted), performance.load(truth))


def _write_page(comparison: "Comparison", path: Path, title: str) -> None:
    from bodydouble.evaluation.comparison_page import build_comparison_page
    from bodydouble.formats.atomic import atomic_write

    with atomic_write(path) as temporary:
        temporary.write_text(build_comparison_page(comparison, title), encoding="utf-8")


def _print_comparison(comparison: "Comparison") -> None:
    from bodydouble.cli.tables import print_table
    from bodydouble.evaluation.comparison_page import comparison_table, people_table

    print_table(*people_table(comparison))
    print_table(*comparison_table({"value": comparison}))
