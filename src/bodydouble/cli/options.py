"""Options that several commands share, as types for typer and as bundles of them."""

import json
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import wraps
from inspect import Parameter, Signature, signature
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from bodydouble.pipeline import CaptureOptions


class Quality(StrEnum):
    """Presets that trade speed for accuracy."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


class CameraMode(StrEnum):
    """Prior knowledge about the motion of the camera."""

    AUTO = "auto"
    STATIC = "static"
    MOVING = "moving"


class Enhancement(StrEnum):
    """Methods that denoise and brighten frames for the networks."""

    AUTO = "auto"
    OFF = "off"
    BILATERAL = "bilateral"
    NLM = "nlm"


class DetailMode(StrEnum):
    """Modes of capturing hands, faces, or mouths by the sound."""

    AUTO = "auto"
    OFF = "off"


VideoArgument = Annotated[
    str, typer.Argument(metavar="VIDEO", help="A video, GIF, image, folder of images or pattern ('shots/*.png').")
]
FolderOption = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="DIR", help="Folder of the files written. Default: VIDEO_bodydouble."),
]
PeopleOption = Annotated[
    str,
    typer.Option(
        metavar="SELECTION",
        help="People to capture. all: everyone who moves; main: the fully visible person who covers most of the clip; "
        "N: the N people who cover most; person1,person3: by name; at X,Y,FRAME: the person at a pixel of a frame, "
        "counted from 0.",
    ),
]
QualityOption = Annotated[Quality, typer.Option(help="Preset of networks: speed or accuracy.")]
FpsOption = Annotated[
    str | None,
    typer.Option(
        metavar="RATE",
        help="Frame rate of all files but the preview, in frames/s, such as 60 or 30000/1001. "
        "Default: the frame rate of VIDEO.",
    ),
]
CameraOption = Annotated[
    CameraMode, typer.Option("--camera", help="Motion of the camera. auto: estimated from the background.")
]
FocalLengthOption = Annotated[
    float | None,
    typer.Option(
        "--focal-length",
        metavar="MM",
        help="Focal length in mm, 35 mm equivalent. Default: the metadata of VIDEO, or an estimate.",
    ),
]
HeightOption = Annotated[
    float | None,
    typer.Option(
        "--height",
        metavar="METRES",
        help="Body height in m of the most prominent selected person. Default: an estimate.",
    ),
]
KeypointsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|DIR",
        help="External 2D keypoints of VIDEO: a JSON file of COCO, AlphaPose or MMPose, or a folder of OpenPose. "
        "Person detection is then skipped.",
    ),
]
DetectorOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE.onnx",
        help="Person detector: an ONNX file of RTMO, YOLO-pose or RTMPose. Default: movenet, built in.",
    ),
]
EnhanceOption = Annotated[
    Enhancement,
    typer.Option(help="Denoising and brightening of the frames that the networks see. auto: where it helps."),
]
HandsOption = Annotated[DetailMode, typer.Option(help="Capture of the fingers. auto: where hands are large enough.")]
FaceOption = Annotated[DetailMode, typer.Option(help="Capture of the face. auto: where it is large enough.")]
SpeechOption = Annotated[
    DetailMode,
    typer.Option(help="Mouths that move with the sound. auto: where somebody speaks whose face is not seen."),
]
SaveFaceEmbeddingsOption = Annotated[
    bool,
    typer.Option(
        "--save-face-embeddings",
        help="Write face embeddings, which are biometric data, to embeddings.npz. Default: they are not stored.",
    ),
]
MapOption = Annotated[
    Path | None,
    typer.Option(
        "--map",
        metavar="FILE.toml",
        help='Joints of the character where the automatic map is wrong: lines such as leftHand = "joint name".',
    ),
]
ClipsOption = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Number of clips, evenly spread over the set. Default: all clips."),
]
CacheDirOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of cached clips and captures. Default: ~/.cache/bodydouble."),
]
MarkdownOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the tables to FILE, as the page in docs.")
]
HtmlOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures to FILE, a web page.")]
SeedOption = Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the random number generator.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the results as JSON on standard output.")]


@dataclass(frozen=True, slots=True)
class PerceptionArguments:
    """Arguments that all commands share which capture a video."""

    video: VideoArgument
    people: PeopleOption = "all"
    quality: QualityOption = Quality.BALANCED
    camera: CameraOption = CameraMode.AUTO
    focal_length: FocalLengthOption = None
    height: HeightOption = None
    keypoints: KeypointsOption = None
    detector: DetectorOption = None
    enhance: EnhanceOption = Enhancement.AUTO
    hands: HandsOption = DetailMode.AUTO
    face: FaceOption = DetailMode.AUTO
    speech: SpeechOption = DetailMode.AUTO

    def capture_options(self) -> "CaptureOptions":
        """Returns the options of ``pipeline.capture``."""
        options: CaptureOptions = {
            "people": self.people, "quality": self.quality, "camera": self.camera, "enhance": self.enhance,
            "hands": self.hands, "face": self.face, "speech": self.speech,
        }  # fmt: skip
        if self.focal_length is not None:
            options["focal_length_mm"] = self.focal_length
        if self.height is not None:
            options["height"] = self.height
        if self.keypoints is not None:
            options["keypoints"] = self.keypoints
        if self.detector is not None:
            options["detector"] = self.detector
        return options


@dataclass(frozen=True, slots=True)
class CaptureArguments(PerceptionArguments):
    """Arguments that ``animate`` and ``capture`` share."""

    output: FolderOption = None
    fps: FpsOption = None
    save_face_embeddings: SaveFaceEmbeddingsOption = False
    as_json: JsonOption = False


@dataclass(frozen=True, slots=True)
class BenchArguments:
    """Arguments that the ``bench`` commands on synthetic clips share."""

    clips: ClipsOption = None
    cache_dir: CacheDirOption = None
    markdown: MarkdownOption = None
    quality: QualityOption = Quality.BEST
    as_json: JsonOption = False


def expand_arguments(command: Callable[..., None]) -> Callable[..., None]:
    """Replaces the parameters of a command that are dataclasses by one parameter per field.

    Typer reads command line options from the signature of a function. So commands can share dataclasses of options.
    """
    hints = get_type_hints(command, include_extras=True)
    bundles: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    own_parameters = [p for p in signature(command).parameters.values() if p.name not in bundles]
    parameters = [parameter for bundle in bundles.values() for parameter in _field_parameters(bundle)]
    parameters += [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in own_parameters]

    @wraps(command)
    def expanded(**values: Any) -> None:
        shared = {
            name: bundle(**{field.name: values.pop(field.name) for field in fields(bundle)})
            for name, bundle in bundles.items()
        }
        command(**shared, **values)

    expanded.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    for bundle in bundles.values():
        hints |= get_type_hints(bundle, include_extras=True)
    expanded.__annotations__ = hints
    return expanded


def _field_parameters(bundle: Any) -> list[Parameter]:
    hints = get_type_hints(bundle, include_extras=True)
    return [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(bundle)
    ]


def print_json(value: Any) -> None:
    """Prints a value as JSON on standard output; numbers that are not finite become null, which JSON has."""
    typer.echo(json.dumps(_finite_or_none(value), indent=2, allow_nan=False))


def _finite_or_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite_or_none(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite_or_none(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value
