"""Toon materials, gaze and first person of VRM 0.x in files of VRM 1.0: three-vrm sees the same in both files."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.t_pose import t_pose
from bodydouble.characters.vrm0_materials import migrate_materials
from bodydouble.formats import vrm
from tests.characters.glb_edit import Glb
from tests.formats.test_vrm_content import avatar, edit_vrm0, grey_png
from tests.formats.validator import NODE_FOLDER, serious_issues
from tests.shared_data import SHARED

GAMMA_TOLERANCE = 0.01
"""three-vrm converts colours of VRM 0.x by a power of 2.2, not by the curve of sRGB."""
FLOATS = {
    "_BlendMode": 1, "_Cutoff": 0.3, "_CullMode": 0, "_ShadeShift": -0.2, "_ShadeToony": 0.6, "_BumpScale": 0.7,
    "_IndirectLightIntensity": 0.25, "_RimLightingMix": 1, "_RimFresnelPower": 3, "_RimLift": 0.1,
    "_OutlineWidthMode": 1, "_OutlineWidth": 0.4, "_OutlineColorMode": 1, "_OutlineLightingMix": 0.6,
    "_UvAnimScrollX": 0.5, "_UvAnimScrollY": 0.25, "_UvAnimRotation": 0.0,
}  # fmt: skip
VECTORS = {
    "_Color": [0.9, 0.5, 0.2, 0.8], "_ShadeColor": [0.4, 0.3, 0.2, 1], "_RimColor": [0.1, 0.2, 0.3, 1],
    "_OutlineColor": [0.3, 0.1, 0.0, 1], "_EmissionColor": [0.0, 0.0, 0.0, 1], "_MainTex": [0.1, 0.2, 0.5, 0.25],
}  # fmt: skip
TEXTURES = (
    "_MainTex", "_ShadeTexture", "_BumpMap", "_EmissionMap", "_SphereAdd", "_RimTexture", "_OutlineWidthTexture",
    "_UvAnimMaskTexture",
)  # fmt: skip
FIRST_PERSON = {
    "firstPersonBoneOffset": {"x": 0.01, "y": 0.07, "z": 0.03},
    "lookAtTypeName": "BlendShape",
    "lookAtHorizontalInner": {"xRange": 80, "yRange": 0.9, "curve": [0, 0, 0, 1, 1, 1, 1, 0]},
    "lookAtHorizontalOuter": {"xRange": 70, "yRange": 0.8},
    "lookAtVerticalDown": {"xRange": 60, "yRange": 0.7},
    "lookAtVerticalUp": {"xRange": 50, "yRange": 0.6},
    "meshAnnotations": [{"mesh": 0, "firstPersonFlag": "ThirdPersonOnly"}],
}
MATERIAL_VALUES = [
    {"materialName": "material", "propertyName": "_ShadeColor", "targetValue": [1, 0, 0, 1]},
    {"materialName": "material", "propertyName": "_MainTex_ST", "targetValue": [1, 1, 0.5, 0]},
    {"materialName": "nobody", "propertyName": "_Color", "targetValue": [1, 0, 0, 1]},
]


def edit_toon(glb: Glb) -> None:
    """Adds a toon material with all maps, a gaze by expressions and an expression of material values."""
    edit_vrm0(glb)
    glb.json["materials"][0]["name"] = "material"
    texture = glb.add_texture(grey_png())
    glb.add_uvs()
    content = glb.json["extensions"]["VRM"]
    content["materialProperties"] = [
        {
            "name": "material",
            "shader": "VRM/MToon",
            "renderQueue": 2450,
            "keywordMap": {"_ALPHATEST_ON": True},
            "floatProperties": FLOATS,
            "vectorProperties": VECTORS,
            "textureProperties": dict.fromkeys(TEXTURES, texture),
        }
    ]
    content["firstPerson"] = FIRST_PERSON
    content["blendShapeMaster"]["blendShapeGroups"][0]["materialValues"] = MATERIAL_VALUES


def read_with_three(path: Path) -> dict[str, Any]:
    """Returns toon materials, gaze, first person and expressions as three-vrm reads them."""
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "@pixiv" / "three-vrm").is_dir():
        pytest.fail("three-vrm is not installed: install Node.js, then run `make test`", pytrace=False)
    command = [node, "vrm_content.mjs", str(path.resolve())]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, check=True, timeout=120)
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def migrate_file(source: Path) -> Path:
    """Writes a VRM file as VRM 1.0; it has neither errors nor warnings."""
    character = load_character(str(source))
    assert not [note for note in character.notes if "left out" in note]
    path = source.with_name("out.vrm")
    vrm.write(path, character, t_pose(character))
    assert serious_issues(path) == []
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A file of VRM 0.x and the same of VRM 1.0."""
    source = avatar(tmp_path_factory.mktemp("vrm0"), edit_toon)
    return source, migrate_file(source)


