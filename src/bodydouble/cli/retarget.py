"""Command ``retarget``: a motion on a character."""

from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.cli.motion_options import (
    FpsOption,
    LoopOption,
    MotionsArgument,
    RootMotion,
    RootOption,
    SceneOption,
    load_motions,
)
from bodydouble.cli.options import JsonOption, print_json
from bodydouble.cli.values import parse_frame_rate

if TYPE_CHECKING:
    from bodydouble.pipeline.foot_quality import FootQuality


def retarget(
    motions: MotionsArgument,
    character: Annotated[
        str, typer.Argument(metavar="CHARACTER", help="Built-in character, or a .glb, .vrm or .fbx file.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Output file: .glb, .vrm, .fbx, .usda, .usdc or .usdz. Several people get a file each, such as "
            "FILE_person1.glb, unless --scene is given. Beside a .vrm, its motion is written as a .vrma.",
        ),
    ],
    people: Annotated[
        str | None, typer.Option(metavar="NAMES", help="People to retarget, such as person1,person3. Default: all.")
    ] = None,
    fps: FpsOption = None,
    root: RootOption = RootMotion.HIPS,
    loop: LoopOption = False,
    scene: SceneOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put the motion of each MOTION on CHARACTER."""
    with report_errors():
        from bodydouble.pipeline import root_motion
        from bodydouble.pipeline.exporting import retarget_motions

        result = retarget_motions(
            load_motions(motions, people, loop),
            character,
            output,
            fps=None if fps is None else parse_frame_rate(fps),
            root=root_motion.RootMotion(root),
            scene=scene,
        )
        if as_json:
            feet = {name: [asdict(before), asdict(after)] for name, (before, after) in result.feet.items()}
            print_json({"files": [str(file) for file in result.files], "feet": feet, "notes": list(result.notes)})
            return
        for note in result.notes:
            typer.echo(f"note: {note}", err=True)
        for name, (before, after) in result.feet.items():
            typer.echo(f"{name}: {_describe_feet(before, after)}")
        for file in result.files:
            typer.echo(file)
        if output.suffix.lower() == ".vrm":
            typer.echo("note: a .vrm file carries no motion; play the .vrma file beside it on it", err=True)


def _describe_feet(before: "FootQuality", after: "FootQuality") -> str:
    if isnan(before.slide_mm):
        return "no foot rests on the floor, so that none was planted"
    return (
        f"foot slide {before.slide_mm:.1f} -> {after.slide_mm:.1f} mm, "
        f"penetration {before.penetration_mm:.1f} -> {after.penetration_mm:.1f} mm by foot planting"
    )
