"""Files of motions for other programs, each read back by an independent reader."""

import csv
import json
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import c3d as c3d_reader
import ezc3d
import numpy as np
import pandas
import pytest
from pxr import Sdf, Usd, UsdGeom, UsdSkel, UsdValidation, Vt

from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import pose_matrices
from bodydouble.data import FloatArray, Motion
from bodydouble.errors import BodydoubleError, FormatError, InvalidDataError, MissingExtraError
from bodydouble.formats import bvh, c3d, motion_json, motion_table, trc, usd, usd_text, vmd
from bodydouble.formats.performance import save
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.body.joint_angles import compute_joint_angles
from bodydouble.motion.hands.merge import merge_hands
from bodydouble.pipeline.animated_characters import add_face, retarget_to_character
from bodydouble.pipeline.exporting import SUFFIXES, export_motions, retarget_motions
from bodydouble.pipeline.motion_files import NamedMotion, load_motions, select_motions
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.arkit import INDEX
from bodydouble.skeletons.rigs import mmd_standard
from bodydouble.skeletons.rigs.export_names import BONE_NAMES
from tests import builders
from tests.builders import assert_same
from tests.formats import three_bvh
from tests.formats.validator import NODE_FOLDER

MILLIMETRE = 1e-3
MORPHS = ("まばたき", "ウィンク２", "ｳｨﾝｸ２右", "怒り", "あ")


@pytest.fixture(scope="module")
def motion() -> Motion:
    return builders.smooth_motion(frames=12, seed=4)


def test_trc_has_all_positions(motion: Motion, tmp_path: Path) -> None:
    path = tmp_path / "dance.trc"
    positions = kinematics.joint_positions(motion)
    positions[3, 5] = np.nan
    trc.write(path, motion.skeleton.joint_names, positions, motion.fps)
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert rows[0] == ["PathFileType", "4", "(X/Y/Z)", "dance.trc"]
    facts = dict(zip(rows[1], rows[2], strict=True))
    assert (facts["DataRate"], facts["NumFrames"], facts["NumMarkers"], facts["Units"]) == ("30", "12", "22", "m")
    assert [name for name in rows[3][2:] if name] == list(motion.skeleton.joint_names)
    assert len(rows[4]) == 2 + 3 * len(motion.skeleton.joint_names)
    body = np.array([[float(cell or "nan") for cell in row] for row in rows[6:]])
    np.testing.assert_array_equal(body[:, 0], np.arange(1, 13))
    np.testing.assert_allclose(body[:, 1], np.arange(12) / 30, atol=1e-6)
    np.testing.assert_allclose(body[:, 2:].reshape(12, -1, 3), positions, atol=1e-6)


@pytest.mark.filterwarnings("ignore:No analog data")
def test_c3d_is_read_by_two_readers(motion: Motion, tmp_path: Path) -> None:
    path = tmp_path / "dance.c3d"
    positions = kinematics.joint_positions(motion)
    c3d.write(path, motion.skeleton.joint_names, positions, Fraction(30000, 1001))
    file = ezc3d.c3d(str(path))
    parameters = file["parameters"]["POINT"]
    assert parameters["LABELS"]["value"] == list(motion.skeleton.joint_names)
    assert parameters["RATE"]["value"][0] == pytest.approx(30000 / 1001, rel=1e-6)
    assert (parameters["X_SCREEN"]["value"], parameters["Y_SCREEN"]["value"]) == (["+X"], ["+Z"])
    points = np.moveaxis(file["data"]["points"][:3], 0, -1).transpose(1, 0, 2)
    with path.open("rb") as stream:
        others = np.array([frame[1][:, :3] for frame in c3d_reader.Reader(stream).read_frames()])
    for read in (points, others):
        # The file's axes are X, -Z and Y of the world, in mm.
        world = np.stack([read[..., 0], read[..., 2], -read[..., 1]], axis=-1) / 1000
        np.testing.assert_allclose(world, positions, atol=1e-6)


