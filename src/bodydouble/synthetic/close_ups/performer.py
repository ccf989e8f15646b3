"""Performers: `Body` and its looks -> `Character` whose fingers move as a person's do."""

from dataclasses import replace

import numpy as np

from bodydouble.data import Character, FloatArray, Mesh, Skeleton
from bodydouble.geometry import rotation
from bodydouble.synthetic import clothing
from bodydouble.synthetic.bodies import JOINTS, Body, parent_joint
from bodydouble.synthetic.close_ups.hand_rig import HandRig


def build_performer(body: Body, clothed: clothing.ClothedBody, rig: HandRig) -> Character:
    """Builds the character of a body that is seen from near."""
    skin = clothing.build_mesh(body.positions, clothed.skin_faces, clothed.skin_colors)
    meshes = (_reweight(skin, rig.weights[np.unique(clothed.skin_faces)]), clothing.eye_mesh(body), *clothed.garments)
    identity = np.tile(rotation.IDENTITY, (len(JOINTS), 1))
    return Character("person", build_skeleton(rig), identity, {name: j for j, name in enumerate(JOINTS)}, meshes)


def build_skeleton(rig: HandRig) -> Skeleton:
    """Builds the skeleton of the 52 joints of a rig."""
    parents = tuple(-1 if (parent := parent_joint(name)) is None else JOINTS.index(parent) for name in JOINTS)
    offsets = rig.joints - np.where(np.array(parents)[:, None] >= 0, rig.joints[np.array(parents)], 0.0)
    return Skeleton(JOINTS, parents, offsets)


def _reweight(mesh: Mesh, weights: FloatArray) -> Mesh:
    """Returns a mesh with skinning weights (V, 52), the four largest of each vertex."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    largest = np.take_along_axis(weights, order, axis=1)
    return replace(mesh, joints=order, weights=largest / largest.sum(axis=1, keepdims=True))
