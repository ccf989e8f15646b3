"""Looping: named motions -> their best cycles, with feet that stay planted across the seam."""

from dataclasses import replace

import numpy as np

from bodydouble.characters.foot_planting import plant_feet
from bodydouble.data import Character, Motion
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import rotation
from bodydouble.motion.loop import CONTEXT_CYCLES, is_periodic, make_loop, repeat_cycle
from bodydouble.pipeline.motion_files import NamedMotion


def loop_motion(named: NamedMotion) -> NamedMotion:
    """Cuts the best cycle out of a motion, without the face; the feet rest where they rested, also across the seam.

    Raises:
        InvalidDataError: the motion is too short, or no part of it repeats.
    """
    if named.is_loop or is_periodic(named.motion):
        return replace(named, is_loop=True, first_frame=0)
    try:
        loop = make_loop(named.motion)
    except InvalidDataError as error:
        raise InvalidDataError(f"{named.name} cannot become a loop: {error}") from error
    return replace(named, motion=plant_loop(loop), is_loop=True, first_frame=0, face=None)


def plant_loop(loop: Motion) -> Motion:
    """Plants the feet of a loop between two further cycles, so that contacts go on across the seam."""
    repeated = repeat_cycle(loop, CONTEXT_CYCLES)
    rotations, path = plant_feet(
        _bare_skeleton(loop), repeated.rotations, repeated.root_position, repeated.contacts, float(loop.fps)
    )
    cycle = len(loop.rotations) - 1
    middle = slice(cycle, 2 * cycle + 1)
    planted = rotations[middle].copy()
    planted[-1] = planted[0]
    root_position = path[middle] - (repeated.root_position[cycle] - loop.root_position[0])
    root_position[-1, 1] = root_position[0, 1]
    return replace(loop, rotations=rotation.make_continuous(planted), root_position=root_position)


def _bare_skeleton(motion: Motion) -> Character:
    """Returns the skeleton of a motion as a character without a mesh."""
    joints = motion.skeleton.joint_names
    rest = np.tile(rotation.IDENTITY, (len(joints), 1))
    return Character("skeleton", motion.skeleton, rest, {joint: j for j, joint in enumerate(joints)}, ())