def test_mot_and_csv_have_all_angles(motion: Motion, tmp_path: Path) -> None:
    angles = compute_joint_angles(motion)
    motion_table.write_mot(tmp_path / "a.mot", angles.names, angles.values, motion.fps)
    motion_table.write_csv(tmp_path / "a.csv", angles.names, angles.values, motion.fps)
    header, table = (tmp_path / "a.mot").read_text().split("endheader\n")
    assert {"nRows=12", f"nColumns={len(angles.names) + 1}", "inDegrees=yes"} <= set(header.splitlines())
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    names, *lines = (line.split("\t") for line in table.splitlines())
    assert names == ["time", *angles.names] == list(rows[0])
    expected = np.column_stack([np.arange(12) / 30, angles.values])
    np.testing.assert_allclose(np.array(lines, dtype=float), expected, atol=1e-6)
    np.testing.assert_allclose([[float(row[name]) for name in names] for row in rows], expected, atol=1e-6)


def test_pandas_reads_mot_and_csv(motion: Motion, tmp_path: Path) -> None:
    angles = compute_joint_angles(motion)
    motion_table.write_mot(tmp_path / "a.mot", angles.names, angles.values, motion.fps)
    motion_table.write_csv(tmp_path / "a.csv", angles.names, angles.values, motion.fps)
    header_lines = (tmp_path / "a.mot").read_text().splitlines().index("endheader") + 1
    for frame in (
        pandas.read_csv(tmp_path / "a.csv"),
        pandas.read_csv(tmp_path / "a.mot", sep="\t", skiprows=header_lines),
    ):
        assert list(frame.columns) == ["time", *angles.names]
        assert {str(kind) for kind in frame.dtypes} == {"float64"}
        np.testing.assert_allclose(frame["time"], np.arange(12) / 30, atol=1e-6)
        np.testing.assert_allclose(frame.to_numpy()[:, 1:], angles.values, atol=1e-6)


def test_json_has_the_motion(motion: Motion, tmp_path: Path) -> None:
    motion_json.write(tmp_path / "a.json", motion)
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["joint_names"] == list(motion.skeleton.joint_names)
    assert Fraction(*content["fps"]) == motion.fps
    np.testing.assert_allclose(content["rotations"], motion.rotations, atol=1e-6)
    np.testing.assert_allclose(content["joints_world"], kinematics.joint_positions(motion), atol=1e-6)


def read_vmd(path: Path) -> dict[str, Any]:
    """Reads a VMD file with mmd-parser."""
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "mmd-parser").is_dir():
        pytest.fail("mmd-parser is not installed: install Node.js, then run `make test`", pytrace=False)
    command = [node, "vmd.mjs", str(path)]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, check=True, timeout=60)
    content: dict[str, Any] = json.loads(done.stdout)
    return content


@pytest.mark.parametrize("with_fingers", [False, True])
def test_vmd_moves_the_standard_model_as_the_person(motion: Motion, tmp_path: Path, with_fingers: bool) -> None:
    motion = merge_hands(motion, builders.hands(12)) if with_fingers else motion
    vmd.write(tmp_path / "a.vmd", motion)
    content = read_vmd(tmp_path / "a.vmd")
    assert content["metadata"]["motionCount"] == (1 + len(mmd_standard.BONES) + 28 * with_fingers) * 12
    keys = {(key["boneName"], key["frameNum"]): key for key in content["keys"]}
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    for frame in (0, 11):
        position = np.array(keys[mmd_standard.CENTER, frame]["position"]) / mmd_standard.UNITS_PER_M * [1, 1, -1]
        moved = motion.root_position[frame] - motion.skeleton.rest_offsets[0]
        np.testing.assert_allclose(position, moved, atol=1e-6)
        in_world: dict[str | None, FloatArray] = {None: rotation.IDENTITY}
        for bone, joint, parent in vmd.driven_bones(motion):
            local = np.array(keys[bone, frame]["rotation"]) * [-1.0, -1.0, 1.0, 1.0]
            in_world[bone] = rotation.multiply(in_world[parent], local)
            rest = vmd.t_pose_from_rest(bone)
            expected = rotation.multiply(world[frame, motion.skeleton.index(joint)], rest)
            assert rotation.angle_between(in_world[bone], expected) < 1e-3


def test_vmd_has_the_gaze(motion: Motion, tmp_path: Path) -> None:
    face = builders.face(12)
    gaze = np.zeros((12, 2))
    gaze[3], gaze[5] = [0.3, 0.0], [0.0, 0.3]
    export_motions([NamedMotion("x", motion, face=replace(face, gaze=gaze))], tmp_path / "gaze.vmd")
    keys = {(key["boneName"], key["frameNum"]): key for key in read_vmd(tmp_path / "gaze.vmd")["keys"]}
    for frame, direction in ((0, [0, 0, -1]), (3, [np.sin(0.1), 0, -np.cos(0.1)]), (5, [0, np.sin(0.1), -np.cos(0.1)])):
        # A model of MikuMikuDance faces -Z, its left is +X; quaternions turn vectors alike in left-handed axes.
        turned = rotation.rotate(np.array(keys[mmd_standard.EYES, frame]["rotation"]), np.array([0.0, 0.0, -1.0]))
        np.testing.assert_allclose(turned, direction, atol=1e-6)


