"""Status of takes for the page: library and queue -> state, stage, progress and time left of each take."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bodydouble.jobs.job import Job, JobState
from bodydouble.jobs.job_progress import JobWatch
from bodydouble.studio.correcting import Corrector
from bodydouble.studio.takes import Library, Take

STAGES: Mapping[str, str] = {
    "video": "Preparing the video",
    "loading networks": "Loading the networks",
    "perception": "Finding people",
    "tracking": "Telling people apart",
    "motion": "Working out the motion in 3D",
    "speech": "Listening to the sound",
    "background": "Clearing the background",
    "film": "Drawing the film",
    "characters": "Animating the characters",
    "files": "Writing the files",
    "report": "Checking the result",
    "delivery": "Finishing",
}
"""Text for people by the name of a stage."""


@dataclass(frozen=True, slots=True)
class TakeStatus:
    """A take as the page shows it."""

    id: str
    title: str
    state: str
    """A state of ``JobState``, or "cancelled"."""
    created: float
    width: int
    height: int
    fps: str
    frames: int
    seconds: float
    character: str
    film: bool
    stage: str = ""
    """Text for people."""
    progress: float = 0.0
    """Done part of the whole job, 0 to 1."""
    seconds_left: float | None = None
    """None: too early to tell."""
    error: str = ""
    people: Mapping[str, float] = field(default_factory=dict)
    """Part of the frames in which each person was observed; of corrected ones, that of the person they come from."""
    warnings: tuple[str, ...] = ()
    film_state: str = ""
    """State of the film as ``Corrector.describe_film`` tells it."""
    film_error: str = ""
    """Line that tells why the film could not be drawn again."""

    def as_json(self) -> dict[str, Any]:
        """Returns the fields as JSON has them."""
        return asdict(self)


class StatusBoard:
    """Status of all takes; it remembers since when jobs run, for the time left."""

    def __init__(self, library: Library, corrector: Corrector) -> None:
        self._library, self._corrector = library, corrector
        self._watch = JobWatch()

    def describe_all(self, jobs: Mapping[str, Job], problem: str = "") -> list[TakeStatus]:
        """Describes all takes, the newest first; a problem of the whole queue is told with those that wait."""
        return [self.describe(take, jobs.get(take.key), problem) for take in self._library.list_takes()]

    def describe(self, take: Take, job: Job | None, problem: str = "") -> TakeStatus:
        """Describes a take with its job, if it is in the queue."""
        state = _find_state(self._library, take, job)
        progress = None if job is None else self._watch.look(job)
        running = progress if state == JobState.RUNNING else None
        facts, summary = take.facts, job.summary if job else {}
        people: Mapping[str, float] = summary.get("people", {})
        film_state, film_error = "", ""
        if state == JobState.DONE:
            folder = self._library.results(take)
            people = self._corrector.rename_people(folder, people)
            film_state, film_error = self._corrector.describe_film(folder)
        left = None if running is None else running.seconds_left
        return TakeStatus(
            take.id, take.title, state, take.created, facts.width, facts.height, facts.fps, facts.frames,
            facts.seconds, str(take.options.get("character", "")), bool(take.options.get("film")),
            STAGES.get(running.stage, running.stage) if running else "",
            running.fraction if running else float(state == JobState.DONE),
            None if left is None else round(left, 1),
            _find_error(state, job, problem), people, tuple(summary.get("warnings", ())), film_state, film_error,
        )  # fmt: skip


def _find_state(library: Library, take: Take, job: Job | None) -> str:
    if take.is_cancelled:
        return "cancelled"
    if job is not None:
        return str(job.state)
    return str(JobState.DONE if (library.results(take) / "job.json").is_file() else JobState.WAITING)


def _find_error(state: str, job: Job | None, problem: str) -> str:
    if job is None or state not in (JobState.WAITING, JobState.FAILED):
        return ""
    return problem if state == JobState.WAITING and problem else job.error
