"""Random clothes fit their bodies."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import cKDTree

from bodydouble.data import Character
from bodydouble.synthetic import bodies, clothing, textures


def _dressed_body(seed: int) -> tuple[bodies.Body, Character]:
    rng = np.random.default_rng(seed)
    body = bodies.sample_body(rng)
    return body, clothing.dress_body(body, rng)


@pytest.mark.parametrize("seed", range(8))
def test_clothes_lie_near_the_skin_and_above_the_floor(seed: int) -> None:
    body, character = _dressed_body(seed)
    skin = cKDTree(body.positions[np.unique(bodies.load_topology().faces["skin"])])
    for mesh in character.meshes:
        assert len(mesh.triangles)
        assert np.isfinite(mesh.positions).all()
        assert np.max(skin.query(mesh.positions)[0]) < 0.3
        assert mesh.positions[:, 1].min() > -1e-3
        np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-6)
        np.testing.assert_allclose(mesh.weights.sum(axis=1), 1.0)


@pytest.mark.parametrize("seed", range(8))
def test_cloth_covers_the_trunk_from_outside(seed: int) -> None:
    body, character = _dressed_body(seed)
    chest = body.joint_position("chest")
    garments = [mesh for mesh in character.meshes if mesh.uvs is not None and mesh.material.texture_png is not None]
    near = np.concatenate([mesh.positions[np.abs(mesh.positions[:, 1] - chest[1]) < 0.05] for mesh in garments])
    front = near[np.abs(near[:, 0]) < 0.06, 2].max()
    skin = body.positions[np.unique(bodies.load_topology().faces["skin"])]
    skin_front = skin[(np.abs(skin[:, 1] - chest[1]) < 0.05) & (np.abs(skin[:, 0]) < 0.06), 2].max()
    assert front > skin_front


def test_same_seed_gives_same_clothes() -> None:
    (_, first), (_, again), (_, different) = _dressed_body(3), _dressed_body(3), _dressed_body(4)
    for a, b in zip(first.meshes, again.meshes, strict=True):
        np.testing.assert_array_equal(a.positions, b.positions)
        assert a.material == b.material
    textures = [
        [mesh.material.texture_png for mesh in c.meshes if mesh.material.texture_png] for c in (first, different)
    ]
    assert textures[0] != textures[1]


def test_character_has_the_joints_of_the_body() -> None:
    body, character = _dressed_body(1)
    assert character.skeleton.joint_names == bodies.JOINTS
    assert character.humanoid == {name: j for j, name in enumerate(bodies.JOINTS)}
    np.testing.assert_allclose(character.skeleton.rest_offsets[0], body.joints[0])


@pytest.mark.parametrize("seed", range(10))
def test_cloth_texture_is_an_image(seed: int) -> None:
    image = Image.open(BytesIO(textures.encode_png(textures.sample_cloth(np.random.default_rng(seed)))))
    assert image.size == (textures.TEXTURE_SIZE, textures.TEXTURE_SIZE)
    color = textures.sample_color(np.random.default_rng(seed))
    assert np.all((color >= 0.0) & (color <= 1.0))
