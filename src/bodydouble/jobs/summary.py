"""Summary of a queue: its jobs -> batch.csv and batch.html, with coverage, warnings and links."""

import csv
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from bodydouble.evaluation import html
from bodydouble.formats.atomic import atomic_write
from bodydouble.jobs.job import Job, JobState

CSV_FILE = "batch.csv"
HTML_FILE = "batch.html"
HEADINGS = ("clip", "state", "seconds", "frames", "people", "lowest coverage", "warnings", "error", "folder", "video")
_LINKED_FILES = ("report.html", "preview.mp4", "film.mp4")


def write_summary(output: Path, jobs: Sequence[Job]) -> tuple[Path, Path]:
    """Writes both files and returns their paths.

    Raises:
        OutputError: a file cannot be written.
    """
    table, page = output / CSV_FILE, output / HTML_FILE
    with atomic_write(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(_describe(job) for job in jobs)
    with atomic_write(page) as temporary:
        temporary.write_text(_build_page(output, jobs), encoding="utf-8")
    return table, page


def describe_states(jobs: Sequence[Job]) -> str:
    """Returns a line such as "49 done, 1 failed"."""
    counts = {state: sum(job.state is state for job in jobs) for state in JobState}
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no clips"


def _describe(job: Job) -> list[str]:
    people = job.summary.get("people", {})
    return [
        job.request.folder,
        str(job.state),
        f"{job.seconds:.1f}" if job.state is JobState.DONE else "",
        str(job.summary.get("frames", "")),
        str(len(people)) if job.summary else "",
        f"{min(people.values()):.2f}" if people else "",
        "; ".join(job.summary.get("warnings", ())),
        job.error,
        job.request.folder if job.state is JobState.DONE else "",
        str(job.request.video),
    ]


def _build_page(output: Path, jobs: Sequence[Job]) -> str:
    failed = [(job.request.folder, job.error) for job in jobs if job.state is JobState.FAILED]
    warnings = [(job.request.folder, text) for job in jobs for text in job.summary.get("warnings", ())]
    parts = [html.paragraph(describe_states(jobs))]
    if failed:
        parts.append(html.paragraph("bodydouble batch retry lets the failed clips run again."))
    parts += [_build_list(title, rows) for title, rows in (("Failed", failed), ("Warnings", warnings)) if rows]
    parts.append(html.heading("Clips"))
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _build_row(output, job))}</tr>\n" for job in jobs)
    head = "".join(
        f"<th>{name}</th>" for name in ("clip", "state", "seconds", "people", "lowest coverage", "warnings", "files")
    )
    parts.append(f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n')
    return html.page("Batch", "".join(parts))


def _build_list(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Returns a list of texts about clips."""
    items = "".join(f"<li><b>{escape(clip)}</b>: {escape(text)}</li>\n" for clip, text in rows)
    return f"{html.heading(title)}<ul>\n{items}</ul>\n"


def _build_row(output: Path, job: Job) -> list[str]:
    name, state, seconds, _, people, coverage, *_ = (escape(cell) for cell in _describe(job))
    warnings = len(job.summary.get("warnings", ()))
    folder = quote(job.request.folder)
    files = [file for file in _LINKED_FILES if (output / job.request.folder / file).is_file()]
    links = " ".join(f'<a href="{folder}/{file}">{file}</a>' for file in files)
    return [name, state, seconds, people, coverage, str(warnings or ""), links]
