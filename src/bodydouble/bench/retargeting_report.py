"""Report of ``bench retarget``: the page on retargeting, its tables and figures for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from math import isnan
from typing import Any

from bodydouble.bench.report import BenchReport, TableData
from bodydouble.bench.retargeting import RetargetingResults, Seconds, Stage, TargetFigures
from bodydouble.characters.arm_clearance import BLEND_SECONDS, ROUNDS

PREFACE = """# Retargeting

A motion is put on a character of other proportions in these steps (`pipeline/animated_characters.py`, `characters/`).
Built-in characters get the person's proportions instead, and only the first step.

1. `retarget.py`: each humanoid joint gets the person's world rotation relative to the T-pose. The path of the hips is
   scaled by the ratio of their standing heights.
2. `limb_limits.py`: elbows and knees become hinges; flexion, wrists and ankles are limited.
3. `hand_contacts.py`: a palm that touches the other palm or the body does so on the character's own girth.
4. `arm_clearance.py`: forearms and hands are moved out of trunk, head and thighs.
5. `foot_planting.py`: feet that rest in the motion rest on the character's own soles.
6. `limb_limits.py`: after inverse kinematics, elbows, knees and wrists are limited again, without moving hand or foot.
7. `twist_bones.py`: the axial rotation of arms and legs is spread over the joints along them.

All steps work on all frames at once. What they have nothing to correct they leave unchanged, to the last digit.

## Joint limits

The ranges are those of `skeletons/joint_limits.py`, which also serve the [metrics](metrics.md). They are wider than
those of most people by 10 to 20 degrees. Angles are reduced smoothly from a margin before the limit on.

| joint | limited |
|---|---|
| elbow | flexion -15 to 160 degrees, 15 degrees to the side |
| knee | flexion -15 to 165 degrees, 15 degrees to the side |
| wrist | flexion 90, extension 85, radial deviation 40, ulnar deviation 45 degrees |
| ankle | dorsiflexion 40, plantar flexion 65, inversion 50, eversion 35 degrees; before foot planting only |

An elbow or knee that bends to the side is mended by a rotation of the upper arm or thigh about its own axis, which
moves no joint. Only what that cannot mend changes the place of the hand or foot. Not limited are shoulders, hips, the
trunk, and the rotation of hand and foot about the axis of forearm and shin. Planted feet may bend the ankle farther.

## Arm clearance

Trunk with head, and each thigh, are solids: in each slice of the skin at rest, the outermost points about the middle.
A grid holds the signed distance to their surface. Points along each forearm and hand are brought into the rest pose by
the inverse of the skinning. Where they are inside, the gradient of the distance is the way out. Elbow and wrist are
moved by inverse kinematics in {rounds} rounds, and the movement comes and goes within {blend} s. Palms that meet are
moved alike. Upper arms may still touch the trunk near the shoulder, and arms and legs each other.

## Twist bones

Twist bones are found by their place: skinned joints on the line between two humanoid joints that are no humanoid bone
themselves, in the chain or beside it. The swing-twist decomposition gives the twist of a limb relative to the joint
before it. At shoulder and hip the skin has none of it, at elbow and knee all; from elbow and knee to wrist and ankle
it grows to that of hand and foot. Each twist bone gets the share of its place. A limb without twist bones turns at its
joint, as before.

## Figures

Written by

```
pip install -e '.[bench]'
bodydouble capture examples/street.mp4 -o street
bodydouble bench retarget --motions street/performance.npz --mocap mocap.tar.xz --characters knight.glb \\
    --characters woman.glb --characters avatar.vrm --markdown docs/retargeting.md
```

The motions are those of the package pybullet (DeepMimic), of motion capture (`--mocap`), and two captured from video.

- *Slide*: movement per 1/30 s of points of the character's own soles in contact. *Penetration*: depth of the lowest of
  them below the floor. Both as in [metrics](metrics.md).
- *Contact*: distance of a palm that touches in the motion from the place that keeps the contact.
- *Arm*: depth of the axis of the deeper forearm and hand in trunk, head or thighs, the mean over all frames, and the
  share of frames in which it is more than 5 mm. Half the thickness of the arm is not counted.
- *Before* is the first step alone, *after* all steps. For built-in characters both are the same.
- The copies of a built-in character with other limbs are written as GLB and loaded again, as the file of a user is.
- Times are processor times for 1,000 frames on one core, from the motion to the complete file.
"""
SLIDE_AND_CONTACT = "Feet and hand contacts, mm"
ARMS = "Arms in the body"
TIMES = "Time for 1,000 frames, s"


def build_report(results: RetargetingResults) -> BenchReport:
    """Builds the report."""
    sources = ", ".join(f"{count} of {name}" for name, count in results.sources.items())
    headline = f"{sum(results.sources.values())} motions ({sources}), {results.frames} frames, on each character"
    tables = {
        SLIDE_AND_CONTACT: _feet_table(results.targets),
        ARMS: _arms_table(results.targets),
        TIMES: _time_table(results.seconds),
    }
    return BenchReport(
        "Retargeting", PREFACE.format(blend=BLEND_SECONDS, rounds=ROUNDS), tables, _as_values(results), headline
    )


def _feet_table(targets: Sequence[TargetFigures]) -> TableData:
    names = ("slide_mm", "penetration_mm", "contact_error_mm")
    headings = ["character"]
    for name in ("slide", "penetration", "contact"):
        headings += [f"{name} before", "after"]
    return headings, [[t.name, *_pairs(t, names)] for t in targets]


def _arms_table(targets: Sequence[TargetFigures]) -> TableData:
    headings = ["character", "depth before, mm", "after", "frames before, %", "after"]
    return headings, [[t.name, *_pairs(t, ("arm_depth_mm", "arm_share_percent"))] for t in targets]


def _pairs(target: TargetFigures, names: Sequence[str]) -> list[str]:
    return [_format(getattr(stage, name)) for name in names for stage in (target.before, target.after)]


def _format(value: float) -> str:
    return "-" if isnan(value) else f"{value:.1f}"


def _time_table(seconds: Sequence[Seconds]) -> TableData:
    headings = ["character", "joints", "vertices", "retargeting", "with .glb", "with .fbx"]
    rows = [
        [s.name, str(s.joints), str(s.vertices), f"{s.retarget:.2f}", f"{s.glb:.2f}", f"{s.fbx:.2f}"] for s in seconds
    ]
    return headings, rows


def _as_values(results: RetargetingResults) -> dict[str, Any]:
    targets = [
        {"name": target.name, "before": _stage_values(target.before), "after": _stage_values(target.after)}
        for target in results.targets
    ]
    seconds = [asdict(one) for one in results.seconds]
    return {"motions": dict(results.sources), "frames": results.frames, "targets": targets, "seconds": seconds}


def _stage_values(stage: Stage) -> dict[str, float | None]:
    return {name: None if isnan(value) else value for name, value in asdict(stage).items()}
