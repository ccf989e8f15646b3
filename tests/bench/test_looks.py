"""Benchmark of looks."""

from dataclasses import replace

from bodydouble.bench.looks import GlassesCounts, build_face_scene, build_report, build_scene, compare_looks
from bodydouble.data import Appearance, Trait
from bodydouble.synthetic.rendered_clip import create_ground_truth

TRUE = Appearance(
    skin_color=Trait((0.8, 0.6, 0.5), 1.0), hair_color=Trait((0.3, 0.2, 0.1), 1.0), hair=Trait("long", 1.0),
    top_color=Trait((0.2, 0.3, 0.8), 1.0), pattern=Trait("plain", 1.0), sleeve=Trait(0.42, 1.0),
    bottom=Trait("skirt", 1.0), bottom_color=Trait((0.3, 0.3, 0.3), 1.0), leg=Trait(0.5, 1.0),
)  # fmt: skip


def test_the_truth_has_no_errors() -> None:
    errors = compare_looks(TRUE, TRUE)
    assert set(errors.colors) == {"hair", "skin", "top", "bottom"}
    assert max(errors.colors.values()) == 0.0
    assert all(errors.classes.values())


def test_errors_are_counted() -> None:
    wrong = replace(TRUE, hair=Trait("short", 1.0), sleeve=None, top_color=Trait((0.8, 0.3, 0.2), 1.0), bottom=None)
    errors = compare_looks(wrong, TRUE)
    assert errors.classes == {"sleeves": False, "legs": True, "skirt or trousers": False, "hair length": False}
    assert errors.colors["top"] > 20 and errors.colors["skin"] == 0.0


def test_nothing_known_is_wrong_or_unknown() -> None:
    errors = compare_looks(Appearance(), TRUE)
    assert not any(errors.classes.values())
    values = build_report([errors], GlassesCounts(4, 3, 2, 4, 0), "fast").values
    assert values["hair length"]["right_percent"] == 0.0
    assert values["hair"]["unknown"] == 1


def test_patterns_have_no_color_of_their_own() -> None:
    assert "top" not in compare_looks(TRUE, replace(TRUE, pattern=Trait("print", 1.0))).colors


def test_rendered_people_have_a_known_look() -> None:
    truth = create_ground_truth(build_scene(123)).people[0].appearance
    assert truth is not None
    assert truth.hair is not None and truth.sleeve is not None and truth.skin_color is not None
    errors = compare_looks(truth, truth)
    assert all(errors.classes.values())


def test_only_the_glasses_of_faces_are_known() -> None:
    plain, worn = (create_ground_truth(build_face_scene(seed)).people[0].appearance for seed in (0, 1))
    assert plain is None
    assert worn == Appearance(glasses=Trait("glasses", 1.0))
