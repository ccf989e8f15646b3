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
from bodydouble.perception.appearance.faces import FaceEmbedder
from bodydouble.perception.background import BackgroundTracker
from bodydouble.perception.external_keypoints import ExternalKeypointObserver, ExternalKeypoints, convert_keypoints
from bodydouble.perception.image.enhance import FrameEnhancer, check_method
from bodydouble.perception.pose.observe import MOVENET, Observer, create_observer
from bodydouble.perception.shots.detect import split_into_shots
from bodydouble.pipeline.progress import Progress
from bodydouble.tracking.association import build_tracks
from bodydouble.tracking.faces import collect_face_embeddings
from bodydouble.tracking.keypoint_reliability import downweight_unreliable_keypoints
from bodydouble.tracking.known import build_tracks_from_ids
from bodydouble.tracking.selection import PersonAtPoint, name_people, parse_selection, select_people
from bodydouble.tracking.static_detection import detect_static_people

PERCEPTION_MAX_SIDE = 1920
"""px; frames with a longer side are scaled down to this before anybody looks at them."""
CAMERA_MODES = ("auto", "static", "moving")
FOCAL_LENGTH_RANGE_MM = (8.0, 1000.0)
"""mm, as on 35 mm film."""
HEIGHT_RANGE = (0.4, 2.6)
"""m, of people."""

FaceEmbeddings = dict[str, tuple[IntArray, FloatArray]]
"""By name of a person: frames (N,) in which the face was looked at, and its unit vectors (N, 1024)."""


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What was found in a video."""

    performance: Performance
    face_embeddings: FaceEmbeddings
    static_people: Mapping[str, Track]
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
    focal_length_mm: float
    """mm, of the lens, as if the picture's diagonal were that of 36 mm x 24 mm film."""
    height: float
    """m, of the most prominent person."""
    keypoints: str | Path
    """File or folder of 2D keypoints of the people in this video, which are taken instead of looking for them: JSON
    of COCO, AlphaPose or OpenPose."""
    detector: str | Path
    """"movenet", or an ONNX file of RTMO, YOLO-pose or RTMPose, which finds the people; "movenet" if left out."""
    enhance: str
    """"auto", "off", "bilateral" or "nlm": how dark and noisy frames are cleaned for the networks; "auto", which does
    so where that was measured to help, if left out."""


def capture(video: str | Path, *, progress: Progress | None = None, **options: Unpack[CaptureOptions]) -> Performance:
    """The motion of the people in a video.

    Args:
        video: any video, GIF, picture, folder of pictures or pattern such as ``shots/*.png``.
        progress: is told about the progress.
        **options: CaptureOptions.

    Returns:
        Camera, tracks and motions; the most prominent person first. Whoever is chosen is named as among all people.

    Raises:
        MediaError: the video cannot be read.
        NoPeopleError: nobody is in it for long enough.
        InvalidDataError: an option has no such value, or the clip no such person.
    """
    return capture_clip(Path(video), progress or Progress(), options).performance


def capture_clip(path: Path, progress: Progress, options: CaptureOptions) -> CaptureResult:
    """As ``capture``, with the faces of the people, and who never moves."""
    clip = check_clip(path, options)
    static = options.get("camera", "auto") == "static"
    external_keypoints = _read_external_keypoints(options, clip)
    denoiser = FrameEnhancer(options.get("enhance", "auto"))
    observations, background, shot_starts = _observe(
        path, clip.image_size, partial(_create_observer, options, external_keypoints), progress, denoiser, static=static
    )
    with progress.stage("tracking"):
        everybody = name_people(_build_tracks(observations, external_keypoints, clip, shot_starts))
        # Whose keypoints are given was found to be a person by somebody else.
        static_people = (
            {} if external_keypoints else detect_static_people(everybody, float(clip.fps), clip.image_size, background)
        )
        people, static_people = _select(everybody, static_people, options, clip, len(observations))
    for name in static_people:
        left_out = "" if name in people else f" Left out; --people {name} takes it"
        progress.warn(f"{name} never moves: a statue or a picture?{left_out}")
    if not people:
        raise NoPeopleError(
            f"nobody was found in {path} for long enough; people must be visible for about half a second, "
            "not too small and not too dark"
        )
    known = Known(focal=_focal_length_px(options, clip), height=options.get("height"))
    moving = True if options.get("camera") == "moving" else None
    with progress.stage("motion"):
        camera, motions = reconstruct_shots(
            tuple(people.values()),
            clip.image_size,
            len(observations),
            clip.fps,
            shot_starts,
            known=known,
            background=background,
            moving=moving,
        )
    pairs = zip(people.items(), motions, strict=True)
    cast = tuple(Person(name, track, motion) for (name, track), motion in pairs)
    faces = {name: collect_face_embeddings(track, observations) for name, track in people.items()}
    return CaptureResult(Performance(clip.fps, len(observations), camera, cast), faces, static_people)


def _select(
    everybody: Mapping[str, Track],
    still: Mapping[str, Track],
    options: CaptureOptions,
    clip: Clip,
    frame_count: int,
) -> tuple[dict[str, Track], dict[str, Track]]:
    """The people asked for; and who never moves, of them and of those who would have been taken if they did."""
    wanted = parse_selection(options.get("people", "all"))
    people = select_people(everybody, wanted, clip.image_size, frame_count, still)
    asked = people | select_people(everybody, wanted, clip.image_size, frame_count)
    return people, {name: track for name, track in still.items() if name in asked}


