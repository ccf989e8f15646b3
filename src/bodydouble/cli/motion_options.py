"""Arguments and options of the commands that read motions: ``retarget`` and ``export``."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bodydouble.pipeline.motion_files import NamedMotion


class RootMotion(StrEnum):
    """Part of a file that carries the horizontal path: the values of ``pipeline.root_motion``, which needs NumPy."""

    HIPS = "hips"
    ROOT = "root"
    IN_PLACE = "in-place"


MotionsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="MOTION",
        help="A performance.npz, a .bvh, .glb, .vrm, .vrma or .fbx file, or a name that `bodydouble motions` lists. "
        "Several become animations of one .glb.",
    ),
]
FpsOption = Annotated[
    str | None,
    typer.Option(metavar="RATE", help="Frame rate in frames/s, such as 60 or 30000/1001. Default: as captured."),
]
RootOption = Annotated[
    RootMotion,
    typer.Option(
        "--root", help="Bone that carries the horizontal path: the hips, a root bone on the floor, or none (in-place)."
    ),
]
LoopOption = Annotated[bool, typer.Option("--loop", help="Cut the best cycle of each motion and make it seamless.")]
SceneOption = Annotated[
    bool, typer.Option("--scene", help="Write all people to one file, each with a character, at the same time.")
]


def load_motions(sources: list[str], people: str | None, loop: bool) -> "tuple[NamedMotion, ...]":
    """Loads the motions of all sources, selects people by name, and makes loops of them if wanted."""
    from bodydouble.pipeline.looping import loop_motion
    from bodydouble.pipeline.motion_files import load_all_motions, select_motions

    motions = select_motions(load_all_motions(sources), people)
    return tuple(loop_motion(named) for named in motions) if loop else motions
