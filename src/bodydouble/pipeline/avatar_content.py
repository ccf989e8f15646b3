"""Content of VRM characters in animated GLB files: expressions, spring bones, MToon, gaze and metadata."""

from typing import Any

from bodydouble.characters.t_pose import t_pose
from bodydouble.data import Character
from bodydouble.formats import vrm


def avatar_content(character: Character) -> dict[str, Any]:
    """Returns the arguments by which the writers of ``formats.gltf`` keep the content of a VRM character.

    The nodes are stored in the T-pose, as VRM wants; the animation moves them from there. Empty for characters of other
    files.
    """
    if not vrm.keeps_content(character):
        return {}
    return {"node_pose": t_pose(character), "add_content": vrm.add_content}
