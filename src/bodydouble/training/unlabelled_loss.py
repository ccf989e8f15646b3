"""How wrong the lifter is about people of whom nobody knows the truth: by what is seen, and by what bodies can do."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from bodydouble.motion.body import body_landmarks, proportions
from bodydouble.motion.lifting import lifter
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.training.loss import positions
from bodydouble.training.network import Answer
from bodydouble.training.unlabelled import UnlabelledWindow
from bodydouble.training.windows import Window

WEIGHTS = {
    # What was seen is wrong by 0.1 sizes itself, and labelled windows teach how: it only must not be forgotten.
    "seen": 0.2,
    # The only term that asks joint rotations and lengths of bones about the picture.
    "skeleton": 1.0,
    # Asks depths: 0.027 where the answer is true on rendered people, 0.057 where a trained lifter gave it.
    "constancy": 1.0,
    # Likewise, 0 and 0.068; less, as who is half outside the picture has short bones with steep logarithms.
    "sides": 0.2,
    # 0.025 and 0.060. Weak: it is made small by depths that are too flat, too, and hits must stay sharp.
    "acceleration": 0.2,
    # Zero for nearly all that people do; weak for the same reason.
    "speed": 1.0,
    # 0 and 0.16. Both answers may be wrong alike, but what differs is the fault of one of them.
    "mirror": 0.5,
}
"""Of the terms of the loss, so that together they pull a quarter as hard as the labelled windows do."""
MIRRORED = {"points": 1.0, "depths": 1.0, "turns": 0.5, "up": 0.5, "velocity": 0.05, "contacts": 0.15, "lengths": 0.05}
"""What each part of the answer counts in the mirror, about half of what it counts against the truth in ``loss``."""
OUTLIER = 0.3
"""Sizes; errors of what is seen count by their logarithm beyond this: a limb may be taken for the other one."""
LOG_OUTLIER = 0.3
"""Likewise of logarithms of lengths."""
FASTEST = 0.5
"""Sizes per frame; 99.9 % of captured landmarks are slower than this."""
SHORTEST = 0.05
"""Sizes; bones shorter than this are taken to be this long."""
LEAST_SCALE = 0.5
"""Sizes per metre; people who turn their backs to what is seen would else have a scale below zero."""

_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_JOINT_OF = dict(zip(_LIMBS, ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot"), strict=True))
LIMB_LANDMARKS = [blazepose.INDEX[f"{side}_{part}"] for side in ("left", "right") for part in _LIMBS]
LIMB_JOINTS = [humanoid.INDEX[f"{side}{_JOINT_OF[part]}"] for side in ("left", "right") for part in _LIMBS]
"""The joints that lie at LIMB_LANDMARKS."""
_HIP_JOINTS = [humanoid.INDEX[f"{side}UpperLeg"] for side in ("left", "right")]
_PAIRS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
BONES = [[blazepose.INDEX[f"{side}_{end}"] for end in pair] for side in ("left", "right") for pair in _PAIRS]
"""Landmarks at the ends of rigid bones: those of the left limbs, then those of the right."""
_TEMPLATE = body_landmarks.template_skeleton().rest_offsets
_OFFSETS_OF_BONE = torch.tensor(
    np.stack([proportions.with_bones(one).rest_offsets for one in np.eye(len(proportions.BONES))]), dtype=torch.float32
)
"""(K, 22, 3) m; what each of proportions.BONES adds to the offsets of a skeleton whose ratio is 1."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in N windows."""

    points: Tensor
    """(N, T, 33, 2)."""
    trust: Tensor
    """(N, T, 33) confidence; 0 where not observed."""
    size: Tensor
    """(N,)."""

    @classmethod
    def of(cls, windows: UnlabelledWindow | Window) -> "Seen":
        """Of N windows."""
        observed = windows.observed[..., None] if isinstance(windows, UnlabelledWindow) else 1.0
        arrays = (windows.points, windows.confidence * observed, windows.size)
        return cls(*(torch.from_numpy(np.asarray(array, dtype=np.float32)) for array in arrays))


def unlabelled_parts(answer: Answer, other: Answer, seen: Seen) -> dict[str, Tensor]:
    """The terms of the loss; their sum is what is made small.

    Args:
        answer: to what was seen.
        other: to the mirror image of what was seen.
        seen: what was seen.
    """
    space = in_space(answer.points, answer.depths, seen.size)
    constancy, sides = bones(space, seen.trust)
    terms = {
        "seen": weighted(robust(answer.points - seen.points, OUTLIER).mean(dim=-1), seen.trust),
        "skeleton": skeleton(answer, seen),
        "constancy": constancy,
        "sides": sides,
        "acceleration": space.diff(n=2, dim=1).abs().mean(),
        "speed": (space.diff(dim=1).abs() - FASTEST).clamp(min=0).mean(),
        "mirror": mirror(answer, other),
    }
    return {f"unlabelled_{name}": WEIGHTS[name] * term for name, term in terms.items()}


def in_space(points: Tensor, depths: Tensor, size: Tensor) -> Tensor:
    """Landmarks (N, T, 33, 3) from the hips, in sizes, of which points and depths are known; size (N,)."""
    nearer = 1 + size[:, None, None, None] * depths[..., None]
    return torch.cat([points * nearer, depths[..., None]], dim=-1)


