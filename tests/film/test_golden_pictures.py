"""Pictures of the toon renderer, compared with golden ones."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bodydouble.characters.load import load_character
from bodydouble.characters.t_pose import t_pose
from bodydouble.data import Character, FloatArray, Material, Mesh, MorphWeights, RgbImage, Texture
from bodydouble.film.toon_materials import MTOON
from bodydouble.film.toon_renderer import ToonRenderer
from bodydouble.formats import vrm
from bodydouble.geometry.camera import intrinsics_from_focal_length
from bodydouble.geometry.kinematics import bind_matrices
from tests.characters.cast.characters_of_presets import drawn
from tests.film.figures import create_mesh
from tests.film.pictures import check_picture, compose
from tests.render.figure import STRIDE, build_capsule, build_figure, pose_figure

SIZE = (360, 360)


def look_at(target: FloatArray, azimuth_deg: float, distance: float, elevation_deg: float = 4.0) -> FloatArray:
    """Returns camera_from_world (4, 4) of a camera around a target (3,) m; azimuth 0 is before a character at rest."""
    azimuth, elevation = np.radians([azimuth_deg, elevation_deg])
    back = np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])
    right = np.array([np.cos(azimuth), 0.0, -np.sin(azimuth)])
    camera = np.eye(4)
    camera[:3, :3] = right, -np.cross(back, right), -back
    camera[:3, 3] = -camera[:3, :3] @ (target + distance * back)
    return camera


def draw(
    character: Character, matrices: FloatArray, camera: FloatArray, focal: float, weights: MorphWeights | None = None
) -> RgbImage:
    with ToonRenderer(SIZE, [character]) as renderer:
        image = renderer.draw([matrices], intrinsics_from_focal_length(focal, SIZE), camera, [weights])
    return compose(image)


def weigh(character: Character, weights: dict[str, float]) -> MorphWeights:
    """Returns the weights of the morph targets of each mesh by their names."""
    return tuple(np.array([weights.get(t.name, 0.0) for t in mesh.morph_targets]) for mesh in character.meshes)


FACES: list[tuple[str, float, dict[str, float]]] = [
    ("woman", 0.0, {}),
    ("man", 40.0, {"jawOpen": 0.5, "mouthSmileLeft": 0.6, "mouthSmileRight": 0.6}),
    ("girl", -25.0, {"eyeArchLeft": 1.0, "eyeArchRight": 1.0}),
    ("old-woman", 75.0, {}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "azimuth_deg", "weights"), FACES, ids=[face[0] for face in FACES])
def test_faces(name: str, azimuth_deg: float, weights: dict[str, float], tmp_path: Path) -> None:
    character = drawn(name)
    matrices = bind_matrices(character)
    target = matrices[character.humanoid["head"], :3, 3] + [0.0, 0.09, 0.0]
    camera = look_at(target, azimuth_deg, 2.0)
    check_picture(draw(character, matrices, camera, 2000.0, weigh(character, weights)), f"face_{name}", tmp_path)


@pytest.mark.slow
def test_body_and_shadow(tmp_path: Path) -> None:
    character = drawn("woman")
    camera = look_at(np.array([0.0, 0.78, 0.0]), 30.0, 4.0, elevation_deg=8.0)
    check_picture(draw(character, bind_matrices(character), camera, 750.0), "body_woman", tmp_path)


def paint(pixels: FloatArray) -> bytes:
    """Returns a PNG file of pixels (H, W, 3), 0 to 255, each 16 px a side."""
    stream = BytesIO()
    Image.fromarray(np.kron(pixels, np.ones((16, 16, 1))).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


CHECKS = paint(np.array([[[250, 200, 90], [90, 160, 240]], [[90, 160, 240], [250, 200, 90]]]))
SHADE = paint(np.array([[[160, 60, 60], [60, 60, 140]], [[60, 60, 140], [160, 60, 60]]]))
HALVES = paint(np.array([[[255, 255, 255], [0, 0, 0]]]))
BODY_TOON = {
    "shadeColorFactor": [0.8, 0.8, 0.8],
    "shadingShiftFactor": 0.1,
    "shadingToonyFactor": 0.6,
    "outlineWidthMode": "worldCoordinates",
    "outlineWidthFactor": 0.012,
    "outlineColorFactor": [0.1, 0.0, 0.2],
    "outlineLightingMixFactor": 0.0,
}
BALL_TOON = {
    "shadeColorFactor": [0.05, 0.25, 0.1],
    "parametricRimColorFactor": [0.6, 0.5, 0.1],
    "parametricRimFresnelPowerFactor": 2.0,
    "rimLightingMixFactor": 0.0,
    "outlineWidthMode": "screenCoordinates",
    "outlineWidthFactor": 0.01,
    "outlineColorFactor": [0.0, 0.0, 0.0],
}


def ball(place: tuple[float, float, float], radius: float, material: Material, joint: int) -> Mesh:
    """Returns a ball that follows one joint, with texture coordinates around it."""
    skin, triangles = build_capsule(np.array(place), np.array(place), radius, 8)
    normals = skin[:, 3:]
    uvs = np.stack([np.arctan2(normals[:, 0], normals[:, 2]) / 2 / np.pi + 0.5, 0.5 - normals[:, 1] / 2], axis=1)
    mesh = create_mesh(skin[:, :3], normals, triangles, material=material, uvs=uvs)
    mesh.joints[:] = joint
    return mesh


def users_avatar() -> Character:
    """Returns a figure as a user's VRM has it: textures of light and shade, outlines in metres, rim, cut and glass."""
    figure = build_figure()
    body = figure.meshes[0]
    head, left, right = (figure.humanoid[name] for name in ("head", "leftHand", "rightHand"))
    cloth = Material("cloth", (1.0, 1.0, 1.0, 1.0), texture_png=CHECKS)
    uvs = np.stack([body.positions[:, 0] * 4, body.positions[:, 1] * 4], axis=1)
    meshes = [
        Mesh(body.positions, body.normals, body.triangles, body.joints, body.weights, cloth, uvs),
        ball((0.0, 1.68, 0.03), 0.16, Material("ball", (0.2, 0.8, 0.3, 1.0)), head),
        ball((0.80, 1.40, 0.0), 0.14, Material("glass", (0.1, 0.3, 0.9, 0.4), alpha_mode="blend"), left),
        ball((-0.80, 1.40, 0.0), 0.14, Material("lamp", (0.1, 0.0, 0.0, 1.0), emissive_color=(0.5, 0.1, 0.0)), right),
    ]
    toon: dict[str, tuple[dict[str, Any], dict[str, Texture]]] = {
        "cloth": (BODY_TOON, {"shadeMultiplyTexture": Texture(SHADE), "outlineWidthMultiplyTexture": Texture(HALVES)}),
        "ball": (BALL_TOON, {}),
        "lamp": ({"outlineWidthMode": "none"}, {}),
    }
    return Character(
        "avatar", figure.skeleton, figure.rest_rotations, figure.humanoid, tuple(meshes), vrm={MTOON: toon, "meta": {}}
    )


def test_values_of_a_users_vrm(tmp_path: Path) -> None:
    avatar = users_avatar()
    vrm.write(tmp_path / "avatar.vrm", avatar, t_pose(avatar))
    loaded = load_character(str(tmp_path / "avatar.vrm"))
    assert set(loaded.vrm[MTOON]) == {"cloth", "ball", "lamp"}
    matrices = pose_figure(loaded, STRIDE, np.array([0.0, 0.95, 0.0]))
    camera = look_at(np.array([0.0, 0.95, 0.0]), -20.0, 4.0)
    check_picture(draw(loaded, matrices, camera, 620.0), "users_vrm", tmp_path)


def test_characters_without_toon_values(tmp_path: Path) -> None:
    mannequin = load_character("mannequin")
    camera = look_at(np.array([0.0, 0.9, 0.0]), 30.0, 4.0)
    check_picture(draw(mannequin, bind_matrices(mannequin), camera, 620.0), "mannequin", tmp_path)