@pytest.fixture(scope="module")
def contents(files: tuple[Path, Path]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What three-vrm makes of both files."""
    old, new = map(read_with_three, files)
    return old, new


def test_three_sees_the_same_toon_material(contents: tuple[dict[str, Any], dict[str, Any]]) -> None:
    old, new = contents
    assert new["warnings"] == []
    expected, actual = old["materials"]["material"], new["materials"]["material"]
    assert actual["numbers"] == pytest.approx(expected["numbers"])
    assert all(actual["maps"].values()) and actual["maps"] == expected["maps"]
    np.testing.assert_allclose(actual["mapPlacement"], expected["mapPlacement"], atol=1e-6)
    np.testing.assert_allclose(np.abs(actual["normalScale"]), np.abs(expected["normalScale"]), atol=1e-6)
    for name, color in expected["colors"].items():
        np.testing.assert_allclose(actual["colors"][name], color, atol=GAMMA_TOLERANCE, err_msg=name)


def test_three_sees_the_same_gaze_and_first_person(contents: tuple[dict[str, Any], dict[str, Any]]) -> None:
    old, new = contents
    assert new["lookAt"]["type"] == old["lookAt"]["type"] == "expression"
    assert new["lookAt"]["ranges"] == old["lookAt"]["ranges"] == [[80, 0.9], [70, 0.8], [60, 0.7], [50, 0.6]]
    np.testing.assert_allclose(new["lookAt"]["offset"], old["lookAt"]["offset"], atol=1e-6)
    assert new["firstPerson"] == old["firstPerson"] == ["thirdPersonOnly"]


def test_material_values_of_expressions_become_binds(files: tuple[Path, Path]) -> None:
    happy = Glb(files[1]).json["extensions"]["VRMC_vrm"]["expressions"]["preset"]["happy"]
    assert happy["materialColorBinds"] == [{"material": 0, "type": "shadeColor", "targetValue": [1, 0, 0, 1]}]
    assert happy["textureTransformBinds"] == [{"material": 0, "scale": [1, 1], "offset": [0.5, 0]}]


@pytest.mark.parametrize(
    ("mode", "expected"), [(0, ("OPAQUE", False)), (1, ("MASK", False)), (2, ("BLEND", False)), (3, ("BLEND", True))]
)
def test_blend_modes(mode: int, expected: tuple[str, bool]) -> None:
    (material,) = _migrate({"shader": "VRM/MToon", "floatProperties": {"_BlendMode": mode}})
    assert (material["alphaMode"], _toon(material)["transparentWithZWrite"]) == expected


def _toon(material: dict[str, Any]) -> dict[str, Any]:
    toon: dict[str, Any] = material["extensions"]["VRMC_materials_mtoon"]
    return toon


def _migrate(*properties: dict[str, Any]) -> list[dict[str, Any]]:
    materials = [{"name": f"m{k}"} for k in range(len(properties))]
    return migrate_materials(
        {"materials": materials, "textures": [{}], "extensions": {"VRM": {"materialProperties": list(properties)}}}
    )


@pytest.mark.parametrize(("shift", "toony"), [(0.0, 0.9), (-0.5, 0.0), (0.3, 1.0), (1.0, 0.5), (-1.0, 0.2)])
def test_the_shade_begins_and_ends_at_the_same_angles(shift: float, toony: float) -> None:
    (material,) = _migrate({"shader": "VRM/MToon", "floatProperties": {"_ShadeShift": shift, "_ShadeToony": toony}})
    factor, margin = _toon(material)["shadingShiftFactor"], 1 - _toon(material)["shadingToonyFactor"]
    # MToon 1.0 is linear from -margin to margin of the cosine plus the shift; MToon 0.x from the shift upwards.
    assert (-margin - factor, margin - factor) == pytest.approx((shift, 1 + (shift - 1) * toony))


def test_outlines_and_animations_have_the_units_of_vrm_1() -> None:
    values = {"_OutlineWidth": 2.0, "_OutlineWidthMode": 1, "_UvAnimRotation": 0.5, "_UvAnimScrollY": 0.1}
    world, screen = (
        _toon(material)
        for material in _migrate(
            {"shader": "VRM/MToon", "floatProperties": values},
            {"shader": "VRM/MToon", "floatProperties": values | {"_OutlineWidthMode": 2}},
        )
    )
    # 2 cm, and 2 % of half the height of the screen.
    assert (world["outlineWidthMode"], world["outlineWidthFactor"]) == ("worldCoordinates", pytest.approx(0.02))
    assert (screen["outlineWidthMode"], screen["outlineWidthFactor"]) == ("screenCoordinates", pytest.approx(0.01))
    assert world["uvAnimationRotationSpeedFactor"] == pytest.approx(np.pi)
    assert world["uvAnimationScrollYSpeedFactor"] == pytest.approx(-0.1)


def test_transparent_materials_keep_their_order() -> None:
    def entry(queue: int, mode: int) -> dict[str, Any]:
        return {"shader": "VRM/MToon", "renderQueue": queue, "floatProperties": {"_BlendMode": mode}}

    blended = [_toon(m)["renderQueueOffsetNumber"] for m in _migrate(*(entry(q, 2) for q in (3010, 3000, 3005, 3010)))]
    assert blended == [0, -2, -1, 0]
    deep = [_toon(m)["renderQueueOffsetNumber"] for m in _migrate(entry(2503, 3), entry(2501, 3), entry(2000, 0))]
    assert deep == [1, 0, 0]
    many = [_toon(m)["renderQueueOffsetNumber"] for m in _migrate(*(entry(3000 + k, 2) for k in range(14)))]
    assert min(many) == -9 and max(many) == 0 and many == sorted(many)


@pytest.mark.parametrize(
    "damage",
    [
        {"floatProperties": {"_ShadeShift": "much", "_BlendMode": float("nan")}},
        {"floatProperties": [], "vectorProperties": {"_Color": [1, "red"]}, "textureProperties": {"_MainTex": 99}},
        {"textureProperties": {"_MainTex": -1, "_BumpMap": "x"}, "renderQueue": None},
    ],
)
def test_damaged_properties_count_as_not_given(damage: dict[str, Any]) -> None:
    assert _migrate({"shader": "VRM/MToon"} | damage) == _migrate({"shader": "VRM/MToon"})


def test_materials_without_light_stay_so() -> None:
    clear, cut = _migrate(
        {"shader": "VRM/UnlitTransparent", "vectorProperties": {"_Color": [1, 1, 1, 0.5]}},
        {"shader": "VRM/UnlitCutout", "floatProperties": {"_Cutoff": 0.2}},
    )
    assert (clear["alphaMode"], clear["pbrMetallicRoughness"]["baseColorFactor"][3]) == ("BLEND", 0.5)
    assert (cut["alphaMode"], cut["alphaCutoff"]) == ("MASK", 0.2)
    assert "KHR_materials_unlit" in clear["extensions"].keys() & cut["extensions"].keys()


def test_a_real_file_keeps_gaze_and_materials(tmp_path: Path) -> None:
    source = SHARED / "data" / "characters" / "cryptovoxels.vrm"
    if not source.is_file():
        pytest.skip(f"{source} is absent")
    shutil.copy(source, tmp_path / "in.vrm")
    old, new = read_with_three(tmp_path / "in.vrm"), read_with_three(migrate_file(tmp_path / "in.vrm"))
    assert new["lookAt"] == old["lookAt"] and new["lookAt"]["type"] == "bone"
    assert new["materials"] == old["materials"] == {}
    assert new["expressions"].keys() == old["expressions"].keys()
