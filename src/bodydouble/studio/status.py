"""Status of takes for the page: library and queue -> state, stage, progress and time left of each take."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bodydouble.jobs.delivery import JOB_FILE
from bodydouble.jobs.job import Job, JobState
from bodydouble.jobs.job_progress import STAGES, JobWatch
from bodydouble.jobs.stages import CHARACTER, FILM
from bodydouble.studio.correcting import Corrector
from bodydouble.studio.takes import Library, Take

_PLAYBACK_STAGES = {"video": "Preparing the video"}
"""Titles of the stages that only takes have."""


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
    """Name of the character of the results, or of those that are being made."""
    character_title: str
    """Title of a character of one's own; else empty."""
    film: bool
    made: str
    """Time at which the results were made, ns since 1970; empty if there are none."""
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
        self._records: dict[str, tuple[int, Mapping[str, Any]]] = {}
        """Time of the last change and content of the record of results, by the ID of the take."""

    def describe_all(self, jobs: Mapping[str, Job], problem: str = "") -> list[TakeStatus]:
        """Describes all takes, the newest first; a problem of the whole queue is told with those that wait."""
        return [self.describe(take, jobs.get(take.key), problem) for take in self._library.list_takes()]

    def describe(self, take: Take, job: Job | None, problem: str = "") -> TakeStatus:
        """Describes a take with its job, if it is in the queue."""
        made, record = self._read_record(take)
        state = _find_state(take, job, record)
        running = self._watch.look(job) if job is not None and state == JobState.RUNNING else None
        delivered = self._library.delivered(take)
        character = str(delivered.options.get(CHARACTER, ""))
        own = self._library.characters.find_name(character)
        title = own.title if own else ""
        summary, facts = record.get("summary", {}), take.facts
        people: Mapping[str, float] = dict(summary.get("people", {}))
        film_state, film_error = "", ""
        if record:
            folder = self._library.results(take)
            people = self._corrector.rename_people(folder, people)
            film_state, film_error = self._corrector.describe_film(folder)
        left = None if running is None else running.seconds_left
        return TakeStatus(
            take.id, take.title, state, take.created, facts.width, facts.height, facts.fps, facts.frames,
            facts.seconds, character, title, bool(take.options.get(FILM)), str(made) if record else "",
            _title_stage(running.stage) if running else "",
            running.fraction if running else float(state == JobState.DONE),
            None if left is None else round(left, 1),
            self._library.characters.describe(_find_error(state, job, problem)), people,
            tuple(self._library.characters.describe(text) for text in summary.get("warnings", ())),
            film_state, film_error,
        )  # fmt: skip

    def _read_record(self, take: Take) -> tuple[int, Mapping[str, Any]]:
        """Returns time and content of the record of a take's results; 0 and nothing if there are none."""
        path = self._library.results(take) / JOB_FILE
        try:
            made = path.stat().st_mtime_ns
            if self._records.get(take.id, (0, {}))[0] != made:
                self._records[take.id] = made, dict(json.loads(path.read_text(encoding="utf-8")))
            return self._records[take.id]
        except (OSError, ValueError):
            self._records.pop(take.id, None)
            return 0, {}


def _title_stage(name: str) -> str:
    return STAGES[name].title if name in STAGES else _PLAYBACK_STAGES.get(name, name)


def _find_state(take: Take, job: Job | None, record: Mapping[str, Any]) -> str:
    if take.is_cancelled:
        return "cancelled"
    if job is None:
        return str(JobState.DONE if record.get("key") == take.key else JobState.WAITING)
    # A take whose character could not be changed is still done.
    return str(JobState.DONE if job.state is JobState.FAILED and record else job.state)


def _find_error(state: str, job: Job | None, problem: str) -> str:
    if problem and state in (JobState.WAITING, JobState.RUNNING):
        return problem
    return job.error if job is not None and job.state in (JobState.WAITING, JobState.FAILED) else ""
