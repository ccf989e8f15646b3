"""Bones of the standard MikuMikuDance model that a motion drives, with the parents that transmit rotation.

Source: https://mikumikudance.fandom.com/wiki/VMD_file_format and the standard bone structure of MMD models
(センター, 上半身, 下半身 and so on).
"""

CENTER = "センター"
"""Bone that carries the position of the body."""
BONES: tuple[tuple[str, str, str | None], ...] = (
    ("下半身", "hips", None),
    ("上半身", "spine", None),
    ("上半身2", "upperChest", "上半身"),
    ("首", "neck", "上半身2"),
    ("頭", "head", "首"),
    ("左肩", "leftShoulder", "上半身2"),
    ("左腕", "leftUpperArm", "左肩"),
    ("左ひじ", "leftLowerArm", "左腕"),
    ("左手首", "leftHand", "左ひじ"),
    ("右肩", "rightShoulder", "上半身2"),
    ("右腕", "rightUpperArm", "右肩"),
    ("右ひじ", "rightLowerArm", "右腕"),
    ("右手首", "rightHand", "右ひじ"),
    ("左足", "leftUpperLeg", "下半身"),
    ("左ひざ", "leftLowerLeg", "左足"),
    ("左足首", "leftFoot", "左ひざ"),
    ("右足", "rightUpperLeg", "下半身"),
    ("右ひざ", "rightLowerLeg", "右足"),
    ("右足首", "rightFoot", "右ひざ"),
)
"""Bone, humanoid joint whose world rotation it takes, and parent bone; parents stand before children."""
_FINGERS = (("人指", "Index"), ("中指", "Middle"), ("薬指", "Ring"), ("小指", "Little"))
_SEGMENTS = (
    ("\N{FULLWIDTH DIGIT ONE}", "Proximal"),
    ("\N{FULLWIDTH DIGIT TWO}", "Intermediate"),
    ("\N{FULLWIDTH DIGIT THREE}", "Distal"),
)


def _finger_bones(side: str, joint_side: str) -> tuple[tuple[str, str, str], ...]:
    """Returns bone, humanoid joint and parent bone of the fingers of a hand; the thumb has two bones."""
    hand = f"{side}手首"
    thumb = (
        (f"{side}親指１", f"{joint_side}ThumbProximal", hand),
        (f"{side}親指２", f"{joint_side}ThumbDistal", f"{side}親指１"),
    )
    return thumb + tuple(
        (
            f"{side}{finger}{number}",
            f"{joint_side}{joint}{segment}",
            f"{side}{finger}{_SEGMENTS[place - 1][0]}" if place else hand,
        )
        for finger, joint in _FINGERS
        for place, (number, segment) in enumerate(_SEGMENTS)
    )


FINGER_BONES: tuple[tuple[str, str, str], ...] = _finger_bones("左", "left") + _finger_bones("右", "right")
"""Bone of a finger, humanoid joint and parent bone, as in BONES. The thumb's metacarpal has no bone in the standard
model: its rotation is in that of the next one."""
EYES = "両目"
"""Bone that turns both eyes."""
EYE_RATIO = 1 / 3
"""Angle of that bone for a gaze of one degree. The eye bones of MikuMikuDance's models lie deep in the head, so that
small angles move the irises far."""
ARM_BONES = (
    "左腕", "左ひじ", "左手首", "右腕", "右ひじ", "右手首", *(bone for bone, _, _ in FINGER_BONES),
)  # fmt: skip
"""Bones that point down by ARM_ANGLE at rest (A-pose)."""
ARM_ANGLE_DEG = 37.0
"""Angle of the arms below the horizontal at rest."""
LEG_IK_BONES = ("左足ＩＫ", "右足ＩＫ", "左つま先ＩＫ", "右つま先ＩＫ")
"""Inverse kinematics of the legs, which is switched off: the legs follow their rotations."""
UNITS_PER_M = 12.5
"""MMD's unit is 8 cm."""
FPS = 30
"""Frame rate of all MMD motions."""

VOWEL_MORPHS: dict[str, str] = {"aa": "あ", "ih": "い", "ou": "う", "ee": "え", "oh": "お"}
"""Vowel of VRM -> morph of the mouth."""
BLINK, WINKS = "まばたき", ("ウィンク２", "ｳｨﾝｸ２右")
"""Morph that closes both eyes, and those that close the left and the right one."""
SHAPE_MORPHS: dict[str, tuple[str, ...]] = {
    "びっくり": ("eyeWideLeft", "eyeWideRight"),
    "怒り": ("browDownLeft", "browDownRight"),
    "困る": ("browInnerUp",),
    "口角上げ": ("mouthSmileLeft", "mouthSmileRight"),
    "口角下げ": ("mouthFrownLeft", "mouthFrownRight"),
}
"""Morph of wide eyes, brows or corners of the mouth -> shapes of ARKit of which it is the mean."""
