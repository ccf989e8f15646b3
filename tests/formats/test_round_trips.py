"""The motion of a performance is the same after export to each format and back: joints, and rotations where stored."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import ezc3d
import numpy as np
import pytest
from pxr import Usd, UsdSkel

from bodydouble.characters.body_fitting import fit_character
from bodydouble.characters.load import load_character
from bodydouble.data import FloatArray, Motion, Performance, Person, Skeleton
from bodydouble.formats import performance
from bodydouble.geometry import kinematics, rotation
from bodydouble.pipeline.exporting import SUFFIXES, export_motions
from bodydouble.pipeline.motion_files import load_motions
from bodydouble.skeletons import adult_template, humanoid
from tests import builders

FRAMES = 20
ADULT = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))
TWO_MM, HALF_A_DEGREE = 2e-3, np.radians(0.5)


@dataclass(frozen=True)
class _Joints:
    """The 22 joints of T frames in the world."""

    positions: FloatArray
    """(T, 22, 3) m."""
    rotations: FloatArray | None
    """(T, 22, 4) xyzw relative to the T-pose; None where the format has none."""


def _of_motion(motion: Motion) -> _Joints:
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    return _Joints(kinematics.joint_positions(motion), world)


def _read_motion_file(path: Path, source: Performance) -> _Joints:
    """Reads a motion back, into a performance.npz and out of it."""
    (named,) = load_motions(path)
    (person,) = source.people
    again = path.with_suffix(".npz")
    performance.save(again, replace(source, people=(replace(person, motion=named.motion),)))
    return _of_motion(performance.load(again).people[0].motion)


def _read_vrm(path: Path, source: Performance) -> _Joints:
    return _read_motion_file(path.with_suffix(".vrma"), source)


def _read_usd(path: Path, source: Performance) -> _Joints:
    stage = Usd.Stage.Open(str(path))
    assert stage.GetTimeCodesPerSecond() == pytest.approx(float(source.fps))
    root = stage.GetPrimAtPath("/scene/person1")
    cache = UsdSkel.Cache()
    cache.Populate(UsdSkel.Root(root), Usd.PrimDefaultPredicate)
    query = cache.GetSkelQuery(UsdSkel.Skeleton(root.GetChild("skeleton")))
    world = np.array([query.ComputeJointSkelTransforms(Usd.TimeCode(t)) for t in range(FRAMES)]).swapaxes(-1, -2)
    character = fit_character(load_character("mannequin"), source.people[0].motion.skeleton)
    joints = [character.humanoid[bone] for bone in humanoid.JOINTS]
    matrices = world[:, joints]
    in_world = rotation.from_matrix(matrices[..., :3, :3])
    from_rest = rotation.multiply(in_world, rotation.conjugate(character.rest_rotations[joints]))
    return _Joints(matrices[..., :3, 3], from_rest)


def _read_json(path: Path, source: Performance) -> _Joints:
    content = json.loads(path.read_text())
    assert Fraction(*content["fps"]) == source.fps
    world = kinematics.world_rotations(content["parents"], np.array(content["rotations"]))
    return _Joints(np.array(content["joints_world"]), world)


def _read_trc(path: Path, _: Performance) -> _Joints:
    rows = list(csv.reader(path.read_text().splitlines(), delimiter="\t"))[6:]
    return _Joints(np.array(rows, float)[:, 2:].reshape(FRAMES, 22, 3), None)


def _read_c3d(path: Path, _: Performance) -> _Joints:
    points = np.transpose(ezc3d.c3d(str(path))["data"]["points"][:3], (2, 1, 0)) / 1000
    return _Joints(np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1), None)


_READERS: dict[str, Callable[[Path, Performance], _Joints]] = {
    **dict.fromkeys((".bvh", ".glb", ".fbx", ".vrma"), _read_motion_file),
    **dict.fromkeys((".usda", ".usdc", ".usdz"), _read_usd),
    ".vrm": _read_vrm,
    ".json": _read_json,
    ".trc": _read_trc,
    ".c3d": _read_c3d,
}
"""Suffix -> reader of the joints from the file and the performance that it was made from."""
ANGLES_ONLY = {".mot", ".csv", ".vmd"}
"""Formats without joint positions; test_motion_export.py checks their angles."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    motion = builders.smooth_motion(frames=FRAMES, seed=6, skeleton=ADULT)
    person = Person("person1", builders.track(FRAMES), motion)
    path = tmp_path_factory.mktemp("source") / "performance.npz"
    performance.save(path, Performance(motion.fps, FRAMES, builders.level_camera(FRAMES), (person,)))
    return path


@pytest.mark.parametrize("suffix", _READERS)
def test_motion_comes_back(suffix: str, source: Path, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    export_motions(load_motions(source), path)
    original = performance.load(source)
    actual, expected = _READERS[suffix](path, original), _of_motion(original.people[0].motion)
    distances = np.linalg.norm(actual.positions - expected.positions, axis=-1)
    assert distances.max() < TWO_MM
    if actual.rotations is not None and expected.rotations is not None:
        assert rotation.angle_between(actual.rotations, expected.rotations).max() < HALF_A_DEGREE


def test_every_format_is_read_back() -> None:
    assert set(SUFFIXES) == set(_READERS) | ANGLES_ONLY
