"""Rigs and motions of other authors, mapped by names and with numbered names; skipped where they are not at hand."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_rig import map_rig
from bodydouble.characters.humanoid_map import HumanoidMap, RigDescription, describe_pose, map_humanoid
from bodydouble.characters.to_humanoid import describe_rig
from bodydouble.errors import FormatError
from bodydouble.formats import bvh
from bodydouble.skeletons import humanoid
from tests.characters.rig_builder import move_rig, number_joints
from tests.characters.test_humanoid_map import MAIN_BONES
from tests.shared_data import SHARED


def shared_rigs() -> list[Path]:
    folders = (SHARED / "data" / "characters", SHARED / "cases" / "rigs")
    files = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    unreadable = {"tex_meshopt.glb", "human_a_pose.glb", "raylib_greenman.glb", "hips_spine_twisting.vrma"}
    return [path for path in files if path.name not in unreadable]


@pytest.mark.parametrize("path", shared_rigs(), ids=lambda p: p.name)
def test_rigs_of_others_are_mapped_the_same_with_numbered_names(path: Path) -> None:
    """Laws of the 15 main bones and of the fingers that both maps have; the declared ones may be fewer."""
    found, nodes, rig = describe_file(path)
    numbered, order = number_joints(move_rig(rig, 5), 5)
    by_shape = {bone: rig.names[order[j]] for bone, j in map_humanoid(numbered).bones.items()}
    for bone in MAIN_BONES + humanoid.FINGERS:
        if bone in found.bones:
            assert by_shape.get(bone) == nodes[found.bones[bone]], bone


def describe_file(path: Path) -> tuple[HumanoidMap, tuple[str, ...], RigDescription]:
    """Returns the map of a file, the names of its nodes, and its joints without declared bones."""
    seen: list[RigDescription] = []

    def remember(rig: RigDescription, overrides: Mapping[str, str] | None = None) -> HumanoidMap:
        seen.append(rig)
        return map_humanoid(rig, overrides)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bodydouble.characters.gltf_humanoid.map_humanoid", remember)
        found, nodes = map_rig(GltfFile(path))
    return found, nodes.names, replace(seen[0], declared=None)


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data")
def test_a_figure_without_elbows_and_knees_is_refused() -> None:
    with pytest.raises(
        FormatError, match="no humanoid skeleton found: neither names nor shape show two legs with knees"
    ):
        map_rig(GltfFile(SHARED / "data" / "characters" / "raylib_greenman.glb"))


MOTIONS = {
    "frames_one_more_rows": ("cm", "+Y", "the file says 31 frames but holds 32"),
    "ft_0_033": ("cm", "+Y", "30 frames/s are assumed"),
    "metres": ("m", "+Y", ""),
    "names_japanese_sjis": ("cm", "+Y", "read as Shift-JIS"),
    "wrapped_rows": ("cm", "+Y", "wrapped over several lines"),
    "zup": ("cm", "+Z", ""),
}


@pytest.mark.skipif(not (SHARED / "cases" / "bvh").is_dir(), reason="the files of other authors are not at hand")
@pytest.mark.parametrize("name", MOTIONS)
def test_unit_axis_and_notes_of_motions(name: str) -> None:
    unit, up, note = MOTIONS[name]
    content = bvh.read_file(SHARED / "cases" / "bvh" / f"{name}.bvh")
    rig = describe_rig(content.motion)
    assert (rig.unit, describe_pose(rig.rest_positions).up) == (unit, up)
    assert rig.stature == pytest.approx(1.71, abs=0.01)
    assert note in " ".join(content.notes) and bool(content.notes) == bool(note)
    assert content.motion.fps == 30
