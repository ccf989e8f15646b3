"""Video -> people -> tracks -> motion: the motion of the people in a video."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np

from bodydouble.data import Background, Clip, FloatArray, IntArray, Observation, Performance, Person, Track
from bodydouble.errors import InvalidDataError, NoPeopleError
from bodydouble.formats.keypoint_files import read_keypoints
from bodydouble.formats.media import FrameReader, probe
from bodydouble.motion.multi_shot import reconstruct_shots
from bodydouble.motion.reconstruct import Known
from bodydouble.perception.appearance.faces import FaceReader
from bodydouble.perception.background import BackgroundTracker
from bodydouble.perception.external_keypoints import GivenObserver, GivenPeople, given_people
from bodydouble.perception.image.enhance import Denoiser, check_method
from bodydouble.perception.pose.observe import MOVENET, Observer, create_observer
from bodydouble.perception.shots.detect import told_apart
from bodydouble.pipeline.progress import Monitor
from bodydouble.tracking.association import associate
from bodydouble.tracking.faces import faces_of
from bodydouble.tracking.keypoint_reliability import owned
from bodydouble.tracking.known import tracks_of
from bodydouble.tracking.selection import At, name_people, parse, select
from bodydouble.tracking.static_detection import still_people

PERCEPTION_SIDE = 1920
"""px; frames with a longer side are scaled down to this before anybody looks at them."""
CAMERAS = ("auto", "static", "moving")
FOCAL_RANGE = (8.0, 1000.0)
"""mm, as on 35 mm film."""
HEIGHT_RANGE = (0.4, 2.6)
"""m, of people."""

Faces = dict[str, tuple[IntArray, FloatArray]]
"""By name of a person: frames (N,) in which the face was looked at, and its unit vectors (N, 1024)."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What was found in a video."""

    performance: Performance
    faces: Faces
    still: Mapping[str, Track]
    """Those asked for who never move, by name; who of them is not in the performance was left out."""


class CaptureOptions(TypedDict, total=False):
    """How a video is looked at; what is left out is found out, or usual."""

    people: str
    """"all" but those who never move, "main", how many of the most prominent ones, names such as "person1,person3", or
    "at X,Y,FRAME" for the one at a point, px, of a frame, counted from 0; "all" if left out."""
    quality: str
    """"fast", "balanced" or "best"; "balanced" if left out."""
    camera: str
    """"static", "moving" or "auto", which looks at the background; "auto" if left out."""
    focal: float
    """mm, of the lens, as if the picture's diagonal were that of 36 mm x 24 mm film."""
    height: float
    """m, of the most prominent person."""
    keypoints: str | Path
    """File or folder of 2D keypoints of the people in this video, which are taken instead of looking for them: JSON
    of COCO, AlphaPose or OpenPose."""
    detector: str | Path
    """"movenet", or an ONNX file of RTMO, YOLO-pose or RTMPose, which finds the people; "movenet" if left out."""
    denoise: str
    """"auto", "off", "bilateral" or "nlm": how dark and noisy frames are cleaned for the networks; "auto", which does
    so where that was measured to help, if left out."""


def capture(video: str | Path, *, monitor: Monitor | None = None, **options: Unpack[CaptureOptions]) -> Performance:
    """The motion of the people in a video.

    Args:
        video: any video, GIF, picture, folder of pictures or pattern such as ``shots/*.png``.
        monitor: is told about the progress.
        **options: CaptureOptions.

    Returns:
        Camera, tracks and motions; the most prominent person first. Whoever is chosen is named as among all people.

    Raises:
        MediaError: the video cannot be read.
        NoPeopleError: nobody is in it for long enough.
        InvalidDataError: an option has no such value, or the clip no such person.
    """
    return captured_clip(Path(video), monitor or Monitor(), options).performance


def captured_clip(path: Path, monitor: Monitor, options: CaptureOptions) -> Captured:
    """As ``capture``, with the faces of the people, and who never moves."""
    clip = checked_clip(path, options)
    static = options.get("camera", "auto") == "static"
    given = _given_people(options, clip)
    denoiser = Denoiser(options.get("denoise", "auto"))
    observations, background, cuts = _observe(
        path, clip.size, partial(_observer, options, given), monitor, denoiser, static=static
    )
    with monitor.stage("tracking"):
        everybody = name_people(_tracks(observations, given, clip, cuts))
        # Whose keypoints are given was found to be a person by somebody else.
        still = {} if given else still_people(everybody, float(clip.fps), clip.size, background)
        people, still = _chosen(everybody, still, options, clip, len(observations))
    for name in still:
        left_out = "" if name in people else f" Left out; --people {name} takes it"
        monitor.warn(f"{name} never moves: a statue or a picture?{left_out}")
    if not people:
        raise NoPeopleError(
            f"nobody was found in {path} for long enough; people must be visible for about half a second, "
            "not too small and not too dark"
        )
    known = Known(focal=_focal_px(options, clip), height=options.get("height"))
    moving = True if options.get("camera") == "moving" else None
    with monitor.stage("motion"):
        camera, motions = reconstruct_shots(
            tuple(people.values()),
            clip.size,
            len(observations),
            clip.fps,
            cuts,
            known=known,
            background=background,
            moving=moving,
        )
    pairs = zip(people.items(), motions, strict=True)
    cast = tuple(Person(name, track, motion) for (name, track), motion in pairs)
    faces = {name: faces_of(track, observations) for name, track in people.items()}
    return Captured(Performance(clip.fps, len(observations), camera, cast), faces, still)


