"""Characters in the pipeline."""

from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.load import BUILTIN, load_character
from bodydouble.errors import MediaError
from bodydouble.geometry import kinematics
from bodydouble.pipeline import animating, retarget_to_character
from bodydouble.pipeline.casting import cast_characters
from bodydouble.pipeline.progress import Progress
from tests import builders
from tests.characters.comparison import below_armature

EXAMPLE = Path(__file__).parents[1] / "examples" / "walk.mp4"


def test_a_built_in_character_gets_the_proportions_of_the_person() -> None:
    motion = builders.smooth_motion(3)
    animated = retarget_to_character(motion, load_character("mannequin"))
    humanoid = [animated.character.humanoid[joint] for joint in motion.skeleton.joint_names]
    positions = kinematics.rest_positions(animated.character.skeleton)[humanoid]
    np.testing.assert_allclose(positions, kinematics.rest_positions(motion.skeleton), atol=1e-9)


def test_a_rig_from_a_file_keeps_its_proportions() -> None:
    rig = load_character(str(BUILTIN / "mannequin.glb"))
    animated = retarget_to_character(builders.smooth_motion(3), rig)
    np.testing.assert_array_equal(animated.character.skeleton.rest_offsets, rig.skeleton.rest_offsets)


def test_notes_of_a_character_become_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MediaError("no capture in this test")

    monkeypatch.setattr(animating, "capture_clip", fail)
    scale = np.diag([100.0, 100.0, 100.0, 1.0])
    path = str(below_armature(scale, np.eye(4)).save(tmp_path / "giant.glb"))
    progress = Progress()
    with pytest.raises(MediaError):
        animating.animate(EXAMPLE, tmp_path / "out", character=path, progress=progress)
    (warning,) = progress.warnings
    assert warning.startswith(f"{path}: the character was 169.8 m tall")


def test_with_anime_alone_everybody_gets_a_look_of_their_own() -> None:
    template = load_character("anime")
    people = builders.performance(people=3).people
    cast = cast_characters("anime", template, people)
    assert cast[0] is template
    assert len({len(character.meshes[0].positions) for character in cast}) > 1
    assert [character.name for character in cast] == ["woman", "man", "girl"]
    assert cast_characters("anime:man", template, people[:2]) == [template, template]
