from dataclasses import replace

import numpy as np
import pytest

from bodydouble.bench import cast, cast_report
from bodydouble.bench.surface_layers import SurfaceLayers
from bodydouble.characters.cast.assemble import COVERED, build_character
from bodydouble.characters.cast.presets import PRESETS
from bodydouble.data import Character, FloatArray
from bodydouble.geometry import kinematics


@pytest.fixture(scope="module")
def clothed() -> Character:
    return build_character(PRESETS["man"], has_covered_skin=True)


def count(character: Character) -> tuple[FloatArray, int]:
    rest = kinematics.bind_matrices(character)
    with SurfaceLayers(cast.IMAGE_SIZE, character) as layers:
        return cast.count_pokes(layers, character, rest, PRESETS["man"].height)


def test_skin_stays_below_the_clothes_at_rest(clothed: Character) -> None:
    pokes, figure = count(clothed)
    assert figure > 5_000
    assert pokes.sum() < 1e-3 * figure


def test_inflated_skin_comes_through_every_garment(clothed: Character) -> None:
    meshes = tuple(
        replace(mesh, positions=mesh.positions + 0.04 * mesh.normals) if mesh.name == COVERED else mesh
        for mesh in clothed.meshes
    )
    pokes, figure = count(replace(clothed, meshes=meshes))
    worn = np.isin(cast.GARMENTS, [mesh.name for mesh in clothed.meshes])
    assert (pokes[worn] > 3e-3 * figure).all()
    assert (pokes[~worn] == 0).all()


def test_covered_skin_is_what_the_character_lacks(clothed: Character) -> None:
    plain = build_character(PRESETS["man"])
    names = [mesh.name for mesh in plain.meshes]
    assert COVERED not in names
    assert {mesh.name for mesh in clothed.meshes} == {*names, COVERED}


def test_the_report_takes_the_largest_share_of_a_kind() -> None:
    garments = (cast.GarmentFigures("a", "skirt", 1e-3, 5e-3), cast.GarmentFigures("b", "skirt", 2e-3, 3e-3))
    report = cast_report.build_report(cast.CastFigures(garments, {"a": 1.25}))
    assert report.tables["By garment"][1] == [["skirt", "2", "0.200", "0.50"]]
    assert "| a | 1.25 |" in report.markdown()
