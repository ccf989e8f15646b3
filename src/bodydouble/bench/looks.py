"""Benchmark of the appearance of people: rendered people with known colours, garments and hair.

The seeds are those of no person on whom the rules were tuned.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.bench.capture_cache import BenchCapture
from bodydouble.bench.clip_cache import BenchClip, ClipFactory, cache_key, default_cache_dir, load_or_render
from bodydouble.bench.report import BenchReport
from bodydouble.data import Appearance, Motion
from bodydouble.evaluation.metrics.averages import percentile
from bodydouble.evaluation.metrics.color_difference import ciede2000
from bodydouble.perception.appearance.colors import to_lab
from bodydouble.pipeline import motion_library
from bodydouble.synthetic.close_ups.glasses import add_glasses
from bodydouble.synthetic.close_ups.scene import sample_face_scene
from bodydouble.synthetic.rendered_clip import ClipScene, SceneOptions, sample_scene

SEEDS = range(7000, 7030)
FRAME_COUNT, FPS = 12, Fraction(4)
FACE_SEEDS, FACE_SIZES = range(7200, 7224), (60.0, 200.0)
"""Seeds of faces with and without glasses, and the range of their heights, px."""
GLASSES = ("none", "clear", "none", "dark")
"""Glasses of the faces, in turn."""
IMAGE_SIZE = (960, 540)
COLORS = {"hair": "hair_color", "skin": "skin_color", "top": "top_color", "bottom": "bottom_color"}
SLEEVE_CLASSES = ((0.25, "none"), (0.535, "short"), (0.81, "three-quarter"), (np.inf, "long"))
LEG_CLASSES = ((0.57, "short"), (0.86, "calf"), (np.inf, "long"))
"""Lengths up to which sleeves and legs belong to a class: halfway between those of the rendered garments."""
HAIR_GROUPS = {
    "bald": "bald", "buzz": "short", "short": "short", "bob": "medium", "shoulder": "medium", "long": "long",
    "tied": "long",
}  # fmt: skip
"""Groups of lengths of hair that count as equal."""
MAX_COLOR_DIFFERENCE, MIN_GARMENTS_RIGHT, MIN_HAIR_RIGHT = 10.0, 92.0, 85.0
"""Bars: median difference of each colour, CIEDE2000; classes of garments right and of hair right, %."""


@dataclass(frozen=True, slots=True)
class LookErrors:
    """Errors of the appearance of one person."""

    colors: dict[str, float]
    """CIEDE2000 by COLORS; NaN if the colour is unknown, absent if the person has none or a pattern."""
    classes: dict[str, bool]
    """Whether sleeves, legs, skirt and hair are right."""


@dataclass(frozen=True, slots=True)
class GlassesCounts:
    """Numbers of faces with and without glasses."""

    worn: int
    judged: int
    """Faces with glasses of which glasses were found or denied; the others are too small or turned away."""
    found: int
    absent: int
    wrong: int
    """Faces without glasses on which some were found."""


def clip_factories() -> list[ClipFactory]:
    """Returns the factories of the clips: people, then faces with and without glasses."""
    people = [_create_factory("look", seed, build_scene) for seed in SEEDS]
    return people + [_create_factory("look_face", seed, build_face_scene) for seed in FACE_SEEDS]


def _create_factory(name: str, seed: int, build: Callable[[int], ClipScene]) -> Callable[[Path | None], BenchClip]:
    def create(cache_dir: Path | None) -> BenchClip:
        parameters = [name, seed, FRAME_COUNT, str(FPS), IMAGE_SIZE, FACE_SIZES, GLASSES]
        key = cache_key(parameters, [motion_library.LIBRARY_FILE])
        return load_or_render(f"{name}_{seed}", key, lambda: build(seed), cache_dir or default_cache_dir())

    return create


def build_face_scene(seed: int) -> ClipScene:
    """Builds the scene of a face of random size, with or without glasses."""
    rng, kind = np.random.default_rng(seed), GLASSES[seed % len(GLASSES)]
    face = sample_face_scene(seed, float(rng.uniform(*FACE_SIZES)), FRAME_COUNT, IMAGE_SIZE)
    return (face if kind == "none" else add_glasses(face, rng, is_dark=kind == "dark")).scene


def build_scene(seed: int) -> ClipScene:
    """Builds the scene of one person who performs some poses of a motion of the library."""
    names = motion_library.names()
    _, motion = motion_library.load(names[seed % len(names)])
    return sample_scene([_pick_frames(motion)], seed, SceneOptions(image_size=IMAGE_SIZE))


def _pick_frames(motion: Motion) -> Motion:
    frames = np.linspace(0, len(motion.rotations) - 1, FRAME_COUNT).round().astype(int)
    return replace(
        motion,
        fps=FPS,
        rotations=motion.rotations[frames],
        root_position=motion.root_position[frames],
        contacts=motion.contacts[frames],
        joint_sigma=motion.joint_sigma[frames],
    )


def compare_looks(estimated: Appearance, true: Appearance) -> LookErrors:
    """Compares an estimated appearance with the true one."""
    colors = {name: _color_difference(estimated, true, trait) for name, trait in COLORS.items()}
    is_buzz = true.hair is not None and true.hair.value == "buzz"
    if true.pattern is not None and true.pattern.value != "plain":
        colors["top"] = None
    if is_buzz:
        colors["hair"] = None
    return LookErrors(
        {name: value for name, value in colors.items() if value is not None},
        {
            "sleeves": _length_class(estimated, "sleeve", SLEEVE_CLASSES)
            == _length_class(true, "sleeve", SLEEVE_CLASSES),
            "legs": _length_class(estimated, "leg", LEG_CLASSES) == _length_class(true, "leg", LEG_CLASSES),
            "skirt or trousers": _value(estimated, "bottom", "trousers") == _value(true, "bottom", "trousers"),
            "hair length": HAIR_GROUPS.get(_value(estimated, "hair", "")) == HAIR_GROUPS[_value(true, "hair", "")],
        },
    )


def _color_difference(estimated: Appearance, true: Appearance, trait: str) -> float | None:
    """Returns the difference of a colour; None if the person has none, NaN if it was not estimated."""
    known, expected = getattr(estimated, trait), getattr(true, trait)
    if expected is None:
        return None
    if known is None:
        return float("nan")
    return float(ciede2000(*(to_lab(np.array(color.value)) for color in (known, expected))))


def _value(appearance: Appearance, trait: str, default: str) -> str:
    found = getattr(appearance, trait)
    return default if found is None else str(found.value)


def _length_class(appearance: Appearance, trait: str, classes: Sequence[tuple[float, str]]) -> str | None:
    """Returns the class of a length; None if it is unknown."""
    found = getattr(appearance, trait)
    return None if found is None else next(name for limit, name in classes if found.value < limit)


def measure_looks(captures: Sequence[BenchCapture]) -> tuple[list[LookErrors], GlassesCounts]:
    """Compares each captured person with the truth; a person who was not found has no appearance.

    Returns:
        Errors of the people, and counts of the faces, of which only the glasses are known.
    """
    errors, glasses = [], []
    for captured in captures:
        people = captured.performance.people
        estimated = (people[0].appearance if people else None) or Appearance()
        true = captured.truth.people[0].appearance
        if true is None or true.hair is None:
            glasses.append((true is not None, _value(estimated, "glasses", "unknown")))
        else:
            errors.append(compare_looks(estimated, true))
    return errors, GlassesCounts(
        worn=sum(is_worn for is_worn, _ in glasses),
        judged=sum(is_worn and found != "unknown" for is_worn, found in glasses),
        found=sum(is_worn and found == "glasses" for is_worn, found in glasses),
        absent=sum(not is_worn for is_worn, _ in glasses),
        wrong=sum(not is_worn and found == "glasses" for is_worn, found in glasses),
    )


def build_report(errors: Sequence[LookErrors], glasses: GlassesCounts, quality: str) -> BenchReport:
    """Builds the tables of the benchmark."""
    color_rows, class_rows, values = [], [], {}
    for name in COLORS:
        found = np.array([one.colors[name] for one in errors if name in one.colors])
        known = found[np.isfinite(found)]
        median, high = percentile(known, 50.0), percentile(known, 90.0)
        values[name] = {"people": len(found), "unknown": int(len(found) - len(known)), "median": median, "p90": high}
        color_rows.append([name, f"{len(found)}", f"{len(found) - len(known)}", f"{median:.1f}", f"{high:.1f}"])
    for name in errors[0].classes:
        right = 100 * float(np.mean([one.classes[name] for one in errors]))
        values[name] = {"people": len(errors), "right_percent": right}
        class_rows.append([name, f"{len(errors)}", f"{right:.0f} %"])
    values["glasses"] = asdict(glasses)
    return BenchReport(
        "Looks",
        "# Looks\n\nAppearance of rendered people. Patterned garments and shaved heads have no colour of their own and "
        "are left out of the colours.\n",
        {
            f"Difference of colours, CIEDE2000 (bar: median {MAX_COLOR_DIFFERENCE:.0f})": (
                ["colour", "people", "unknown", "median", "90 %"],
                color_rows,
            ),
            f"Classes (bars: garments {MIN_GARMENTS_RIGHT:.0f} %, hair {MIN_HAIR_RIGHT:.0f} %)": (
                ["class", "people", "right"],
                class_rows,
            ),
            "Glasses on faces": (
                ["with glasses", "judged", "found", "without", "wrongly found"],
                [[f"{value}" for value in asdict(glasses).values()]],
            ),
        },
        values,
        headline=f"{len(errors)} rendered people, quality {quality}",
    )
