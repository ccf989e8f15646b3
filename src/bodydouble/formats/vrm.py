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
from bodydouble.formats.vrm_look_at import describe_look_at
from bodydouble.formats.vrm_targets import TargetTable
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.rigs import vrm as vrm_bones

CONSTRAINT, MTOON, SPRINGS = "VRMC_node_constraint", "VRMC_materials_mtoon", "VRMC_springBone"
EXTENDED_COLLIDER = "VRMC_springBone_extended_collider"
UNLIT = "KHR_materials_unlit"
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
    select_bones(character)
    document = Document(character, t_pose)
    document.add_skeleton()
    document.add_skin_and_meshes()
    add_content(document)
    with atomic_write(path) as temporary:
        document.write_to(temporary)


def add_content(document: Document) -> None:
    """Adds all that makes a document with skeleton and meshes, whose nodes stand in the T-pose, a VRM file.

    Raises:
        InvalidDataError: the character lacks bones that VRM requires.
    """
    character = document.character
    bones = select_bones(character)
    further = _further_extensions(character, document)
    document.add_extensions({"VRMC_vrm": _describe(character, bones, document)} | further)


def keeps_content(character: Character) -> bool:
    """Returns whether a character comes from a VRM file and has the bones that VRM requires."""
    return bool(character.vrm) and all(bone in character.humanoid for bone in REQUIRED_BONES)


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
    return {**bones, **character.vrm.get("humanBones", {})}


def _describe(character: Character, bones: dict[str, int], document: Document) -> dict[str, Any]:
    """Returns the content of the extension VRMC_vrm."""
    targets = TargetTable(document)
    expressions = _describe_expressions(character, targets)
    if "lookAt" in character.vrm and not expressions:
        # three-vrm reads the gaze of characters with this object only.
        expressions = {"preset": {}}
    extension = {
        "specVersion": "1.0",
        "meta": _describe_meta(character, document),
        "humanoid": {"humanBones": {bone: {"node": joint} for bone, joint in bones.items()}},
        "expressions": expressions,
        "lookAt": character.vrm.get("lookAt") or describe_look_at(character, expressions.get("preset", {})),
        "firstPerson": targets.resolve_annotations(character.vrm.get("firstPerson", {})),
    }
    return {name: value for name, value in extension.items() if value}


def _describe_meta(character: Character, document: Document) -> dict[str, Any]:
    authors = {"authors": ["bodydouble"]} if character.is_builtin else {}
    meta = {"name": character.name} | DEFAULT_META | authors | character.vrm.get("meta", {})
    thumbnail = character.vrm.get("thumbnail")
    image = {"thumbnailImage": document.materials.image_index(thumbnail)} if thumbnail else {}
    return {**meta, **image, "licenseUrl": LICENSE_URL}


def _describe_expressions(character: Character, targets: TargetTable) -> dict[str, Any]:
    """Returns the expressions of the file of the character, and those found by the names of morph targets."""
    kept, found = character.vrm.get("expressions", {}), find_expressions(targets.morph_targets)
    kinds = {
        kind: found.get(kind, {})
        | {name: targets.resolve_expression(value) for name, value in kept.get(kind, {}).items()}
        for kind in ("preset", "custom")
    }
    return {kind: expressions for kind, expressions in kinds.items() if expressions}


def _further_extensions(character: Character, document: Document) -> dict[str, Any]:
    """Adds the kept extensions of nodes and materials; returns those of the whole file."""
    for joint, constraint in character.vrm.get(CONSTRAINT, {}).items():
        document.gltf.nodes[joint].extensions[CONSTRAINT] = {"specVersion": "1.0", "constraint": constraint}
        document.declare_extension(CONSTRAINT)
    for material in document.gltf.materials:
        if material.name in character.vrm.get(MTOON, {}):
            parameters, textures = character.vrm[MTOON][material.name]
            references = {name: document.materials.texture_info(texture) for name, texture in textures.items()}
            # The fallback without light would contradict MToon to the glTF validator.
            material.extensions.pop(UNLIT, None)
            material.extensions[MTOON] = parameters | references
            document.declare_extension(MTOON)
    if not any(UNLIT in material.extensions for material in document.gltf.materials):
        document.gltf.extensionsUsed = [name for name in document.gltf.extensionsUsed if name != UNLIT]
    if SPRINGS not in character.vrm:
        return {}
    if any("extensions" in collider for collider in character.vrm[SPRINGS].get("colliders", [])):
        document.declare_extension(EXTENDED_COLLIDER)
    return {SPRINGS: _add_tails(character.vrm[SPRINGS], document)}


def _add_tails(extension: dict[str, Any], document: Document) -> dict[str, Any]:
    """Adds a node for the tail of each spring that has one; returns the extension with it as the last joint."""
    springs = []
    for spring in extension["springs"]:
        kept = {name: value for name, value in spring.items() if name != "tail"}
        if "tail" in spring:
            last = spring["joints"][-1]["node"]
            kept["joints"] = [*spring["joints"], {"node": document.add_node(last, spring["tail"])}]
        springs.append(kept)
    return {**extension, "springs": springs}
