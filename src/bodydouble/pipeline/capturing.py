"""Motion capture: a video and ``CaptureOptions`` -> ``CaptureResult`` with the ``Performance`` of the people in it.

Stages: perception (frames -> observations), tracking (observations -> tracks), motion (tracks -> 3D motion).
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np

from bodydouble.data import Camera, Clip, Motion, Performance, Person, Track
from bodydouble.data.corrections import FOCAL_LENGTH_RANGE_MM, HEIGHT_RANGE
from bodydouble.data.memory import release_memory
from bodydouble.errors import InvalidDataError, NoPeopleError
from bodydouble.formats.keypoint_files import read_keypoints
from bodydouble.formats.media import FrameReader, probe
from bodydouble.motion.camera.path import is_too_plain
from bodydouble.motion.face.face_track import build_face
from bodydouble.motion.face.head_rotation import fuse_head_rotation
from bodydouble.motion.floor.plausibility import describe_doubts
from bodydouble.motion.hands.capture_hands import capture_hands
from bodydouble.motion.hands.unseen_arms import rest_unseen_arms
from bodydouble.motion.multi_shot import reconstruct_shots
from bodydouble.motion.reconstruct import MeasuredInputs, ReconstructionInput, reconstruct
from bodydouble.networks import network_seconds
from bodydouble.perception.appearance.estimate import estimate_appearance
from bodydouble.perception.appearance.faces import FaceEmbedder
from bodydouble.perception.appearance.sampler import AppearanceSampler
from bodydouble.perception.background_observer import BackgroundObserver
from bodydouble.perception.external_keypoints import ExternalKeypointObserver, ExternalKeypoints, convert_keypoints
from bodydouble.perception.face.face_model import FaceModel, options_for_quality
from bodydouble.perception.hands.hand_observer import HandObserver, interval_for_quality
from bodydouble.perception.image.enhance import FrameEnhancer, check_method
from bodydouble.perception.pose.observe import MOVENET, create_observer, create_second_network
from bodydouble.perception.protocols import DetailModel
from bodydouble.pipeline.perceiving import FrameListener, Perception, PerceptionResult
from bodydouble.pipeline.progress import Progress
from bodydouble.pipeline.speaking import add_speech
from bodydouble.pipeline.visible_hands import describe_absence
from bodydouble.tracking.association import FaceEmbeddings, PersonTrack, build_tracks
from bodydouble.tracking.false_people import shows_person
from bodydouble.tracking.selection import PersonAtPoint, Selection, name_people, parse_selection, select_people
from bodydouble.tracking.static_detection import detect_static_people

PERCEPTION_MAX_SIDE = 1920
"""Maximum long side in px of the frames that perception processes; larger ones are scaled down."""
CAMERA_MODES = ("auto", "static", "moving")
DETAIL_MODES = ("auto", "off")
"""Modes of the capture of hands, of faces, and of mouths by the sound."""
PLAIN_BACKGROUND = (
    "the background shows too few details to tell how the camera moves, so its motion is not estimated. If it stands "
    "still, --camera static says so; if not, show more of the place"
)
"""Warning about a background without corners."""


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """Result of capturing a video."""

    performance: Performance
    face_embeddings: Mapping[str, FaceEmbeddings]
    """Face embeddings of the people of the performance, by name."""
    static_people: Mapping[str, Track]
    """Selected people who never move, by name; those missing from the performance were excluded."""


class CaptureOptions(TypedDict, total=False):
    """Options of capturing; all have a default, or the value is estimated."""

    people: str
    """People to capture: "all" but static ones, "main", a number of the most prominent ones, names such as
    "person1,person3", or "at X,Y,FRAME" for the person at a point, px, of a frame, from 0. Default: "all"."""
    quality: str
    """Quality preset: "fast", "balanced" or "best". Default: "balanced"."""
    camera: str
    """Camera mode: "static", "moving", or "auto", which decides by the background. Default: "auto"."""
    focal_length_mm: float
    """Focal length in mm, as if the diagonal of the image were that of 36 mm x 24 mm (full frame)."""
    height: float
    """Height of the most prominent person in m."""
    keypoints: str | Path
    """File or folder of external 2D keypoints of this video, which replace detection: JSON of COCO, AlphaPose, MMPose
    or OpenPose."""
    detector: str | Path
    """Detector of people: "movenet", or an ONNX file of RTMO, YOLO-pose or RTMPose. Default: "movenet"."""
    enhance: str
    """Denoising and brightening of dark or noisy frames for the networks: "auto", "off", "bilateral" or "nlm". Default:
    "auto", which enhances where that was measured to help."""
    hands: str
    """Capture of the fingers: "auto", where hands are large enough, or "off". Default: "auto"."""
    face: str
    """Capture of the face: "auto", where it is large enough, or "off". Default: "auto"."""
    speech: str
    """Mouths that move with the sound: "auto", where somebody speaks whose face is not seen, or "off". Default:
    "auto"."""


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """A video with options that are valid for it."""

    clip: Clip
    selection: Selection
    options: CaptureOptions


def capture(video: str | Path, *, progress: Progress | None = None, **options: Unpack[CaptureOptions]) -> Performance:
    """Captures the motion of the people in a video.

    Args:
        video: any video, GIF, image, folder of images or pattern such as ``shots/*.png``.
        progress: collects progress, timing and warnings.
        **options: CaptureOptions.

    Returns:
        Camera, tracks and motions; the most prominent person first. Names do not depend on the selection of people.

    Raises:
        MediaError: the video cannot be read.
        NoPeopleError: nobody is visible for long enough.
        InvalidDataError: an option has an invalid value, or the clip lacks a selected person.
    """
    return capture_clip(prepare_capture(Path(video), options), progress or Progress()).performance


def prepare_capture(video: Path, options: CaptureOptions) -> CaptureRequest:
    """Checks the options and probes the video; raises as ``capture`` does."""
    selection = check_capture_options(options)
    clip = probe(video)
    if isinstance(selection, PersonAtPoint):
        selection.check(clip.image_size, clip.frame_count)
    return CaptureRequest(clip, selection, options)


def check_capture_options(options: CaptureOptions) -> Selection:
    """Returns the selection of people; raises InvalidDataError if an option is invalid for any video."""
    selection = parse_selection(options.get("people", "all"))
    check_method(options.get("enhance", "auto"))
    camera = options.get("camera", "auto")
    if camera not in CAMERA_MODES:
        raise InvalidDataError(f"unknown camera {camera!r}; choose one of {', '.join(CAMERA_MODES)}")
    modes = {"hands": options.get("hands"), "face": options.get("face"), "speech": options.get("speech")}
    for name, mode in modes.items():
        if mode not in (None, *DETAIL_MODES):
            raise InvalidDataError(f"unknown {name} {mode!r}; choose one of {', '.join(DETAIL_MODES)}")
    _check_range("focal_length_mm", options.get("focal_length_mm"), FOCAL_LENGTH_RANGE_MM)
    _check_range("height", options.get("height"), HEIGHT_RANGE)
    if "keypoints" in options and "detector" in options:
        raise InvalidDataError("keypoints and a detector were given; keypoints need no detector, leave one of them out")
    return selection


def _check_range(name: str, value: float | None, bounds: tuple[float, float]) -> None:
    minimum, maximum = bounds
    if value is not None and not minimum <= value <= maximum:
        raise InvalidDataError(f"{name} is {value:g}; it must lie between {minimum:g} and {maximum:g}")


def capture_clip(request: CaptureRequest, progress: Progress, on_frame: FrameListener | None = None) -> CaptureResult:
    """Captures the motion of the people in a video, with their face embeddings; raises as ``capture`` does.

    ``on_frame`` receives the index and the image of every frame while it is processed.
    """
    clip, options = request.clip, request.options
    keypoints = _read_external_keypoints(options, clip, progress)
    perceived = _perceive(request, keypoints, progress, on_frame)
    frame_count = len(perceived.observations)
    release_memory()
    with progress.stage("tracking"):
        people, static_people = _track_people(perceived, keypoints, request)
    _warn_of_static_people(static_people, people, progress)
    if perceived.background is not None and is_too_plain(perceived.background):
        progress.warn(PLAIN_BACKGROUND)
    if not people:
        raise NoPeopleError(
            describe_absence(clip.path, looks_for_hands=options.get("hands") != "off" and keypoints is None)
        )
    release_memory()
    with progress.stage("motion"):
        # The input is no variable here, so that the background is freed when the path of the camera is known.
        run = reconstruct_shots if perceived.shot_starts else reconstruct
        camera, reconstructed = run(_reconstruction_input(request, perceived, frame_count, people))
        motions = list(reconstructed)
        del reconstructed
        release_memory()
        embeddings = {name: person.face_embeddings for name, person in people.items()}
        performers = _build_people(people, motions, camera)
    release_memory()
    if clip.has_audio and options.get("speech") != "off":
        performers = add_speech(clip.path, performers, frame_count, progress)
    for message in (doubt for performer in performers for doubt in describe_doubts(performer)):
        progress.warn(message)
    return CaptureResult(
        Performance(clip.fps, frame_count, camera, performers, shot_starts=tuple(sorted(set(perceived.shot_starts)))),
        embeddings,
        static_people,
    )


def _build_people(people: dict[str, PersonTrack], motions: list[Motion], camera: Camera) -> tuple[Person, ...]:
    """Builds all people in order, and frees what each was observed to do; both arguments become empty."""
    performers = []
    for name in list(people):
        performers.append(_build_person(name, people.pop(name), motions.pop(0), camera))
    return tuple(performers)


def _build_person(name: str, tracked: PersonTrack, motion: Motion, camera: Camera) -> Person:
    motion = fuse_head_rotation(motion, camera, tracked.track, tracked.faces)
    hands, motion = capture_hands(tracked.hands, motion, camera, tracked.track.frames)
    motion = rest_unseen_arms(motion, tracked.track, hands, camera.image_size)
    face, appearance = build_face(tracked.faces, float(motion.fps)), estimate_appearance(tracked.appearance_samples)
    return Person(name, tracked.fused_track(), motion, hands, face, appearance)


def _reconstruction_input(
    request: CaptureRequest, perceived: PerceptionResult, frame_count: int, people: Mapping[str, PersonTrack]
) -> ReconstructionInput:
    clip, options = request.clip, request.options
    return ReconstructionInput(
        tuple(person.track for person in people.values()),
        clip.image_size,
        frame_count,
        clip.fps,
        perceived.take_background(),
        perceived.lines,
        camera_moves=True if options.get("camera") == "moving" else None,
        shot_starts=tuple(sorted(set(perceived.shot_starts))),
        measured=MeasuredInputs(focal_length_px=_focal_length_px(options, clip), stature=options.get("height")),
    )


def _focal_length_px(options: CaptureOptions, clip: Clip) -> float | None:
    """Returns the focal length from the options, else from the metadata of the file, else None."""
    focal_length_mm = options.get("focal_length_mm")
    return (clip if focal_length_mm is None else replace(clip, focal_length_35mm=focal_length_mm)).focal_length_px


def _warn_of_static_people(
    static_people: Mapping[str, Track], people: Mapping[str, object], progress: Progress
) -> None:
    for name in static_people:
        left_out = "" if name in people else f" Left out; --people {name} takes it"
        progress.warn(f"{name} never moves: a statue or a picture?{left_out}")


def _read_external_keypoints(options: CaptureOptions, clip: Clip, progress: Progress) -> ExternalKeypoints | None:
    path = options.get("keypoints")
    if path is None:
        return None
    rows = read_keypoints(path)
    if rows.first_frame == 1:
        rows = rows.count_from_zero()
        progress.warn(f"the frames of {path} are numbered from 1; its frame 1 is taken as the first one of the video")
    keypoints = convert_keypoints(rows.keypoint_names, rows.frames, rows.track_ids, rows.keypoints, clip.image_size)
    if clip.frame_count is not None:
        keypoints.check_frames(clip.frame_count)
    return keypoints


def _perceive(
    request: CaptureRequest, keypoints: ExternalKeypoints | None, progress: Progress, on_frame: FrameListener | None
) -> PerceptionResult:
    """Runs all networks over the frames, in one pass."""
    clip, options = request.clip, request.options
    seconds_before = network_seconds()
    with progress.stage("loading networks"):
        perception = _create_perception(options, keypoints, float(clip.fps))
    with (
        FrameReader(clip.path, max_side=PERCEPTION_MAX_SIDE) as reader,
        progress.stage("perception", reader.clip.frame_count),
    ):
        scale = np.array(clip.image_size) / reader.clip.image_size
        result = perception.process_all(reader, scale, progress, on_frame)
        for warning in (*reader.warnings, *perception.quality_warnings(reader.clip.image_size)):
            progress.warn(warning)
    progress.network_seconds += network_seconds() - seconds_before
    return result


def _create_perception(options: CaptureOptions, keypoints: ExternalKeypoints | None, fps: float) -> Perception:
    """Loads the networks, two at a time. External keypoints need neither landmark network."""
    quality = options.get("quality", "balanced")
    with ThreadPoolExecutor(1) as pool:
        faces = pool.submit(FaceEmbedder)
        detail_models = pool.submit(_create_detail_models, options, quality, fps)
        face_model = pool.submit(_create_face_model, options)
        second_network = pool.submit(create_second_network, quality) if keypoints is None else None
        observer = (
            create_observer(quality, options.get("detector", MOVENET), fps)
            if keypoints is None
            else ExternalKeypointObserver(keypoints)
        )
    return Perception(
        observer,
        second_network.result() if second_network else None,
        faces.result(),
        FrameEnhancer(options.get("enhance", "auto")),
        BackgroundObserver(fps, camera_may_move=options.get("camera") != "static"),
        detail_models.result(),
        face_model.result(),
        AppearanceSampler(fps),
    )


def _create_detail_models(options: CaptureOptions, quality: str, fps: float) -> list[DetailModel]:
    return [] if options.get("hands") == "off" else [HandObserver(interval=interval_for_quality(quality, fps))]


def _create_face_model(options: CaptureOptions) -> FaceModel | None:
    return None if options.get("face") == "off" else FaceModel(options_for_quality(options.get("quality", "balanced")))


def _track_people(
    perceived: PerceptionResult, keypoints: ExternalKeypoints | None, request: CaptureRequest
) -> tuple[dict[str, PersonTrack], dict[str, Track]]:
    """Builds tracks and selects people.

    Returns:
        The selected people by name; and the static people among them and among those who were excluded because they are
        static.
    """
    image_size, fps, frame_count = request.clip.image_size, float(request.clip.fps), len(perceived.observations)
    ids = None
    if keypoints is not None:
        keypoints.check_frames(frame_count)
        ids = keypoints.ids_per_frame(frame_count)
    tracks_of_people = build_tracks(
        perceived.take_observations(), fps, image_size, ids, shot_starts=perceived.shot_starts
    )
    if keypoints is None:
        tracks_of_people = tuple(person for person in tracks_of_people if shows_person(person.track))
    people = name_people(tracks_of_people)
    tracks = {name: person.track for name, person in people.items()}
    # External keypoints are of people, whether they move or not.
    static = {} if keypoints else detect_static_people(tracks, fps, image_size, perceived.background)
    selected = select_people(tracks, request.selection, image_size, frame_count, static)
    requested = selected | select_people(tracks, request.selection, image_size, frame_count)
    return (
        {name: people[name] for name in selected},
        {name: track for name, track in static.items() if name in requested},
    )