def _chosen(
    everybody: Mapping[str, Track],
    still: Mapping[str, Track],
    options: CaptureOptions,
    clip: Clip,
    frame_count: int,
) -> tuple[dict[str, Track], dict[str, Track]]:
    """The people asked for; and who never moves, of them and of those who would have been taken if they did."""
    wanted = parse(options.get("people", "all"))
    people = select(everybody, wanted, clip.size, frame_count, still)
    asked = people | select(everybody, wanted, clip.size, frame_count)
    return people, {name: track for name, track in still.items() if name in asked}


def checked_clip(video: Path, options: CaptureOptions) -> Clip:
    """What is known about the clip, once the options are found to make sense for it."""
    _check(options)
    clip = probe(video)
    selection = parse(options.get("people", "all"))
    if isinstance(selection, At):
        selection.check(clip.size, clip.frame_count)
    return clip


def _check(options: CaptureOptions) -> None:
    parse(options.get("people", "all"))
    check_method(options.get("denoise", "auto"))
    camera = options.get("camera", "auto")
    if camera not in CAMERAS:
        raise InvalidDataError(f"unknown camera {camera!r}; choose one of {', '.join(CAMERAS)}")
    for name, value, (least, most) in (
        ("focal", options.get("focal"), FOCAL_RANGE), ("height", options.get("height"), HEIGHT_RANGE)
    ):  # fmt: skip
        if value is not None and not least <= value <= most:
            raise InvalidDataError(f"{name} is {value:g}; it must lie between {least:g} and {most:g}")
    if "keypoints" in options and "detector" in options:
        raise InvalidDataError("keypoints and a detector were given; keypoints need no detector, leave one of them out")


def _given_people(options: CaptureOptions, clip: Clip) -> GivenPeople | None:
    """Those whose keypoints are known."""
    path = options.get("keypoints")
    if path is None:
        return None
    found = read_keypoints(path)
    given = given_people(found.names, found.frames, found.track_ids, found.keypoints, clip.size)
    if clip.frame_count is not None:
        given.check_frames(clip.frame_count)
    return given


def _observer(options: CaptureOptions, given: GivenPeople | None) -> Observer | GivenObserver:
    if given is not None:
        return GivenObserver(given)
    return create_observer(options.get("quality", "balanced"), options.get("detector", MOVENET))


def _tracks(
    observations: Sequence[Sequence[Observation]], given: GivenPeople | None, clip: Clip, cuts: Sequence[int]
) -> tuple[Track, ...]:
    if given is None:
        return owned(associate(observations, clip.fps, cuts=cuts), clip.size, float(clip.fps))
    given.check_frames(len(observations))
    return tracks_of(observations, given.ids(len(observations)), clip.fps, cuts=cuts)


def _focal_px(options: CaptureOptions, clip: Clip) -> float | None:
    focal = options.get("focal")
    return clip.focal_px if focal is None else replace(clip, focal_35mm=focal).focal_px


def _observe(
    path: Path,
    size: tuple[int, int],
    create: Callable[[], Observer | GivenObserver],
    monitor: Monitor,
    denoiser: Denoiser,
    *,
    static: bool = False,
) -> tuple[list[tuple[Observation, ...]], Background | None, tuple[int, ...]]:
    """The people in every frame, what stands behind them, in pixels of a picture of the given size, and the cuts.

    A cut is the first frame of another shot than the one before. After a dissolve nothing begins anew: who is seen in
    it is gone little by little, and by the time that it is found, others are followed.

    The background of a static camera is not looked at. Only the networks see cleaned frames: filters move corners.
    """
    with monitor.stage("loading networks"):
        observer, faces = create(), FaceReader()
    behind = None if static else BackgroundTracker()
    with FrameReader(path, max_side=PERCEPTION_SIDE) as reader, monitor.stage("perception", reader.clip.frame_count):
        width, height = reader.clip.size
        scale = np.array([size[0] / width, size[1] / height])
        seen: list[tuple[Observation, ...]] = []
        cuts: list[int] = []
        for frame, begun in monitor.counted(told_apart(reader)):
            cuts.extend(begun)
            if len(seen) in begun:
                observer.begin_shot()
                denoiser.begin_shot()
                if behind:
                    behind.begin_shot()
            clean = denoiser.clean(frame)
            people = faces.read(clean, observer.observe(clean))
            if behind:
                behind.follow(frame, np.array([one.box for one in people]).reshape(-1, 4))
            seen.append(tuple(_scaled(one, scale) for one in people))
            for ago, one in observer.earlier():
                seen[-1 - ago] += (_scaled(one, scale),)
        for warning in (*reader.warnings, *denoiser.complaints(reader.clip.size)):
            monitor.warn(warning)
    monitor.network_seconds += observer.network_seconds + faces.seconds
    return seen, behind.result(scale) if behind else None, tuple(cuts)


def _scaled(one: Observation, scale: FloatArray) -> Observation:
    return replace(one, box=one.box * np.tile(scale, 2), keypoints=one.keypoints * np.append(scale, 1.0))
