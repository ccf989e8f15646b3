"""Mapping of the joints of a rig to the bones of the VRM humanoid: by declaration, by names, by shape.

The entry point is ``map_humanoid``; it needs names, parents and rest positions only, so that every format can use it.
"""

from bodydouble.characters.humanoid_map.declared import from_extensions
from bodydouble.characters.humanoid_map.map_file import read_map_file
from bodydouble.characters.humanoid_map.mapping import map_humanoid
from bodydouble.characters.humanoid_map.pose_description import OTHER_POSE, PoseDescription, describe_pose
from bodydouble.characters.humanoid_map.rig_description import HumanoidMap, RigDescription, missing_bones

__all__ = [
    "OTHER_POSE",
    "HumanoidMap",
    "PoseDescription",
    "RigDescription",
    "describe_pose",
    "from_extensions",
    "map_humanoid",
    "missing_bones",
    "read_map_file",
]
