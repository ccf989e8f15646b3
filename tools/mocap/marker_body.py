"""Body that carries markers: segments of one person's lengths, and the places of the markers on them.

The joints are those of the humanoid and two more, ``leftForearm`` and ``rightForearm``, in which forearms twist: they
are at the wrists, and the hands are below them.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray, IntArray, Skeleton
from bodydouble.skeletons import adult_template, humanoid

JOINTS = (
    *(j for j in humanoid.JOINTS if not j.endswith("Hand")),
    "leftForearm",
    "rightForearm",
    "leftHand",
    "rightHand",
)
"""Joints of the body, parents first."""
INDEX = {name: i for i, name in enumerate(JOINTS)}
PARENT: dict[str, str | None] = humanoid.PARENT | {
    "leftForearm": "leftLowerArm", "rightForearm": "rightLowerArm", "leftHand": "leftForearm",
    "rightHand": "rightForearm",
}  # fmt: skip
PARENTS = tuple(-1 if (p := PARENT[j]) is None else INDEX[p] for j in JOINTS)
JOINT_COUNT = len(JOINTS)

SEGMENTS: dict[str, tuple[tuple[str, ...], float]] = {
    "pelvis": (("leftUpperLeg", "rightUpperLeg"), 0.08),
    "thigh": (("leftLowerLeg", "rightLowerLeg"), 0.1),
    "shank": (("leftFoot", "rightFoot"), 0.1),
    "foot": (("leftToes", "rightToes"), 0.05),
    "trunk": (("spine", "chest", "upperChest"), 0.06),
    "neck": (("neck",), 0.05),
    "head": (("head",), 0.03),
    "clavicle": (("leftShoulder", "rightShoulder"), 0.08),
    "shoulder": (("leftUpperArm", "rightUpperArm"), 0.1),
    "upper arm": (("leftLowerArm", "rightLowerArm"), 0.1),
    "forearm": (("leftForearm", "rightForearm"), 0.1),
}
"""Segment -> joints whose offsets have its scale, and the standard deviation of the scale among people of a size."""


@dataclass(frozen=True)
class Marker:
    """Marker on an adult of the template's size."""

    carrier: str
    offset: tuple[float, float, float]
    """From the carrier's joint in the T-pose, m."""
    sigma: tuple[float, float, float]
    """Standard deviation of the offset among people, m."""
    noise: float
    """Standard deviation of its movement relative to the carrier, m."""


_LEFT_MARKERS = {
    "LFHD": Marker("head", (0.07, 0.08, 0.09), (0.03, 0.015, 0.03), 0.005),
    "LBHD": Marker("head", (0.07, 0.08, -0.09), (0.03, 0.015, 0.03), 0.005),
    "LSHO": Marker("leftShoulder", (0.14, 0.05, -0.01), (0.02, 0.015, 0.015), 0.008),
    "LUPA": Marker("leftUpperArm", (0.13, 0.04, 0.0), (0.06, 0.04, 0.05), 0.015),
    "LELB": Marker("leftUpperArm", (0.265, 0.045, 0.0), (0.012, 0.008, 0.01), 0.008),
    "LFRM": Marker("leftLowerArm", (0.13, 0.03, 0.0), (0.06, 0.04, 0.05), 0.02),
    "LWRA": Marker("leftForearm", (0.0, 0.015, 0.04), (0.012, 0.012, 0.02), 0.006),
    "LWRB": Marker("leftForearm", (0.0, 0.015, -0.04), (0.012, 0.012, 0.02), 0.006),
    "LFIN": Marker("leftHand", (0.075, 0.02, 0.0), (0.02, 0.015, 0.02), 0.006),
    "LASI": Marker("hips", (0.13, 0.073, 0.05), (0.015, 0.012, 0.012), 0.006),
    "LPSI": Marker("hips", (0.045, 0.085, -0.14), (0.03, 0.03, 0.03), 0.006),
    "LBWT": Marker("hips", (0.12, 0.085, -0.14), (0.04, 0.03, 0.04), 0.006),
    "LTHI": Marker("leftUpperLeg", (0.08, -0.25, 0.0), (0.04, 0.08, 0.06), 0.015),
    "LKNE": Marker("leftUpperLeg", (0.055, -0.405, 0.0), (0.01, 0.012, 0.01), 0.008),
    "LTIB": Marker("leftLowerLeg", (0.05, -0.2, 0.0), (0.05, 0.08, 0.06), 0.012),
    "LANK": Marker("leftLowerLeg", (0.042, -0.415, 0.0), (0.01, 0.012, 0.01), 0.006),
    "LHEE": Marker("leftFoot", (0.0, -0.05, -0.06), (0.015, 0.012, 0.015), 0.006),
    "LTOE": Marker("leftFoot", (0.0, -0.04, 0.13), (0.02, 0.012, 0.02), 0.006),
    "LMT5": Marker("leftFoot", (0.045, -0.055, 0.09), (0.02, 0.02, 0.03), 0.006),
}  # fmt: skip


def _mirror(marker: Marker) -> Marker:
    x, y, z = marker.offset
    return Marker(humanoid.mirrored_name(marker.carrier), (-x, y, z), marker.sigma, marker.noise)


