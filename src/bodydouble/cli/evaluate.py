"""Command ``evaluate``: errors of a captured performance with respect to ground truth or annotations."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.options import HtmlOption, JsonOption, print_json
from bodydouble.errors import InvalidDataError

if TYPE_CHECKING:
    from bodydouble.evaluation.comparison import Comparison


def evaluate(
    predicted: Annotated[Path, typer.Argument(metavar="PREDICTED.npz", help="A captured performance.")],
    truth: Annotated[
        Path | None, typer.Argument(metavar="TRUTH.npz", help="The ground truth of the same clip.")
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Annotated keypoints, in place of ground truth.")
    ] = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the errors of PREDICTED with respect to TRUTH, or to annotated keypoints.

    Prints MPJPE, PA-MPJPE, PCK3D, IDF1, HOTA, foot slide and more. Of annotations, it prints the errors in the image of
    keypoints and motion.
    """
    with report_errors():
        if (truth is None) == (annotations is None):
            raise InvalidDataError("give either TRUTH.npz or --annotations")
        if annotations is not None:
            if html is not None:
                raise InvalidDataError("--html is for TRUTH.npz")
            _evaluate_annotations(predicted, annotations, as_json)
        elif truth is not None:
            _evaluate_truth(predicted, truth, html, as_json)


def _evaluate_truth(predicted: Path, truth: Path, html: Path | None, as_json: bool) -> None:
    comparison = compare_files(predicted, truth)
    if html is not None:
        _write_page(comparison, html, predicted.name)
    if as_json:
        print_json(comparison.as_dict())
    else:
        _print_comparison(comparison)


def _evaluate_annotations(predicted: Path, file: Path, as_json: bool) -> None:
    from bodydouble.cli.tables import print_table
    from bodydouble.evaluation.annotation_errors import compare_with_annotations
    from bodydouble.formats import annotations, performance

    errors = compare_with_annotations(performance.load(predicted), annotations.load(file))
    if as_json:
        print_json(errors.as_dict())
        return
    names = {"all": (errors.keypoints, errors.motion)} | {
        name: (errors.keypoints_by_landmark[name], errors.motion_by_landmark[name])
        for name in errors.keypoints_by_landmark
    }
    columns = ("median, px", "median, % of box", "PCK at 5 %, %")
    parts = (f"{part}: {column}" for part in ("keypoints", "motion") for column in columns)
    headings = ("landmark", "annotated", *parts)
    print_table(
        headings,
        [
            (
                name,
                str(pair[0].count),
                *(f"{value:.1f}" for e in pair for value in (e.median_px, e.median_percent, e.pck_percent)),
            )
            for name, pair in names.items()
        ],
    )


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
