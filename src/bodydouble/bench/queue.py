"""Benchmark of the queue: clips under kills, its overhead, a Ray cluster beside processes, and a clip that fails."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bodydouble.bench.queue_clips import cut_clips
from bodydouble.bench.queue_kills import run_with_kills, start_command
from bodydouble.bench.queue_results import find_defects
from bodydouble.bench.report import BenchReport
from bodydouble.jobs.clips import request_clips
from bodydouble.jobs.job import Job, JobState, create_jobs
from bodydouble.jobs.ray_engine import RayOptions, run_queue_on_ray
from bodydouble.jobs.stages import run_stages
from bodydouble.jobs.store import JobStore
from bodydouble.jobs.supervisor import QueueOptions, run_queue
from bodydouble.jobs.worker import run_worker
from bodydouble.pipeline import Progress

OPTIONS: Mapping[str, Any] = {
    "people": "main", "quality": "fast", "camera": "static", "enhance": "off", "hands": "off", "face": "off",
    "speech": "off", "character": "mannequin", "preview": False, "film": False,
}  # fmt: skip
"""Options of the clips, those of the least cost."""
WORKERS = 2
CLIP_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class QueueReport:
    """Rows and values of the benchmark."""

    rows: list[list[str]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, measure: str, result: str, bar: str, **values: Any) -> None:
        """Adds a row, and its values under the name of the measure."""
        self.rows.append([measure, result, bar])
        self.values[measure] = values


def measure_queue(videos: Sequence[Path], count: int, progress: Progress) -> BenchReport:
    """Measures the queue on clips that are cut from videos.

    Args:
        videos: videos with a person.
        count: number of clips that are run under kills, one kill per ten clips; the other measures take fewer.
        progress: receives the measures.

    Raises:
        BodydoubleError: a video cannot be read or has too few pieces, or the queue cannot be used.
    """
    report = QueueReport()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with progress.stage("clips", 1):
            clips = cut_clips(videos, folder / "clips", count, CLIP_SECONDS)
        measures: list[Callable[[Sequence[Path], Path, QueueReport], None]] = [
            _measure_kills, _measure_overhead, _measure_failure, _measure_ray,
        ]  # fmt: skip
        with progress.stage("measures", len(measures)):
            for number, measure in enumerate(progress.track(measures)):
                output = folder / f"out{number}"
                output.mkdir()
                measure(clips, output, report)
    table = (["measure", "result", "bar"], report.rows)
    return BenchReport("Queue", "# Queue\n", {"Queue": table}, report.values)


def _measure_kills(clips: Sequence[Path], output: Path, report: QueueReport) -> None:
    kills = len(clips) // 10
    run = run_with_kills(_batch_command(clips[0].parent, output), output, len(clips), kills)
    defects = find_defects(output, clips, OPTIONS)
    report.add(
        f"{len(clips)} clips, {WORKERS} workers, {run.worker_kills} of them and {run.command_kills} commands killed",
        f"exit status {run.exit_status}, {len(defects)} defects, {run.repeated_deliveries} repeated deliveries",
        "0, 0, 0",
        exit_status=run.exit_status, defects=defects, repeated=run.repeated_deliveries, kills=run.kills,
    )  # fmt: skip


def _measure_overhead(clips: Sequence[Path], output: Path, report: QueueReport) -> None:
    """Runs stages twice per clip in one process, alone and by the queue; the rest of the time is the queue's."""
    jobs = _add_jobs(output, clips[: max(2, len(clips) // 20)])
    alone, queued = _Stopwatch(), _Stopwatch()

    def run(job: Job, folder: Path, progress: Progress) -> Mapping[str, Any]:
        with TemporaryDirectory() as scratch, alone:
            run_stages(job, Path(scratch), Progress())
        with queued:
            return run_stages(job, folder, progress)

    handler = signal.getsignal(signal.SIGTERM)
    with _Stopwatch() as total:
        run_worker(output, run)
    signal.signal(signal.SIGTERM, handler)
    overhead = (total.elapsed - alone.elapsed - queued.elapsed) / len(jobs)
    report.add(
        f"overhead per clip ({len(jobs)} clips)",
        f"{overhead:.3f} s; processor time of the stages {queued.cpu / alone.cpu:.2f} of that without a queue",
        "<= 0.3 s",
        overhead=overhead, cpu_ratio=queued.cpu / alone.cpu, stage_seconds=alone.elapsed / len(jobs),
    )  # fmt: skip


def _measure_ray(clips: Sequence[Path], output: Path, report: QueueReport) -> None:
    """Runs the same clips on processes and on Ray, each twice, in an order that cancels a drift of the machine."""
    name = f"Ray, {WORKERS} local workers, against {WORKERS} processes"
    if find_spec("ray") is None:
        report.add(name, "ray is missing: pip install 'bodydouble[cluster]'", "same bytes, >= 0.9")
        return
    chosen = clips[: max(4, len(clips) // 10)]
    rates: dict[bool, list[float]] = {False: [], True: []}
    bytes_of: dict[str, set[bytes]] = {}
    for turn, on_ray in enumerate((False, True, True, False)):
        folder = output / str(turn)
        folder.mkdir()
        _add_jobs(folder, chosen)
        rate = _Rate()
        if on_ray:
            done = run_queue_on_ray(folder, RayOptions(workers=WORKERS), run_stages, rate.record)
        else:
            done = run_queue(folder, QueueOptions(WORKERS), rate.record)
        rates[on_ray].append(rate.clips_per_second())
        for job in done:
            bytes_of.setdefault(job.request.folder, set()).add(
                (folder / job.request.folder / "performance.npz").read_bytes()
            )
    ratio = sum(rates[True]) / sum(rates[False])
    different = sum(len(contents) > 1 for contents in bytes_of.values())
    report.add(
        name, f"{different} of {len(chosen)} clips different; throughput {ratio:.2f}", "same bytes, >= 0.9",
        different=different, ratio=ratio, ray_rates=rates[True], process_rates=rates[False],
    )  # fmt: skip


def _measure_failure(clips: Sequence[Path], output: Path, report: QueueReport) -> None:
    """Runs a quarter of the clips, one of which is damaged."""
    chosen = clips[: max(2, len(clips) // 4)]
    damaged = output / "damaged.mp4"
    damaged.write_bytes(chosen[0].read_bytes()[:1000])
    names = output / "clips.txt"
    names.write_text("".join(f"{clip}\n" for clip in (*chosen[1:], damaged)), encoding="utf-8")
    process = start_command(_batch_command(names, output / "out"), stderr=subprocess.PIPE)
    lines = (process.communicate()[1] or "").splitlines()
    reason = next((line for line in lines if line.startswith("bodydouble: damaged: ")), "no reason")
    defects = find_defects(output / "out", chosen[1:], OPTIONS)
    with JobStore(output / "out") as store:
        failures = sum(job.failures for job in store.list_jobs() if job.state is JobState.FAILED)
    report.add(
        f"one damaged clip among {len(chosen)}",
        f"{failures} failures, exit status {process.returncode}, {len(defects)} defects in the other clips; {reason}",
        "3, 1, 0",
        exit_status=process.returncode, failures=failures, defects=defects, reason=reason,
    )  # fmt: skip


def _batch_command(source: Path, output: Path) -> list[str]:
    flags = ["--no-preview"]
    for name, value in OPTIONS.items():
        if isinstance(value, str):
            flags += [f"--{name}", value]
    return ["batch", "run", str(source), "-o", str(output), "--workers", str(WORKERS), *flags]


def _add_jobs(output: Path, clips: Sequence[Path]) -> list[Job]:
    with JobStore(output) as store:
        return store.add(create_jobs(request_clips(clips, OPTIONS)))


class _Stopwatch:
    """Sum of the time that blocks take. A context manager that can be used again."""

    def __init__(self) -> None:
        self.elapsed = self.cpu = 0.0
        """Time and processor time of the process, s."""

    def __enter__(self) -> "_Stopwatch":
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.elapsed += time.perf_counter() - self._start[0]
        self.cpu += time.process_time() - self._start[1]


class _Rate:
    """Rate at which clips are finished, once every worker has finished one."""

    def __init__(self) -> None:
        self._moments: list[tuple[float, int]] = []

    def record(self, jobs: Sequence[Job]) -> None:
        """Records the number of finished clips."""
        finished = sum(job.state is JobState.DONE for job in jobs)
        if finished >= WORKERS and (not self._moments or finished > self._moments[-1][1]):
            self._moments.append((time.monotonic(), finished))

    def clips_per_second(self) -> float:
        """Returns the rate."""
        (start, before), (end, after) = self._moments[0], self._moments[-1]
        return (after - before) / (end - start)
