"""Comparison of loaded characters, and rigs below an armature."""

import numpy as np

from bodydouble.data import Character, FloatArray
from bodydouble.geometry.kinematics import bind_matrices
from tests.builders import assert_same
from tests.characters.glb_edit import Glb


def below_armature(matrix: FloatArray, counteract: FloatArray) -> Glb:
    """Returns the mannequin below a node with a matrix, which its hips counteract."""
    glb = Glb()
    hips = glb.node("hips")
    local = np.eye(4)
    local[:3, 3] = glb.json["nodes"][hips].pop("translation")
    glb.json["nodes"][hips]["matrix"] = (counteract @ local).T.reshape(-1).tolist()
    glb.json["nodes"].append({"name": "Armature", "children": [hips], "matrix": matrix.T.reshape(-1).tolist()})
    glb.json["scenes"][0]["nodes"] = [0, len(glb.json["nodes"]) - 1]
    return glb


def assert_same_character(actual: Character, expected: Character) -> None:
    """Asserts that joints, vertices and weights agree, up to the rounding of a file."""
    assert actual.humanoid.keys() == expected.humanoid.keys()
    actual_bind, expected_bind = bind_matrices(actual), bind_matrices(expected)
    for bone, joint in actual.humanoid.items():
        assert_same(actual_bind[joint][:3, 3], expected_bind[expected.humanoid[bone]][:3, 3], 2e-6)
    for one, other in zip(actual.meshes, expected.meshes, strict=True):
        assert_same(one.positions, other.positions, 2e-6)
        assert_same(one.normals, other.normals, 1e-5)
        assert_same(one.weights, other.weights, 5e-3)
        assert np.array_equal(one.triangles, other.triangles)
