"""Appearance of each person in the report: swatches of colours, and classes."""

from collections.abc import Sequence
from html import escape

from bodydouble.data import Appearance, Color, Person, Trait
from bodydouble.evaluation import html

COLORS = {
    "skin_color": "skin", "hair_color": "hair", "hat_color": "hat", "top_color": "top", "second_color": "pattern",
    "bottom_color": "bottom", "shoe_color": "shoes",
}  # fmt: skip
"""Traits that are colours, and their labels."""


def appearances_section(people: Sequence[Person]) -> str:
    """Builds a row of colours and classes of each person; empty if no appearance is known."""
    rows = [_row(person.name, person.appearance) for person in people if person.appearance is not None]
    if not rows:
        return ""
    note = html.paragraph("Colours as filmed, from which look-alikes are drawn. In brackets: probability in %.")
    return f'{html.heading("Appearance")}{note}<ul class="looks">\n{"".join(rows)}</ul>\n'


def _row(name: str, appearance: Appearance) -> str:
    traits = {label: getattr(appearance, trait) for trait, label in COLORS.items()}
    swatches = "".join(_swatch(label, trait) for label, trait in traits.items() if trait is not None)
    return f"<li><strong>{escape(name)}</strong> {swatches}<small>{escape(_describe(appearance))}</small></li>\n"


def _swatch(label: str, trait: Trait[Color]) -> str:
    code = "#" + "".join(f"{round(255 * channel):02x}" for channel in trait.value)
    return f'<span><i style="background:{code}" title="{code}"></i>{label} ({100 * trait.confidence:.0f})</span> '


def _describe(appearance: Appearance) -> str:
    """Describes hair and garments in words."""
    labels = {
        "hair": "hair", "fringe": "fringe", "beard": "beard", "glasses": "glasses", "hat": "hat", "pattern": "pattern",
        "sleeve": "sleeves", "bottom": "lower garment", "leg": "its length", "shoes": "feet",
    }  # fmt: skip
    parts = []
    for trait, label in labels.items():
        found = getattr(appearance, trait)
        if found is not None:
            value = found.value if isinstance(found.value, str) else f"{100 * found.value:.0f} %"
            parts.append(f"{label}: {value} ({100 * found.confidence:.0f})")
    return "; ".join(parts)
