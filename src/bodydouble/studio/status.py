"""Status of takes for the page: library and queue -> state, stage, progress and time left of each take."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bodydouble.jobs.job import Job, JobState
from bodydouble.studio.takes import Library, Take

STAGES: Mapping[str, tuple[str, float]] = {
    "video": ("Preparing the video", 4),
    "loading networks": ("Loading the networks", 2),
    "perception": ("Finding people", 52),
    "tracking": ("Telling people apart", 1),
    "motion": ("Working out the motion in 3D", 19),
    "speech": ("Listening to the sound", 1),
    "background": ("Clearing the background", 4),
    "film": ("Drawing the film", 30),
    "characters": ("Animating the characters", 5),
    "files": ("Writing the files", 4),
    "report": ("Checking the result", 3),
    "delivery": ("Finishing", 1),
}
"""Stages of a job in their order: text for people, and share of the time on two cores."""
FILM_STAGES = frozenset({"background", "film"})
MIN_FRACTION = 0.02
"""Minimum progress since a job was first seen from which the time left is estimated."""
_UNKNOWN_STEPS_FRACTION = 0.5
"""Fraction of a stage that is taken for done if it tells no steps."""


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
    """Part of the frames in which each person was observed."""
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Returns the fields as JSON has them."""
        return asdict(self)


class StatusBoard:
    """Status of all takes; it remembers since when jobs run, for the time left."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._first_seen: dict[str, tuple[float, float]] = {}
        """Time and progress at which a running job was first seen, by key."""
        self._progress: dict[str, float] = {}
        """Progress of running jobs, which never goes back: some stages run twice."""

    def describe_all(self, jobs: Mapping[str, Job]) -> list[TakeStatus]:
        """Describes all takes, the newest first."""
        return [self.describe(take, jobs.get(take.key)) for take in self._library.list_takes()]

    def describe(self, take: Take, job: Job | None) -> TakeStatus:
        """Describes a take with its job, if it is in the queue."""
        state = _find_state(self._library, take, job)
        progress = 0.0
        seconds_left = None
        if job is not None and state == JobState.RUNNING:
            progress = self._progress[take.key] = max(estimate_progress(job), self._progress.get(take.key, 0.0))
            seconds_left = self._estimate_seconds_left(take.key, progress)
        else:
            self._first_seen.pop(take.key, None)
            self._progress.pop(take.key, None)
        facts, summary = take.facts, job.summary if job else {}
        return TakeStatus(
            take.id, take.title, state, take.created, facts.width, facts.height, facts.fps, facts.frames,
            facts.seconds, str(take.options.get("character", "")), bool(take.options.get("film")),
            STAGES.get(job.stage, (job.stage, 0))[0] if job and state == JobState.RUNNING else "",
            1.0 if state == JobState.DONE else progress, seconds_left,
            job.error if job and state in (JobState.FAILED, JobState.WAITING) else "",
            dict(summary.get("people", {})), tuple(summary.get("warnings", ())),
        )  # fmt: skip

    def _estimate_seconds_left(self, key: str, progress: float) -> float | None:
        now = time.monotonic()
        since, first = self._first_seen.setdefault(key, (now, progress))
        if progress - first < MIN_FRACTION:
            return None
        return round((now - since) / (progress - first) * (1 - progress), 1)


def _find_state(library: Library, take: Take, job: Job | None) -> str:
    if take.is_cancelled:
        return "cancelled"
    if job is not None:
        return str(job.state)
    return str(JobState.DONE if (library.results(take) / "job.json").is_file() else JobState.WAITING)


def estimate_progress(job: Job) -> float:
    """Estimates the done part of a running job from the stage that runs."""
    names = [name for name in STAGES if name not in FILM_STAGES or job.request.options.get("film")]
    if job.stage not in names:
        return 0.0
    shares = [STAGES[name][1] for name in names]
    index = names.index(job.stage)
    part = min(1.0, job.steps_done / job.steps) if job.steps else _UNKNOWN_STEPS_FRACTION
    return float((sum(shares[:index]) + shares[index] * part) / sum(shares))
