"""Measures what single parts of the motion stages contribute: each is switched off, or replaced by a simpler one.

Usage::

    python tools/measure_ablations.py ../shared/data/real3d --lifter OTHER_LIFTER.onnx

Input: a folder of real clips with ground truth, as ``bodydouble bench real`` reads it. The rendered clips are those of
``bodydouble bench truth``; they need the package pybullet. Every clip is perceived once, at the default quality, and
then reconstructed with each variant. Prints one table in Markdown: MPJPE / PA-MPJPE of limbs (mm), and of one person
seen by a static camera foot slide (mm), contact F1 (%) and W-MPJPE (mm).
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from bodydouble.bench import real
from bodydouble.bench.synthetic_set import GROUPS, STATIC, public_set, render_clip
from bodydouble.data import FloatArray, Performance, Skeleton
from bodydouble.evaluation.comparison import Comparison, combine, compare_clips
from bodydouble.evaluation.comparison_page import comparison_table
from bodydouble.evaluation.evaluation_clip import to_evaluation_clip
from bodydouble.formats import performance as performance_files
from bodydouble.motion import floor_fit
from bodydouble.motion import reconstruct as motion_stages
from bodydouble.motion.body import proportions
from bodydouble.motion.floor.contacts import contact_probability
from bodydouble.motion.floor.up_direction import UpEstimate, UpOptions, estimate_up
from bodydouble.motion.lifting import lifter
from bodydouble.motion.multi_shot import reconstruct_shots
from bodydouble.networks import Network
from bodydouble.pipeline import capture, capturing

QUALITY = "balanced"
MEASURES = ("pose: MPJPE, limbs", "pose: PA-MPJPE, limbs")
WORLD_MEASURES = ("motion: foot slide per 1/30 s", "motion: contact F1", "world: W-MPJPE over 100 frames")
NO_BALANCE = UpOptions(balance_sigma=(1e3, 1e3))

Variant = Callable[[], AbstractContextManager[object]]
"""Makes a context in which the motion stages differ."""


@dataclass(frozen=True, slots=True)
class PerceivedClip:
    """A captured clip, with the input of its motion stages."""

    performance: Performance
    inputs: motion_stages.ReconstructionInput

    def reconstruct(self) -> Performance:
        """Runs the motion stages again."""
        run = reconstruct_shots if self.inputs.shot_starts else motion_stages.reconstruct
        camera, motions = run(self.inputs)
        people = tuple(replace(p, motion=m) for p, m in zip(self.performance.people, motions, strict=True))
        return replace(self.performance, camera=camera, people=people)


def perceive(video: Path) -> PerceivedClip:
    """Captures a clip and records the input of its motion stages."""
    with (
        patch.object(capturing, "reconstruct", wraps=motion_stages.reconstruct) as of_shot,
        patch.object(capturing, "reconstruct_shots", wraps=reconstruct_shots) as of_shots,
    ):
        performance = capture(video, quality=QUALITY)
    (call,) = of_shot.call_args_list + of_shots.call_args_list
    return PerceivedClip(performance, call.args[0])


def list_variants(other_lifter: Path | None) -> dict[str, Variant]:
    """Returns the variants by name; the first one is the product."""
    variants: dict[str, Variant] = {
        "all parts": nullcontext,
        "contacts of single frames": partial(patch.object, floor_fit, "sole_contact_probability", contact_probability),
        "without explained acceleration": partial(patch.object, floor_fit, "_explained_acceleration", _know_nothing),
        "up direction without lines": partial(patch.object, motion_stages, "estimate_up", _estimate_up_without_lines),
        "up direction by the lifter alone": partial(patch.object, motion_stages, "estimate_up", _estimate_up_by_lifter),
        "mean proportions": partial(
            patch.object, proportions, "skeleton_from_bone_scales", _with_mean_proportions(
                proportions.skeleton_from_bone_scales
            )
        ),
    }  # fmt: skip
    if other_lifter:
        network = Network(other_lifter, lifter.OUTPUTS)
        variants[f"lifter {other_lifter.stem}"] = partial(patch.object, lifter, "_network", lambda: network)
    return variants


def _know_nothing(*args: Any) -> FloatArray:
    return np.full(args[1].root.shape, np.nan)


def _estimate_up_without_lines(*args: Any) -> UpEstimate:
    return estimate_up(args[0], args[1])


def _estimate_up_by_lifter(*args: Any) -> UpEstimate:
    return estimate_up(args[0], args[1], None, NO_BALANCE)


def _with_mean_proportions(build: Callable[[FloatArray], Skeleton]) -> Callable[[FloatArray], Skeleton]:
    return lambda scales: build(np.ones_like(scales))


def measure_rendered(clips: Mapping[str, Sequence[tuple[PerceivedClip, Performance]]]) -> Iterator[str]:
    """Yields the cells of the rendered clips: errors per group, then world measures of STATIC."""
    combined: dict[str, Comparison] = {
        group: combine(
            [compare_clips(to_evaluation_clip(clip.reconstruct()), to_evaluation_clip(truth)) for clip, truth in pairs]
        )
        for group, pairs in clips.items()
    }
    headings, rows = comparison_table(combined)
    values = {row[0]: dict(zip(headings[2:], row[2:], strict=True)) for row in rows}
    for group in GROUPS:
        yield " / ".join(values[measure][group] for measure in MEASURES)
    for measure in WORLD_MEASURES:
        yield values[measure][STATIC]


def measure_real(clips: Sequence[tuple[PerceivedClip, real.RealView]]) -> Iterator[str]:
    """Yields one cell per real view."""
    for clip, view in clips:
        errors = real.compare_view(view, clip.reconstruct())
        yield f"{errors.mpjpe_mm:.1f} / {errors.pa_mpjpe_mm:.1f}"


def main() -> None:
    """Perceives all clips and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", type=Path, help="folder of real clips with ground truth")
    parser.add_argument("--lifter", type=Path, help="another lifter.onnx to compare with")
    options = parser.parse_args()
    views = real.load_views(options.real)
    real_clips = [(perceive(view.video), view) for view in views]
    rendered: dict[str, list[tuple[PerceivedClip, Performance]]] = {group: [] for group in GROUPS}
    for spec in public_set():
        clip = render_clip(spec)
        rendered[clip.group].append((perceive(clip.video), performance_files.load(clip.ground_truth)))
    headings = ("variant", *(view.name for view in views), *GROUPS, *(m.split(": ")[1] for m in WORLD_MEASURES))
    print("| " + " | ".join(headings) + " |\n|---" + "|--:" * (len(headings) - 1) + "|")
    for name, variant in list_variants(options.lifter).items():
        with variant():
            print("| " + " | ".join((name, *measure_real(real_clips), *measure_rendered(rendered))) + " |", flush=True)


if __name__ == "__main__":
    main()