MARKERS: dict[str, Marker] = (
    _LEFT_MARKERS
    | {"R" + name[1:]: _mirror(marker) for name, marker in _LEFT_MARKERS.items()}
    | {
        "C7": Marker("upperChest", (0.0, 0.19, -0.06), (0.008, 0.015, 0.02), 0.008),
        "T10": Marker("upperChest", (0.0, -0.08, -0.115), (0.008, 0.04, 0.02), 0.012),
        "CLAV": Marker("upperChest", (0.0, 0.125, 0.095), (0.008, 0.015, 0.02), 0.006),
        "STRN": Marker("upperChest", (0.0, -0.04, 0.145), (0.008, 0.04, 0.02), 0.01),
        "RBAK": Marker("upperChest", (-0.09, 0.06, -0.1), (0.05, 0.06, 0.03), 0.015),
    }
)  # fmt: skip
"""Markers of the Plug-in Gait set, and those that ACCAD adds. Anatomical landmarks are known best.

Source: Vicon, Plug-in Gait reference guide, marker placement.
"""
HIP_FROM_ASIS = np.array([0.36, -0.30, -0.19])
"""Hip joint from the middle between the front markers of the pelvis, to the side, up and forward, in their distance.

Source: Bell, Brand and Pedersen (1989), A comparison of the accuracy of several hip center location prediction methods.
"""


def _template_offsets() -> FloatArray:
    """Returns the offsets (J, 3) in m of the joints of an adult with the feet straight ahead."""
    known = dict(zip(humanoid.JOINTS, np.array(adult_template.REST_OFFSETS), strict=True))
    for side in ("left", "right"):
        known[f"{side}Forearm"], known[f"{side}Hand"] = known[f"{side}Hand"], np.zeros(3)
        known[f"{side}Toes"] = known[f"{side}Toes"] * np.array([0.0, 1.0, 1.0])
    return np.array([known[joint] for joint in JOINTS])


TEMPLATE_OFFSETS = _template_offsets()
SCALED = np.array([[joint in joints for joint in JOINTS] for joints, _ in SEGMENTS.values()], dtype=np.float64)
"""(S, J) 1 where a segment's scale applies to the offset of a joint."""
SCALE_SIGMA = np.array([sigma for _, sigma in SEGMENTS.values()])


def _moved_joints() -> FloatArray:
    """Returns (J, J) 1 where the first joint is the second or above it."""
    above = np.eye(JOINT_COUNT)
    for joint, parent in enumerate(PARENTS[1:], start=1):
        above[:, joint] += above[:, parent]
    return above


ABOVE = _moved_joints()
"""(J, J) 1 where the first joint is the second or above it."""


@dataclass(frozen=True)
class MarkerBody:
    """Body of one person with M markers."""

    labels: tuple[str, ...]
    scales: FloatArray
    """(S,) of the segments, relative to the template."""
    offsets: FloatArray
    """(M, 3) m, of the markers from the joints that carry them."""
    mean_scales: FloatArray
    """(S,) expected."""
    mean_offsets: FloatArray
    """(M, 3) m, expected."""

    @property
    def carriers(self) -> IntArray:
        """Joints (M,) that carry the markers."""
        return np.array([INDEX[MARKERS[label].carrier] for label in self.labels])

    @property
    def noise(self) -> FloatArray:
        """Standard deviations (M,) in m of the markers."""
        return np.array([MARKERS[label].noise for label in self.labels])

    @property
    def offset_sigma(self) -> FloatArray:
        """Standard deviations (M, 3) in m of the offsets."""
        return np.array([MARKERS[label].sigma for label in self.labels])

    def build_skeleton(self) -> Skeleton:
        """Builds the skeleton of the J joints."""
        factors = self.scales @ SCALED + (SCALED.sum(axis=0) == 0) * self.scales.mean()
        return Skeleton(JOINTS, PARENTS, TEMPLATE_OFFSETS * factors[:, None])

    def build_humanoid(self) -> Skeleton:
        """Builds the skeleton of the 22 humanoid joints, soles on the floor at rest."""
        offsets = dict(zip(JOINTS, self.build_skeleton().rest_offsets, strict=True))
        for side in ("left", "right"):
            offsets[f"{side}Hand"] = offsets[f"{side}Forearm"]
        legs = offsets["leftUpperLeg"] + offsets["leftLowerLeg"] + offsets["leftFoot"]
        ankle_height = adult_template.ANKLE_HEIGHT * self.scales[list(SEGMENTS).index("foot")]
        offsets["hips"] = np.array([0.0, ankle_height - legs[1], 0.0])
        return Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array([offsets[joint] for joint in humanoid.JOINTS]))


def expected_body(labels: tuple[str, ...], size: float, pelvis_width: float) -> MarkerBody:
    """Returns the body that is expected for a person.

    Args:
        labels: markers.
        size: relative to the template.
        pelvis_width: distance in m between the front markers of the pelvis.
    """
    scales = np.full(len(SEGMENTS), size)
    hip = TEMPLATE_OFFSETS[INDEX["leftUpperLeg"]]
    scales[0] = (size + HIP_FROM_ASIS[0] * pelvis_width / hip[0]) / 2
    offsets = size * np.array([MARKERS[label].offset for label in labels])
    for side, sign in (("L", 1.0), ("R", -1.0)):
        outwards = np.array([0.5 * sign, 0.0, 0.0]) - HIP_FROM_ASIS * np.array([sign, 1.0, 1.0])
        offsets[labels.index(side + "ASI")] = scales[0] * hip * np.array([sign, 1.0, 1.0]) + pelvis_width * outwards
    return MarkerBody(labels, scales, offsets, scales, offsets)
