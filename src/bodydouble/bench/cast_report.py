"""Report of ``bench cast``: covered skin that comes through clothes, by garment, and the time to build a character."""

from dataclasses import asdict

from bodydouble.bench.cast import CastFigures, GarmentFigures
from bodydouble.bench.report import BenchReport

PREFACE = """# Clothes of the cast

Covered skin that comes through the clothes of drawn characters, as a share of the pixels of the figure, in poses of the
motion library seen from five sides. *Worst pose* is the largest share in one pose. The characters are built with the
skin under their clothes, which is left out otherwise: what a viewer sees is less.
"""


def build_report(figures: CastFigures) -> BenchReport:
    """Builds the report."""
    rows = [[g.look, g.kind, f"{100 * g.share:.3f}", f"{100 * g.worst_share:.2f}"] for g in figures.garments]
    kinds = dict.fromkeys(g.kind for g in figures.garments)
    by_kind = [_summarize(kind, [g for g in figures.garments if g.kind == kind]) for kind in kinds]
    seconds = [[name, f"{value:.2f}"] for name, value in figures.build_seconds.items()]
    return BenchReport(
        "Clothes of the cast",
        PREFACE,
        {
            "By garment": (["garment", "looks", "skin, %, largest of the looks", "worst pose, %"], by_kind),
            "By look": (["look", "garment", "skin, %", "worst pose, %"], rows),
            "Time to build a character": (["look", "computing time, s"], seconds),
        },
        asdict(figures),
    )


def _summarize(kind: str, figures: list[GarmentFigures]) -> list[str]:
    share, worst = max(g.share for g in figures), max(g.worst_share for g in figures)
    return [kind, str(len(figures)), f"{100 * share:.3f}", f"{100 * worst:.2f}"]