def test_vmd_has_the_morphs_of_the_face(motion: Motion, tmp_path: Path) -> None:
    face = builders.face(len(motion.rotations), seed=4)
    export_motions([NamedMotion("x", motion, face=face)], tmp_path / "face.vmd")
    rows = read_vmd(tmp_path / "face.vmd")["morphs"]
    found = {name: [row["weight"] for row in rows if row["morphName"] == name] for name in MORPHS}
    assert_same(np.add(found["まばたき"], found["ウィンク２"]), face.weights[:, INDEX["eyeBlinkLeft"]], 1e-6)
    assert_same(np.add(found["まばたき"], found["ｳｨﾝｸ２右"]), face.weights[:, INDEX["eyeBlinkRight"]], 1e-6)
    assert np.min([found["ウィンク２"], found["ｳｨﾝｸ２右"]], axis=0).max() == 0
    brows = face.weights[:, [INDEX["browDownLeft"], INDEX["browDownRight"]]].mean(axis=1)
    assert_same(found["怒り"], brows, 1e-6)
    assert len(found["あ"]) == len(motion.rotations)
    assert [row["frameNum"] for row in rows[: len(motion.rotations)]] == list(range(len(motion.rotations)))


def test_vmd_of_another_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="30 frames/s, not 25"):
        vmd.write(tmp_path / "a.vmd", builders.smooth_motion(frames=3, fps=Fraction(25)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".usda", ".usdc", ".usdz"])
def test_usd_is_valid_and_moves_as_the_character(motion: Motion, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"two people{suffix}"
    other = builders.smooth_motion(frames=8, seed=9)
    export_motions([NamedMotion("person1", motion), NamedMotion("person 2", other, first_frame=4)], path)
    stage = Usd.Stage.Open(str(path))
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert not [e.GetErrorAsString() for e in UsdValidation.ValidationContext(validators).Validate(stage)]
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode(), stage.GetTimeCodesPerSecond()) == (0, 11, 30)
    for name, source, first in (("person1", motion, 0), ("person_2", other, 4)):
        animated = retarget_to_character(source, load_character("mannequin"))
        for frame in (0, 7):
            matrices = pose_matrices(animated.character, animated.rotations, animated.hips_translation)[frame]
            np.testing.assert_allclose(_usd_joints(stage, name, first + frame), matrices[:, :3, 3], atol=MILLIMETRE)


def _usd_joints(stage: Any, name: str, time: int) -> builders.Floats:
    """Returns the positions (J, 3) of the joints at a time code, by UsdSkel."""
    root = stage.GetPrimAtPath(f"/scene/{name}")
    cache = UsdSkel.Cache()
    cache.Populate(UsdSkel.Root(root), Usd.PrimDefaultPredicate)
    query = cache.GetSkelQuery(UsdSkel.Skeleton(root.GetChild("skeleton")))
    return np.array([tuple(m.ExtractTranslation()) for m in query.ComputeJointSkelTransforms(Usd.TimeCode(time))])


def test_usd_has_the_face(motion: Motion, tmp_path: Path) -> None:
    path, face, first = tmp_path / "face.usda", builders.face(12), 3
    export_motions([NamedMotion("ann", motion, first, face=face)], path)
    stage = Usd.Stage.Open(str(path))
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert not [e.GetErrorAsString() for e in UsdValidation.ValidationContext(validators).Validate(stage)]
    animated = add_face(retarget_to_character(motion, load_character("mannequin")), face)
    assert animated.face_weights is not None and animated.face_weights[0] is not None
    (mesh,) = animated.character.meshes
    offsets = np.stack([target.position_offsets for target in mesh.morph_targets])
    for frame in (0, 7):
        expected = mesh.positions + np.einsum("k,kvi->vi", animated.face_weights[0][frame], offsets)
        np.testing.assert_allclose(_usd_shaped_points(stage, "ann", first + frame), expected, atol=1e-5)


