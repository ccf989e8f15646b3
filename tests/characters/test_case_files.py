"""Characters that public bug reports led to, and characters of other authors; skipped where they are not at hand."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.rest_pose import character_height
from bodydouble.data import Character
from bodydouble.errors import BodydoubleError, FormatError
from bodydouble.formats import gltf
from bodydouble.geometry import kinematics
from bodydouble.geometry.kinematics import bind_matrices
from tests.builders import assert_same
from tests.formats import validator
from tests.shared_data import SHARED

RIGS = SHARED / "cases" / "rigs"
CHARACTERS = SHARED / "data" / "characters"
FILES = sorted([*RIGS.glob("*"), *CHARACTERS.glob("*.glb"), *CHARACTERS.glob("*.vrm")])
SAME_AS_BASE = (
    "cm_no_armature_scale", "dup_name_joint", "faces_45", "hips_lean20", "stance_posed", "second_skeleton_prop",
    "tex_alpha_mask", "tex_transform", "tex_specgloss", "tex_no_texcoord", "triangle_strip",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not FILES, reason="the files of other authors are not at hand")


def _load(name: str) -> Character:
    return load_character(str(RIGS / f"{name}.glb"))


@pytest.mark.parametrize("name", SAME_AS_BASE)
def test_rigs_come_out_as_the_unspoiled_one(name: str) -> None:
    loaded, base = _load(name), _load("base")
    actual, expected = bind_matrices(loaded), bind_matrices(base)
    for bone, joint in base.humanoid.items():
        assert_same(actual[loaded.humanoid[bone], :3, 3], expected[joint, :3, 3], 1e-5)


def test_declared_materials_are_kept() -> None:
    hair = _load("tex_alpha_mask").meshes[0].material
    assert (hair.alpha_mode, hair.alpha_cutoff, hair.is_double_sided) == ("mask", 0.5, True)
    atlas = _load("tex_transform").meshes[0].material.texture_placement
    assert (atlas.offset, atlas.scale) == ((0.5, 0.0), (0.5, 0.5))
    assert _load("tex_specgloss").meshes[0].material.texture_png is not None
    assert _load("tex_no_texcoord").meshes[0].material.texture_png is None


def test_a_character_of_167_m_is_rescaled_with_a_note() -> None:
    loaded = _load("cm_no_armature_scale")
    assert character_height(loaded) == pytest.approx(1.76, abs=0.01)
    assert len(loaded.notes) == 1 and "centimetres" in loaded.notes[0]


def test_draco_is_decoded() -> None:
    pytest.importorskip("DracoPy")
    positions = _load("tex_draco").meshes[0].positions
    assert_same(np.ptp(positions, axis=0), np.ptp(_load("tex_alpha_mask").meshes[0].positions, axis=0), 1e-3)


def test_meshopt_is_refused_by_name() -> None:
    with pytest.raises(FormatError, match="EXT_meshopt_compression"):
        _load("tex_meshopt")


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_character_that_loads_is_written_without_a_warning(path: Path, tmp_path: Path) -> None:
    try:
        character = load_character(str(path))
    except BodydoubleError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        return
    assert 0.3 <= character_height(character) <= 4.0
    rest = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    hips = character.skeleton.rest_offsets[character.humanoid["hips"]]
    gltf.write(tmp_path / "out.glb", character, rest[None], hips[None], Fraction(30), "rest")
    assert validator.serious_issues(tmp_path / "out.glb") == []
