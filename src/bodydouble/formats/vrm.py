"""VRM 1.0 files: ``Character`` -> glTF with the humanoid in the T-pose, for the programs that play avatars.

Source: https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm-1.0
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

from bodydouble.data import Character
from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.gltf import Document, NodePose
from bodydouble.formats.vrm_expressions import find_expressions
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.rigs import vrm as vrm_bones

LICENSE_URL = "https://vrm.dev/licenses/1.0/"
DEFAULT_META: dict[str, Any] = {
    "version": "1",
    "authors": ["unknown"],
    "licenseUrl": LICENSE_URL,
    "avatarPermission": "onlyAuthor",
    "allowExcessivelyViolentUsage": False,
    "allowExcessivelySexualUsage": False,
    "commercialUsage": "personalNonProfit",
    "allowPoliticalOrReligiousUsage": False,
    "allowAntisocialOrHateUsage": False,
    "creditNotation": "required",
    "allowRedistribution": False,
    "modification": "prohibited",
}
"""Metadata of a character that has none: nothing is permitted that its author did not permit."""
REQUIRED_BONES = (*vrm_bones.REQUIRED_BONES, "spine", "leftHand", "rightHand", "leftFoot", "rightFoot")


def write(path: Path, character: Character, t_pose: NodePose) -> None:
    """Writes a character as a VRM 1.0 file.

    Args:
        path: the .vrm file to write; it appears only when it is complete.
        character: a character that faces +Z.
        t_pose: the pose of its joints in which it stands in the T-pose.

    Raises:
        InvalidDataError: the character lacks bones that VRM requires.
        OutputError: the file cannot be written.
    """
    bones = select_bones(character)
    document = Document(character, t_pose)
    document.add_skeleton()
    document.add_skin_and_meshes()
    document.add_extensions({"VRMC_vrm": _describe(character, bones, document)})
    with atomic_write(path) as temporary:
        temporary.write_bytes(document.to_bytes())


def select_bones(character: Character) -> dict[str, int]:
    """Selects the humanoid bones that VRM 1.0 allows: no bone without the one that it requires above it.

    Returns:
        Humanoid bone -> joint.

    Raises:
        InvalidDataError: required bones are missing.
    """
    bones = dict(character.humanoid)
    if missing := [bone for bone in REQUIRED_BONES if bone not in bones]:
        raise InvalidDataError(f"{character.name} cannot become a VRM file: it has no {', '.join(missing)}")
    chains = [humanoid.FINGERS[k : k + 3] for k in range(0, len(humanoid.FINGERS), 3)]
    for chain in [("chest", "upperChest"), *chains]:
        for above, bone in pairwise(chain):
            if above not in bones:
                bones.pop(bone, None)
    return bones


def _describe(character: Character, bones: dict[str, int], document: Document) -> dict[str, Any]:
    """Returns the content of the extension VRMC_vrm."""
    gltf = document.gltf
    morph_targets = {
        n: gltf.meshes[node.mesh].extras.get("targetNames", [])
        for n, node in enumerate(gltf.nodes)
        if node.mesh is not None
    }
    authors = {"authors": ["bodydouble"]} if character.is_builtin else {}
    extension = {
        "specVersion": "1.0",
        "meta": {"name": character.name} | DEFAULT_META | authors,
        "humanoid": {"humanBones": {bone: {"node": joint} for bone, joint in bones.items()}},
    }
    expressions = find_expressions(morph_targets)
    return extension | ({"expressions": expressions} if expressions else {})