def check_clip(video: Path, options: CaptureOptions) -> Clip:
    """What is known about the clip, once the options are found to make sense for it."""
    _check_options(options)
    clip = probe(video)
    selection = parse_selection(options.get("people", "all"))
    if isinstance(selection, PersonAtPoint):
        selection.check(clip.image_size, clip.frame_count)
    return clip


def _check_options(options: CaptureOptions) -> None:
    parse_selection(options.get("people", "all"))
    check_method(options.get("enhance", "auto"))
    camera = options.get("camera", "auto")
    if camera not in CAMERA_MODES:
        raise InvalidDataError(f"unknown camera {camera!r}; choose one of {', '.join(CAMERA_MODES)}")
    for name, value, (minimum, maximum) in (
        ("focal_length_mm", options.get("focal_length_mm"), FOCAL_LENGTH_RANGE_MM), ("height", options.get("height"), HEIGHT_RANGE)
    ):  # fmt: skip
        if value is not None and not minimum <= value <= maximum:
            raise InvalidDataError(f"{name} is {value:g}; it must lie between {minimum:g} and {maximum:g}")
    if "keypoints" in options and "detector" in options:
        raise InvalidDataError("keypoints and a detector were given; keypoints need no detector, leave one of them out")


def _read_external_keypoints(options: CaptureOptions, clip: Clip) -> ExternalKeypoints | None:
    """Those whose keypoints are known."""
    path = options.get("keypoints")
    if path is None:
        return None
    found = read_keypoints(path)
    given = convert_keypoints(found.names, found.frames, found.track_ids, found.keypoints, clip.image_size)
    if clip.frame_count is not None:
        given.check_frames(clip.frame_count)
    return given


def _create_observer(options: CaptureOptions, given: ExternalKeypoints | None) -> Observer | ExternalKeypointObserver:
    if given is not None:
        return ExternalKeypointObserver(given)
    return create_observer(options.get("quality", "balanced"), options.get("detector", MOVENET))


def _build_tracks(
    observations: Sequence[Sequence[Observation]], given: ExternalKeypoints | None, clip: Clip, cuts: Sequence[int]
) -> tuple[Track, ...]:
    if given is None:
        return downweight_unreliable_keypoints(
            build_tracks(observations, clip.fps, shot_starts=cuts), clip.image_size, float(clip.fps)
        )
    given.check_frames(len(observations))
    return build_tracks_from_ids(observations, given.ids_per_frame(len(observations)), clip.fps, shot_starts=cuts)


def _focal_length_px(options: CaptureOptions, clip: Clip) -> float | None:
    focal = options.get("focal_length_mm")
    return clip.focal_length_px if focal is None else replace(clip, focal_length_35mm=focal).focal_length_px


def _observe(
    path: Path,
    image_size: tuple[int, int],
    create: Callable[[], Observer | ExternalKeypointObserver],
    progress: Progress,
    denoiser: FrameEnhancer,
    *,
    static: bool = False,
) -> tuple[list[tuple[Observation, ...]], Background | None, tuple[int, ...]]:
    """The people in every frame, what stands behind them, in pixels of a picture of the given size, and the cuts.

    A cut is the first frame of another shot than the one before. After a dissolve nothing begins anew: who is seen in
    it is gone little by little, and by the time that it is found, others are followed.

    The background of a static camera is not looked at. Only the networks see cleaned frames: filters move corners.
    """
    with progress.stage("loading networks"):
        observer, faces = create(), FaceEmbedder()
    background_tracker = None if static else BackgroundTracker()
    with (
        FrameReader(path, max_side=PERCEPTION_MAX_SIDE) as reader,
        progress.stage("perception", reader.clip.frame_count),
    ):
        width, height = reader.clip.image_size
        scale = np.array([image_size[0] / width, image_size[1] / height])
        seen: list[tuple[Observation, ...]] = []
        shot_starts: list[int] = []
        for frame, begun in progress.track(split_into_shots(reader)):
            shot_starts.extend(begun)
            if len(seen) in begun:
                observer.begin_shot()
                denoiser.begin_shot()
                if background_tracker:
                    background_tracker.begin_shot()
            clean = denoiser.enhance(frame)
            people = faces.embed_people(clean, observer.observe(clean))
            if background_tracker:
                background_tracker.process_frame(frame, np.array([one.box for one in people]).reshape(-1, 4))
            seen.append(tuple(_rescale(one, scale) for one in people))
            for ago, one in observer.backfilled_observations():
                seen[-1 - ago] += (_rescale(one, scale),)
        for warning in (*reader.warnings, *denoiser.quality_warnings(reader.clip.image_size)):
            progress.warn(warning)
    progress.network_seconds += observer.network_seconds + faces.seconds
    return seen, background_tracker.result(scale) if background_tracker else None, tuple(shot_starts)


def _rescale(one: Observation, scale: FloatArray) -> Observation:
    return replace(one, box=one.box * np.tile(scale, 2), keypoints=one.keypoints * np.append(scale, 1.0))
