"""Morph targets in the renderer: morphing, then skinning."""

from dataclasses import replace

import numpy as np

from bodydouble.characters.face_weights import animate_face
from bodydouble.characters.load import load_character
from bodydouble.data import Character, FloatArray, Mesh, MorphTarget
from bodydouble.geometry import kinematics, rotation
from bodydouble.render.context import open_context
from bodydouble.render.model import SkinnedModel, compile_programs
from bodydouble.render.morph_mixer import MorphMixer
from tests import builders
from tests.builders import assert_same

SINGLE = 1e-5


def with_targets(at_rest: float) -> Mesh:
    """A mesh with three morph targets, of which the second has no normals and the third moves few vertices."""
    (mesh,) = builders.character().meshes
    rng = np.random.default_rng(4)
    few = np.zeros_like(mesh.positions)
    few[:5] = rng.normal(scale=0.01, size=(5, 3))
    targets = (
        MorphTarget("a", rng.normal(scale=0.01, size=mesh.positions.shape), rng.normal(size=mesh.normals.shape)),
        MorphTarget("b", rng.normal(scale=0.01, size=mesh.positions.shape), weight=at_rest),
        MorphTarget("c", few),
    )
    return replace(mesh, morph_targets=targets)


def expected_vertices(mesh: Mesh, weights: FloatArray) -> FloatArray:
    """Positions and normals (V, 6) by the definition of morph targets."""
    positions, normals = mesh.positions.copy(), mesh.normals.copy()
    for target, weight in zip(mesh.morph_targets, weights, strict=True):
        positions += weight * target.position_offsets
        normals += 0.0 if target.normal_offsets is None else weight * target.normal_offsets
    return np.hstack([positions, normals])


def test_weights_mix_linearly() -> None:
    mesh = with_targets(at_rest=0.3)
    mixer = MorphMixer(mesh)
    assert_same(mixer.vertices, expected_vertices(mesh, np.array([0.0, 0.3, 0.0])), SINGLE)
    for weights in ([0.2, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.7, 0.1]):
        assert mixer.mix(np.array(weights))
        assert_same(mixer.vertices, expected_vertices(mesh, np.array(weights)), SINGLE)
        assert not mixer.mix(np.array(weights))
    mixer.mix(None)
    assert_same(mixer.vertices, expected_vertices(mesh, np.array([0.0, 0.3, 0.0])), SINGLE)


def test_a_mesh_without_targets_stays() -> None:
    (mesh,) = builders.character().meshes
    mixer = MorphMixer(mesh)
    assert not mixer.mix(None)
    assert_same(mixer.vertices, np.hstack([mesh.positions, mesh.normals]), SINGLE)


def skin(character: Character, mesh: Mesh, positions: FloatArray, matrices: FloatArray) -> FloatArray:
    """Linear blend skinning of positions (V, 3) by its definition."""
    skinning = matrices @ kinematics.inverse_bind_matrices(character)
    blended = np.einsum("vk,vkij->vij", mesh.weights, skinning[mesh.joints])
    return np.asarray(np.einsum("vij,vj->vi", blended[:, :3, :3], positions) + blended[:, :3, 3])


def test_a_face_on_the_mannequin_is_morphed_and_then_skinned() -> None:
    character = load_character("mannequin")
    (mesh,) = character.meshes
    (weights,) = animate_face(builders.face(3, seed=8), character).weights
    assert weights is not None
    local = np.tile(rotation.IDENTITY, (len(character.skeleton.parents), 1))
    local[character.humanoid["head"]] = rotation.from_rotvec(np.array([0.3, -0.5, 0.2]))
    matrices = kinematics.joint_matrices(character.skeleton, local, character.skeleton.rest_offsets[0])
    with open_context() as context:
        context.simple_framebuffer((1, 1)).use()  # OpenGL runs no vertex shader without one
        model = SkinnedModel(context, compile_programs(context), character, np.ones(3))
        bounds = model.pose(matrices, (weights[2],))
        posed = model.read_posed_vertices()[:, :3].copy()
        model.pose(matrices)
        at_rest = model.read_posed_vertices()[:, :3].copy()
    context.release()
    assert_same(posed, skin(character, mesh, expected_vertices(mesh, weights[2])[:, :3], matrices), SINGLE)
    assert_same(at_rest, skin(character, mesh, mesh.positions, matrices), SINGLE)
    assert np.abs(posed - at_rest).max() > 0.01
    assert (posed >= bounds.min(axis=0) - 0.01).all()
    assert (posed <= bounds.max(axis=0) + 0.01).all()
