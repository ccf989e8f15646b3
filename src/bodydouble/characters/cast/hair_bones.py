"""Bones of hair that hangs: chains of three below each tie, or behind and beside the head."""

import numpy as np

from bodydouble.characters.cast.head import CENTER
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Bone, smoothstep
from bodydouble.characters.cast.tails import TAIL_TIP, find_ties
from bodydouble.data import FloatArray, IntArray

CHAINS = 5
"""Number of chains of hair that hangs round the head."""
AZIMUTHS = (62.0, 298.0)
"""Range of the hair that hangs, degrees."""
ROOT_HEIGHT = 0.30
BONES = 3
RADIUS = 0.48
BLEND = 0.08
"""Half of the height over which one bone takes over from the one above it, H."""


def choose_chain(azimuth: float) -> int:
    """Returns the chain of hair that hangs at an azimuth, degrees."""
    low, high = AZIMUTHS
    return int(np.clip((azimuth % 360 - low) / (high - low) * CHAINS, 0, CHAINS - 1))


def place_chains(look: Look, tip_height: float | None) -> list[FloatArray]:
    """Places the joints and the tip (BONES + 1, 3) of each chain in the frame of the head, H.

    Args:
        look: the look.
        tip_height: height of the lower end of hair that hangs; None if it does not.
    """
    if look.hair in ("twin-tails", "ponytail"):
        return [_below_tie(tie) for tie in find_ties(look)]
    if tip_height is None:
        return []
    low, high = AZIMUTHS
    middles = np.radians(low + (np.arange(CHAINS) + 0.5) * (high - low) / CHAINS)
    heights = np.linspace(ROOT_HEIGHT, tip_height, BONES + 1)
    return [
        np.stack(
            [np.full(BONES + 1, RADIUS * np.sin(a)), heights, np.full(BONES + 1, CENTER[2] + RADIUS * np.cos(a))], 1
        )
        for a in middles
    ]


def _below_tie(tie: FloatArray) -> FloatArray:
    out = np.array([np.sign(tie[0]), 0.0, -0.25 if tie[0] else -1.0]) * 0.2
    below = [tie + 0.3 * out + [0.0, 0.02, 0.0]]
    below += [np.array([tie[0], y, tie[2]]) + out for y in np.linspace(tie[1] - 0.30, TAIL_TIP, BONES)]
    return np.array(below)


def bone_name(chain: int, k: int) -> str:
    """Returns the name of a bone of a chain."""
    return f"hair_{chain}_{k}"


def weigh_bones(chains: list[FloatArray], positions: FloatArray, chain_of: IntArray) -> dict[str, FloatArray]:
    """Returns the weights (V,) of the bones by name; the head has the rest."""
    weights = {}
    for index, joints in enumerate(chains):
        below = [smoothstep(-BLEND, BLEND, y - positions[:, 1]) * (chain_of == index) for y in joints[:BONES, 1]]
        below.append(np.zeros(len(positions)))
        for k in range(BONES):
            weights[bone_name(index, k)] = below[k] - below[k + 1]
    return weights


def create_bones(chains: list[FloatArray]) -> list[Bone]:
    """Creates the bones of the chains in the frame of the head, H."""
    return [
        Bone(bone_name(index, k), bone_name(index, k - 1) if k else "head", joints[k])
        for index, joints in enumerate(chains)
        for k in range(BONES)
    ]
