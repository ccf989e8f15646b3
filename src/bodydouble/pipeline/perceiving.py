"""Perception of a video, in one pass over its frames: ``FrameReader`` -> ``PerceptionResult``.

Several threads share the work; the result does not depend on their timing. Read ``Perception.process_all`` first.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np

from bodydouble.data import (
    AppearanceSample,
    Background,
    FaceObservation,
    FloatArray,
    HandObservation,
    LineSegments,
    Observation,
    RgbImage,
)
from bodydouble.data.growing_array import ArrayPool
from bodydouble.formats.media.read_ahead import ReadAhead
from bodydouble.perception.appearance.faces import FaceEmbedder
from bodydouble.perception.appearance.sampler import AppearanceSampler
from bodydouble.perception.background_observer import BackgroundObserver
from bodydouble.perception.external_keypoints import ExternalKeypointObserver
from bodydouble.perception.face.face_model import FaceModel
from bodydouble.perception.image.enhance import FrameEnhancer
from bodydouble.perception.pose.observe import Observer
from bodydouble.perception.protocols import DetailModel, KeypointModel, KeypointRequest
from bodydouble.perception.shots.detect import ShotFrame, split_into_shots
from bodydouble.pipeline.ordered_worker import OrderedWorker
from bodydouble.pipeline.progress import Progress
from bodydouble.pipeline.shared_work import SharedWork

FrameListener = Callable[[int, RgbImage], None]
"""Receives the index and the image (H, W, 3) RGB of every frame."""

PREPARED_FRAMES = 2
"""Maximum number of frames that are prepared ahead of the networks."""
MAX_BACKGROUND_DELAY = 3
"""Maximum number of frames by which the background is tracked behind the networks."""
MAX_FACE_DELAY = 8
"""Maximum number of frames by which faces are observed behind the networks."""
MAX_APPEARANCE_DELAY = 4
"""Maximum number of frames whose people wait to be sampled."""
MAX_PENDING_REQUESTS = 8
"""Maximum number of people who wait for the second network, or for the networks of hands."""


@dataclass(slots=True)
class PerceptionResult:
    """Results of perception, in px of the original image."""

    observations: list[tuple[Observation, ...]] = field(default_factory=list)
    """People in every frame."""
    shot_starts: list[int] = field(default_factory=list)
    """First frame of every shot but the first, ascending."""
    background: Background | None = None
    """Background of a camera that may move."""
    lines: LineSegments | None = None
    """Lines of the background."""

    def take_observations(self) -> list[tuple[Observation, ...]]:
        """Hands over the observations, so that they are freed when the caller is done with them."""
        observations, self.observations = self.observations, []
        return observations

    def take_background(self) -> Background | None:
        """Hands over the background likewise."""
        background, self.background = self.background, None
        return background


@dataclass(frozen=True, slots=True)
class SecondKeypoints:
    """Keypoints of one person in one frame by the second network."""

    frame: int
    person: int
    """Index among the people of the frame."""
    keypoints: FloatArray
    """(17, 3) x px, y px, confidence; COCO order, px of the frame."""


@dataclass(frozen=True, slots=True)
class PersonHands:
    """Hands of one person in one frame."""

    frame: int
    person: int
    """Index among the people of the frame."""
    hands: tuple[HandObservation | None, HandObservation | None]
    """Left and right hand, in px of the original image."""


@dataclass(frozen=True, slots=True)
class FrameFaces:
    """Faces of the people of one frame."""

    frame: int
    faces: Sequence[FaceObservation | None]
    """The face of each of the first people of the frame, in px of the original image; None where it was not
    observed."""


@dataclass(frozen=True, slots=True)
class FrameAppearances:
    """Samples of the appearance of the people of one frame."""

    frame: int
    samples: Sequence[AppearanceSample | None]
    """The sample of each of the first people of the frame; None if the person is too small."""


class Perception:
    """Perception of one video: the networks of people, hands and faces, background tracking and frame enhancement."""

    def __init__(
        self,
        observer: Observer | ExternalKeypointObserver,
        second_network: KeypointModel | None,
        face_embedder: FaceEmbedder,
        enhancer: FrameEnhancer,
        background_observer: BackgroundObserver,
        detail_models: Sequence[DetailModel] = (),
        face_model: FaceModel | None = None,
        appearance_sampler: AppearanceSampler | None = None,
    ) -> None:
        """Starts before the first frame.

        Args:
            observer: Observes the people in each frame.
            second_network: Network that gives a second opinion on the keypoints of some people.
            face_embedder: Embeds faces.
            enhancer: Enhances frames for the networks.
            background_observer: Observes the background.
            detail_models: Observe hands.
            face_model: Observes faces; None if they are not to be observed.
            appearance_sampler: Samples colours of people; None if they are not to be sampled.
        """
        self._observer = observer
        self._second_network = second_network
        self._face_embedder = face_embedder
        self._enhancer = enhancer
        self._background_observer = background_observer
        self._detail_models = detail_models
        self._face_model = face_model
        self._appearance_sampler = appearance_sampler
        self._pool = ArrayPool()

    def quality_warnings(self, image_size: tuple[int, int]) -> list[str]:
        """Returns warnings about dark, noisy or blurred frames of a video of this size, px."""
        return self._enhancer.quality_warnings(image_size)

    def process_all(
        self,
        frames: Iterable[RgbImage],
        scale: FloatArray,
        progress: Progress,
        on_frame: FrameListener | None = None,
    ) -> PerceptionResult:
        """Processes all frames.

        Frames are prepared ahead in one thread. The second network runs beside the first one in another thread. The
        background is tracked, faces are observed and colours are sampled behind them in three more.

        Args:
            frames: (H, W, 3) RGB, in order.
            scale: (2,) px of the original image per px of the frames, in x and y.
            progress: Advances with every frame.
            on_frame: Called with every frame, in the thread that prepares them.
        """
        result = PerceptionResult()
        prepared = ReadAhead(self._prepare_frames(frames, on_frame), PREPARED_FRAMES)
        second_work = SharedWork[SecondKeypoints](MAX_PENDING_REQUESTS)
        detail_work = SharedWork[PersonHands](MAX_PENDING_REQUESTS)
        faces: list[FrameFaces] = []
        appearances: list[FrameAppearances] = []
        background_worker, face_worker = OrderedWorker(MAX_BACKGROUND_DELAY), OrderedWorker(MAX_FACE_DELAY)
        appearance_worker = OrderedWorker(MAX_APPEARANCE_DELAY)
        with closing(prepared), background_worker, face_worker, appearance_worker, second_work, detail_work:
            for frame, image in progress.track(prepared):
                people = self._process(frame, image, scale, result)
                self._submit_requests(second_work, frame.index, image)
                models = [model for model in self._detail_models if frame.index % model.interval == 0]
                for index, person in enumerate(people if models else ()):
                    detail_work.submit(_observe_hands, models, image, person, frame.index, index, scale)
                if self._face_model:
                    face_worker.submit(_observe_faces, self._face_model, frame, image, people, scale, faces)
                sampler = self._appearance_sampler
                if sampler and sampler.is_due(frame.index):
                    appearance_worker.submit(_sample_people, sampler, frame, people, appearances)
                boxes = np.array([person.box for person in people]).reshape(-1, 4)
                background_worker.submit(self._background_observer.process_frame, frame, boxes)
            background_worker.finish()
            _add_second_keypoints(result.observations, second_work.finish(), scale)
            _add_hands(result.observations, detail_work.finish())
            face_worker.finish()
            _add_faces(result.observations, faces)
            appearance_worker.finish()
            _add_appearances(result.observations, appearances)
        result.background, result.lines = self._background_observer.result(scale)
        return result

    def _prepare_frames(
        self, frames: Iterable[RgbImage], on_frame: FrameListener | None
    ) -> Generator[tuple[ShotFrame, RgbImage], None, None]:
        """Yields the frames with their shot starts, and the image that the networks see.

        Only the networks get the enhanced image, as filters displace background corners.
        """
        for frame in split_into_shots(frames):
            if frame.is_shot_start:
                self._enhancer.begin_shot()
            if on_frame:
                on_frame(frame.index, frame.image)
            yield frame, self._enhancer.enhance(frame.image)

    def _process(
        self, frame: ShotFrame, image: RgbImage, scale: FloatArray, result: PerceptionResult
    ) -> tuple[Observation, ...]:
        """Observes the people in the next frame, and returns them in px of the frame.

        Trackers are not reset at a gradual transition: it is detected at its end, when the new people are already
        tracked.

        Args:
            frame: Frame, scaled for perception.
            image: The same frame, enhanced for the networks.
            scale: As for ``process_all``.
            result: Receives the observations, in px of the original image, and the shot starts.
        """
        result.shot_starts.extend(frame.shot_starts)
        if frame.is_shot_start:
            self._observer.begin_shot()
        observed = self._observer.observe(image)
        people = self._face_embedder.embed_people(image, observed.current)
        result.observations.append(tuple(self._store(person, scale) for person in people))
        for past in observed.backfilled:
            result.observations[-1 - past.frames_ago] += (self._store(past.observation, scale),)
        return people

    def _store(self, observation: Observation, scale: FloatArray) -> Observation:
        """Returns an observation scaled by (2,) factors in x and y, whose arrays are in the pool of this video."""
        return replace(
            observation,
            box=self._pool.copy(observation.box * np.tile(scale, 2)),
            keypoints=self._pool.copy(observation.keypoints * np.append(scale, 1.0)),
            landmarks_3d=self._pool.copy(observation.landmarks_3d),
            appearance=self._pool.copy(observation.appearance),
        )

    def _submit_requests(self, work: SharedWork[SecondKeypoints], frame: int, image: RgbImage) -> None:
        """Has the second network estimate the keypoints of the people of this frame whose turn it is."""
        if self._second_network is not None:
            for request in self._observer.keypoint_requests:
                work.submit(_estimate_keypoints, self._second_network, frame, image, request)


def _estimate_keypoints(
    network: KeypointModel, frame: int, image: RgbImage, request: KeypointRequest
) -> SecondKeypoints:
    return SecondKeypoints(frame, request.person, network.estimate(image, request))


def _add_second_keypoints(
    observations: list[tuple[Observation, ...]], estimates: Iterable[SecondKeypoints], scale: FloatArray
) -> None:
    """Adds keypoints of the second network, px of frames, to observations in px of the original image."""
    for estimate in estimates:
        people = list(observations[estimate.frame])
        keypoints = estimate.keypoints * np.append(scale, 1.0)
        people[estimate.person] = replace(people[estimate.person], second_keypoints=keypoints)
        observations[estimate.frame] = tuple(people)


def _observe_hands(
    models: Sequence[DetailModel], image: RgbImage, person: Observation, frame: int, index: int, scale: FloatArray
) -> PersonHands:
    for model in models:
        person = model.add_detail(image, person)
    return PersonHands(frame, index, _rescale_hands(person, scale))


def _add_hands(observations: list[tuple[Observation, ...]], details: Iterable[PersonHands]) -> None:
    for detail in details:
        if detail.hands != (None, None):
            people = list(observations[detail.frame])
            people[detail.person] = replace(people[detail.person], hands=detail.hands)
            observations[detail.frame] = tuple(people)


def _observe_faces(
    model: FaceModel,
    frame: ShotFrame,
    image: RgbImage,
    people: Sequence[Observation],
    scale: FloatArray,
    results: list[FrameFaces],
) -> None:
    if frame.is_shot_start:
        model.begin_shot()
    faces = [face and _rescale_face(face, scale) for face in model.observe_people(image, people)]
    if any(faces):
        results.append(FrameFaces(frame.index, faces))


def _add_faces(observations: list[tuple[Observation, ...]], faces: Iterable[FrameFaces]) -> None:
    for frame_faces in faces:
        people = list(observations[frame_faces.frame])
        for index, face in enumerate(frame_faces.faces):
            people[index] = replace(people[index], face=face)
        observations[frame_faces.frame] = tuple(people)


def _sample_people(
    sampler: AppearanceSampler, frame: ShotFrame, people: Sequence[Observation], results: list[FrameAppearances]
) -> None:
    results.append(FrameAppearances(frame.index, sampler.sample_people(frame.image, people)))


def _add_appearances(observations: list[tuple[Observation, ...]], appearances: Iterable[FrameAppearances]) -> None:
    for sampled in appearances:
        people = list(observations[sampled.frame])
        for index, sample in enumerate(sampled.samples):
            people[index] = replace(people[index], appearance_sample=sample)
        observations[sampled.frame] = tuple(people)


def _rescale_face(face: FaceObservation, scale: FloatArray) -> FaceObservation:
    """Scales the outline, which is only drawn, so that float32 suffices."""
    return face if face.outline is None else replace(face, outline=(face.outline * scale).astype(np.float32))


def _rescale_hands(
    observation: Observation, scale: FloatArray
) -> tuple[HandObservation | None, HandObservation | None]:
    left, right = (
        hand and replace(hand, keypoints=hand.keypoints * np.append(scale, 1.0)) for hand in observation.hands
    )
    return left, right
