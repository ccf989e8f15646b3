"""Words in the joint names of rigs that follow no standard, in lower case and without separators.

The bones are those of https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md
"""

CENTRAL_BONES: dict[str, tuple[str, ...]] = {
    "hips": ("hips", "hip", "pelvis", "lowerbody"),
    "spine": ("spine", "spine1", "spine01", "spine001", "abdomen", "waist", "spinelower"),
    "chest": ("chest", "spine2", "spine02", "spine002", "torso", "spinemiddle", "upperbody"),
    "upperChest": ("upperchest", "spine3", "spine03", "spine003", "spineupper"),
    "neck": ("neck", "neck1", "neck01", "spine004"),
    "head": ("head", "spine006"),
}
"""Bone of the body's centre -> words, the most specific first."""

SIDED_BONES: dict[str, tuple[str, ...]] = {
    "Shoulder": ("shoulder", "clavicle", "collar", "collarbone"),
    "UpperArm": ("upperarm", "armupper", "uparm", "arm", "arm1"),
    "LowerArm": ("lowerarm", "armlower", "forearm", "loarm", "elbow", "arm2"),
    "Hand": ("wrist", "hand", "palm", "palm2"),
    "UpperLeg": ("upperleg", "legupper", "thigh", "upleg", "leg", "leg1"),
    "LowerLeg": ("lowerleg", "leglower", "calf", "shin", "knee", "loleg", "leg", "leg2"),
    "Foot": ("foot", "ankle"),
    "Toes": ("toes", "toe", "toebase", "ball"),
}
"""Bone without its side -> words; a joint is assigned once, to the first bone that matches it."""

FINGERS: dict[str, tuple[str, ...]] = {
    "Thumb": ("thumb",),
    "Index": ("index", "point", "fore"),
    "Middle": ("middle", "mid"),
    "Ring": ("ring",),
    "Little": ("little", "pinky", "pinkie"),
}
"""Finger -> words that the names of its joints contain."""