def projected(space: Tensor, size: Tensor) -> Tensor:
    """Points (N, T, J, 2) of what is at (N, T, J, 3) from the hips, in sizes; size (N,)."""
    return space[..., :2] / (1 + size[:, None, None, None] * space[..., 2:]).clamp(min=0.1)


def robust(error: Tensor, outlier: float) -> Tensor:
    """The size of an error, or its logarithm where it is large."""
    return outlier * torch.log1p(error.abs() / outlier)


def weighted(values: Tensor, trust: Tensor) -> Tensor:
    """Mean."""
    return (values * trust).sum() / trust.sum().clamp(min=1e-6)


def skeleton(answer: Answer, seen: Seen) -> Tensor:
    """How far the joints of the network's own skeleton are from where they are seen, in sizes.

    The skeleton has one set of bones per window. How large it looks in a frame tells its distance, which is not asked.
    """
    joints = positions(answer.turns, own_offsets(answer.lengths))
    from_hips = joints - joints[..., _HIP_JOINTS, :].mean(dim=-2, keepdim=True)
    limbs, points = from_hips[..., LIMB_JOINTS, :], seen.points[..., LIMB_LANDMARKS, :]
    trust = seen.trust[..., LIMB_LANDMARKS]
    sized = scale(limbs, points, trust, seen.size)[..., None, None] * limbs
    return weighted(robust(projected(sized, seen.size) - points, OUTLIER).mean(dim=-1), trust)


def own_offsets(lengths: Tensor) -> Tensor:
    """Offsets (N, T, 22, 3) m at rest, from the network's lengths of bones (N, T, 2 K), the same in all frames."""
    logs, spread = lengths.chunk(2, dim=-1)
    trust = torch.softmax(-2 * spread, dim=1)
    ratios = (trust * logs).sum(dim=1).exp()
    return torch.einsum("nk,kjc->njc", ratios, _OFFSETS_OF_BONE)[:, None].expand(-1, lengths.shape[1], -1, -1)


def scale(joints: Tensor, points: Tensor, trust: Tensor, size: Tensor) -> Tensor:
    """Sizes per metre (N, T) that bring joints (N, T, J, 3) m nearest to points (N, T, J, 2).

    Least squares of s (x, y) = point (1 + size s z), which is linear in s.
    """
    moved = joints[..., :2] - size[:, None, None, None] * joints[..., 2:] * points
    above = (trust[..., None] * moved * points).sum(dim=(-1, -2))
    below = (trust[..., None] * moved**2).sum(dim=(-1, -2))
    return (above / below.clamp(min=1e-6)).clamp(min=LEAST_SCALE)


def bones(space: Tensor, trust: Tensor) -> tuple[Tensor, Tensor]:
    """How much lengths of bones change in time, and how much left ones differ from right ones; in logarithms.

    Somebody who comes nearer becomes fewer sizes large: what all bones have in common in a frame is left out.
    """
    ends = torch.tensor(BONES)
    logs = (space[..., ends[:, 0], :] - space[..., ends[:, 1], :]).norm(dim=-1).clamp(min=SHORTEST).log()
    sure = trust[..., ends].amin(dim=-1) + 1e-6
    common = (sure * logs).sum(dim=-1, keepdim=True) / sure.sum(dim=-1, keepdim=True)
    usual = (sure * (logs - common)).sum(dim=1, keepdim=True) / sure.sum(dim=1, keepdim=True)
    left, right = logs.chunk(2, dim=-1)
    both = torch.minimum(*sure.chunk(2, dim=-1))
    return (
        weighted(robust(logs - common - usual, LOG_OUTLIER), sure),
        weighted(robust(left - right, LOG_OUTLIER), both),
    )


def mirror(answer: Answer, other: Answer) -> Tensor:
    """How far the answer to the mirror image is from the mirror image of the answer."""
    image = mirrored(other)
    found = [weight * (_said(name, answer) - _said(name, image)).abs().mean() for name, weight in MIRRORED.items()]
    return torch.stack(found).sum()


def _said(name: str, answer: Answer) -> Tensor:
    value: Tensor = getattr(answer, name)
    if name == "contacts":
        return value.sigmoid()
    return value.chunk(2, dim=-1)[0] if name == "lengths" else value


def mirrored(answer: Answer) -> Answer:
    """What the answer says about the mirror image."""
    swap, joints = list(blazepose.MIRROR), list(humanoid.MIRROR)
    flip, turned = (torch.tensor(m, dtype=torch.float32) for m in (lifter.MIRROR, lifter.MIRROR_TURN))
    return Answer(
        answer.points[..., swap, :] * flip[:2],
        answer.depths[..., swap],
        answer.log_sigma.unflatten(-1, (2, len(swap)))[..., swap].flatten(-2),
        answer.turns[..., joints, :, :] * turned,
        answer.up * flip,
        answer.velocity * flip,
        answer.contacts[..., lifter.MIRROR_CONTACTS],
        answer.lengths,
    )


def split(answer: Answer, counts: list[int]) -> list[Answer]:
    """Answers about so many windows each."""
    parts = [getattr(answer, field.name).split(counts) for field in fields(Answer)]
    return [Answer(*one) for one in zip(*parts, strict=True)]