def _usd_shaped_points(stage: Any, name: str, time: int) -> builders.Floats:
    """Returns the points (V, 3) of a character's mesh with its blend shapes, before skinning, by UsdSkel."""
    root = stage.GetPrimAtPath(f"/scene/{name}")
    cache = UsdSkel.Cache()
    cache.Populate(UsdSkel.Root(root), Usd.PrimDefaultPredicate)
    mesh = root.GetChild("mesh0")
    query = cache.GetSkinningQuery(mesh)
    weights = cache.GetSkelQuery(UsdSkel.Skeleton(root.GetChild("skeleton"))).GetAnimQuery()
    values = query.GetBlendShapeMapper().Remap(weights.ComputeBlendShapeWeights(Usd.TimeCode(time)))
    shapes = UsdSkel.BlendShapeQuery(UsdSkel.BindingAPI(mesh))
    parts = shapes.ComputeSubShapeWeights(values)
    points = Vt.Vec3fArray(UsdGeom.Mesh(mesh).GetPointsAttr().Get())
    indices, offsets = shapes.ComputeBlendShapePointIndices(), shapes.ComputeSubShapePointOffsets()
    assert shapes.ComputeDeformedPoints(*parts, indices, offsets, points)
    return np.array(points)


def test_binary_usd_says_what_it_needs(motion: Motion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usd, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bodydouble\[usd\]'"):
        export_motions([NamedMotion("ann", motion)], tmp_path / "a.usdc")
    assert not list(tmp_path.iterdir())


def test_binary_usd_has_the_content_of_the_text(motion: Motion, tmp_path: Path) -> None:
    texts = []
    for suffix in (".usda", ".usdc"):
        export_motions([NamedMotion("ann", motion)], tmp_path / f"a{suffix}", character="mannequin")
        texts.append(Sdf.Layer.FindOrOpen(str(tmp_path / f"a{suffix}")).ExportToString())
    assert (tmp_path / "a.usdc").read_bytes().startswith(b"PXR-USDC")
    assert texts[0] == texts[1]


def test_usdz_entries_are_stored_and_aligned(motion: Motion, tmp_path: Path) -> None:
    path = tmp_path / "a.usdz"
    export_motions([NamedMotion("person1", motion)], path)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name_length, extra_length = np.frombuffer(data, "<u2", 2, entry.header_offset + 26)
            start = entry.header_offset + 30 + int(name_length) + int(extra_length)
            assert (entry.compress_type, start % 64) == (zipfile.ZIP_STORED, 0)


def test_usd_names_are_valid_and_different() -> None:
    assert usd_text.unique_identifiers(["1a", "a b", "a.b", ""]) == ["_1a", "a_b", "a_b_2", "_"]
    paths = usd.joint_paths(builders.character())
    assert len(set(paths)) == len(paths)


@pytest.fixture(scope="module")
def performance_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "performance.npz"
    save(path, builders.performance())
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_is_written(performance_file: Path, suffix: str, tmp_path: Path) -> None:
    motions = load_motions(performance_file)
    files = export_motions(motions, tmp_path / f"out{suffix}")
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert {file.suffix for file in files} == ({suffix, ".vrma"} if suffix == ".vrm" else {suffix})
    assert all(file.stat().st_size > 0 for file in files)


def test_several_people_get_a_file_each(motion: Motion, tmp_path: Path) -> None:
    files = export_motions([NamedMotion("ann", motion), NamedMotion("bob", motion)], tmp_path / "new" / "out.bvh")
    assert [file.name for file in files] == ["out_ann.bvh", "out_bob.bvh"]
    np.testing.assert_array_equal(bvh.read(files[0]).rotations, bvh.read(files[1]).rotations)


@pytest.mark.parametrize("naming", BONE_NAMES)
def test_bvh_takes_the_names_of_other_programs(naming: str, motion: Motion, tmp_path: Path) -> None:
    (file,) = export_motions([NamedMotion("ann", motion)], tmp_path / "out.bvh", bone_names=naming)
    back = bvh.read(file)
    names = BONE_NAMES[naming]
    # A file has its joints depth first.
    assert sorted(back.skeleton.joint_names) == sorted(names.get(name, name) for name in motion.skeleton.joint_names)
    order = [back.skeleton.joint_names.index(names.get(name, name)) for name in motion.skeleton.joint_names]
    positions = kinematics.joint_positions(back)[:, order]
    np.testing.assert_allclose(positions, kinematics.joint_positions(motion), atol=1e-5)
    (named,) = load_motions(file)
    assert named.motion.skeleton.joint_names == motion.skeleton.joint_names


def test_bvh_has_fingers_on_request_only(motion: Motion, tmp_path: Path) -> None:
    merged = merge_hands(motion, builders.hands(len(motion.rotations)))
    (plain,) = export_motions([NamedMotion("ann", merged)], tmp_path / "plain.bvh")
    (full,) = export_motions([NamedMotion("ann", merged)], tmp_path / "full.bvh", fingers=True)
    assert sorted(bvh.read(plain).skeleton.joint_names) == sorted(humanoid.JOINTS)
    back = bvh.read(full)
    order = [back.skeleton.joint_names.index(name) for name in merged.skeleton.joint_names]
    positions = kinematics.joint_positions(back)[:, order]
    np.testing.assert_allclose(positions, kinematics.joint_positions(merged), atol=1e-5)
    with pytest.raises(InvalidDataError, match="fingers can be chosen"):
        export_motions([NamedMotion("ann", merged)], tmp_path / "a.trc", fingers=True)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_accepts_fingers(motion: Motion, suffix: str, tmp_path: Path) -> None:
    merged = merge_hands(motion, builders.hands(len(motion.rotations)))
    files = export_motions([NamedMotion("ann", merged)], tmp_path / f"out{suffix}")
    assert all(file.stat().st_size > 0 for file in files)


@pytest.mark.parametrize("naming", BONE_NAMES)
def test_three_plays_bvh_as_the_motion(naming: str, motion: Motion, tmp_path: Path) -> None:
    (file,) = export_motions([NamedMotion("ann", motion)], tmp_path / "out.bvh", bone_names=naming)
    frames = range(0, 12, 3)
    poses = three_bvh.read_with_three(file, [frame / 30 for frame in frames])
    assert poses.duration == pytest.approx(11 / 30, abs=1e-6)
    names = [BONE_NAMES[naming].get(name, name) for name in motion.skeleton.joint_names]
    order = [poses.names.index(name) for name in names]
    expected = kinematics.joint_positions(motion)[frames]
    np.testing.assert_allclose(poses.positions_cm[:, order] / 100, expected, atol=0.1 * MILLIMETRE)


@pytest.mark.parametrize("naming", BONE_NAMES)
def test_an_exported_bvh_is_exported_again_with_the_same_bytes(naming: str, motion: Motion, tmp_path: Path) -> None:
    (first,) = export_motions([NamedMotion("ann", motion)], tmp_path / "first.bvh", bone_names=naming)
    (second,) = export_motions(load_motions(first), tmp_path / "second.bvh", bone_names=naming)
    assert second.read_bytes() == first.read_bytes()


def test_bvh_is_a_source(motion: Motion, tmp_path: Path) -> None:
    bvh.write(tmp_path / "take.bvh", motion)
    (named,) = load_motions(tmp_path / "take.bvh")
    assert named.name == "take"
    back = kinematics.joint_positions(named.motion)
    source = kinematics.joint_positions(motion)
    # The joints are those of the rig; the world is that of the file.
    np.testing.assert_allclose(back - back[:, :1], source - source[:, :1], atol=2 * MILLIMETRE)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m, d: export_motions(m, d / "a.xyz"), InvalidDataError, r"a\.xyz: choose a name that ends in \.glb"),
        (lambda m, d: export_motions(m, d / "a.trc", bone_names="cmu"), InvalidDataError, r"not for a\.trc"),
        (lambda m, d: retarget_motions(m, "mannequin", d / "a.bvh"), InvalidDataError, r"ends in \.glb"),
        (lambda m, d: retarget_motions(m, "nobody", d / "a.glb"), BodydoubleError, "unknown character 'nobody'"),
        (lambda _, d: load_motions(d / "a.txt"), FormatError, r"a motion must be a \.npz"),
        (
            lambda m, _: select_motions(tuple(m), "person1,cat"),
            InvalidDataError,
            "no person 'cat'; the file has person1",
        ),
    ],
)
def test_bad_input_is_refused(call: Any, error: type[Exception], message: str, motion: Motion, tmp_path: Path) -> None:
    motions: Sequence[NamedMotion] = [NamedMotion("person1", motion)]
    with pytest.raises(error, match=message):
        call(motions, tmp_path)
    assert not list(tmp_path.iterdir())
