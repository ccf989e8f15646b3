"""What the commands have in common: kinds of arguments, and errors as one line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from bodydouble.cli.values import join_point_words
from bodydouble.errors import BodydoubleError

if TYPE_CHECKING:
    from bodydouble.pipeline import CaptureOptions

_debug = False


def enable_tracebacks() -> None:
    """Let errors through, with all that led to them."""
    global _debug  # noqa: PLW0603 - the one switch that all commands share
    _debug = True


class Quality(StrEnum):
    """Balances of speed and accuracy."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


class CameraMotion(StrEnum):
    """What is known about the camera."""

    AUTO = "auto"
    STATIC = "static"
    MOVING = "moving"


class Enhancement(StrEnum):
    """How dark and noisy frames are cleaned."""

    AUTO = "auto"
    OFF = "off"
    BILATERAL = "bilateral"
    NLM = "nlm"


VideoArgument = Annotated[
    str, typer.Argument(metavar="VIDEO", help="A video, GIF, picture, folder of pictures or pattern ('shots/*.png').")
]
FolderOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where the files go [default: VIDEO_bodydouble].")
]
PeopleOption = Annotated[
    str,
    typer.Option(
        metavar="WHO",
        help="all who ever move; main: the complete person who covers most of the picture; N: the N most prominent; "
        "person1,person3: by name; at X,Y,FRAME: the one at a pixel of a frame, counted from 0.",
    ),
]
QualityOption = Annotated[Quality, typer.Option(help="Which networks look at the video.")]
FpsOption = Annotated[
    str | None,
    typer.Option(metavar="RATE", help="Rate of all files but the film, such as 60 or 30000/1001 [default: VIDEO's]."),
]
CameraOption = Annotated[
    CameraMotion, typer.Option("--camera", help="Whether the camera moves; auto looks at the background.")
]
FocalLengthOption = Annotated[
    float | None,
    typer.Option(
        "--focal-length", metavar="MM", help="Focal length as on 35 mm film [default: the file's, or estimated]."
    ),
]
HeightOption = Annotated[
    float | None,
    typer.Option("--height", metavar="METRES", help="Height of the most prominent person among those chosen."),
]
KeypointsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="2D keypoints of VIDEO that you already have: JSON of COCO or AlphaPose, or a folder of OpenPose. "
        "People are not looked for.",
    ),
]
DetectorOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE.onnx",
        help="What finds people: an ONNX file of RTMO, YOLO-pose or RTMPose [default: movenet, built in].",
    ),
]
EnhanceOption = Annotated[
    Enhancement,
    typer.Option(help="How noisy or dark frames are cleaned before people are looked for; auto: where that helps."),
]
SaveFaceEmbeddingsOption = Annotated[
    bool,
    typer.Option(
        "--save-face-embeddings",
        help="Write vectors of people's faces, which are biometric data, to embeddings.npz; otherwise nothing is kept.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]


class PeopleCommand(TyperCommand):
    """A command with ``--people``, whose value may be two words: ``--people at 320,180,45``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words of the command line."""
        return super().parse_args(ctx, join_point_words(args))


@contextmanager
def report_errors() -> Iterator[None]:
    """Turn errors into one line on standard error and exit status 1."""
    if _debug:
        yield
        return
    try:
        yield
    except BodydoubleError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted; files that were complete stay")
    except MemoryError:
        _fail("out of memory; use --quality fast, or a shorter or smaller video")
    except Exception as error:
        _fail(f"unexpected {type(error).__name__}: {error}; run again as `bodydouble --debug ...` to see where")


def _fail(message: str) -> None:
    typer.echo(f"bodydouble: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)


def print_json(value: Any) -> None:
    """Print a value for machines."""
    typer.echo(json.dumps(value, indent=2))


def capture_options(
    people: str,
    quality: Quality,
    camera: CameraMotion,
    focal_length: float | None,
    height: float | None,
    keypoints: Path | None,
    detector: str | None,
    enhance: Enhancement,
) -> "CaptureOptions":
    """The options of the command line as pipeline.capture takes them."""
    options: CaptureOptions = {"people": people, "quality": quality, "camera": camera, "enhance": enhance}
    if focal_length is not None:
        options["focal_length_mm"] = focal_length
    if height is not None:
        options["height"] = height
    if keypoints is not None:
        options["keypoints"] = keypoints
    if detector is not None:
        options["detector"] = detector
    return options
