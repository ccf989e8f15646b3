"""Corrections of takes in the server: who may change them, and what follows from them: scenes, characters, films.

All work is done in helper processes. The one that resolves keeps its modules and the performances that it has loaded.
So a correction takes no longer than its computation.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bodydouble.data.annotations import Annotations
from bodydouble.errors import BodydoubleError, FormatError, InvalidDataError
from bodydouble.formats import corrections as correction_files
from bodydouble.studio.corrected_cast import (
    OVERTAKEN,
    OvertakenModelError,
    find_model,
    is_overtaken,
    trace_origins,
    write_model,
)
from bodydouble.studio.corrected_film import draw_film, film_path, has_films
from bodydouble.studio.correction_store import compute_version, parse_corrections, read_corrections, read_version
from bodydouble.studio.helpers import Helper
from bodydouble.studio.plots import build_plots
from bodydouble.studio.scene import annotate_scene, build_scene, correct_scene

MAX_SCENES = 6
"""Number of scenes that are kept in memory."""


class OutdatedVersionError(BodydoubleError):
    """A change is based on corrections that have been changed meanwhile."""


@dataclass(frozen=True, slots=True)
class SceneData:
    """The scene of a take."""

    description: Mapping[str, Any]
    numbers: bytes


def _read_valid_version(folder: Path) -> str:
    """Returns the version of the motion of a folder of results, as if nothing was corrected if a file is malformed:
    opening the take tells that."""
    try:
        return read_version(folder)
    except FormatError:
        return compute_version(())


class Corrector:
    """Corrects takes. Its methods get the folder of results of a take that is done; they raise BodydoubleError."""

    def __init__(self, writer: Helper) -> None:
        """Takes the helper that writes files of characters."""
        self._resolver = Helper("this correction crashes the computation; please report it")
        self._writer = writer
        self._scenes: dict[tuple[Path, str], SceneData] = {}
        self._locks: defaultdict[Path, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._model_lock = asyncio.Lock()
        self._films: dict[Path, asyncio.Task[None]] = {}
        self._film_errors: dict[Path, str] = {}

    def close(self) -> None:
        """Ends the process that resolves; those that draw films end with the event loop."""
        self._resolver.close()

    def describe(self, folder: Path) -> dict[str, Any]:
        """Returns the corrections of a take and their version as JSON."""
        corrections = read_corrections(folder)
        return {
            "corrections": [correction_files.to_object(correction) for correction in corrections],
            "version": compute_version(corrections),
        }

    def rename_people(self, folder: Path, people: Mapping[str, float]) -> dict[str, float]:
        """Returns figures of the people of the automatic result under the names that they have now."""
        try:
            origins = trace_origins(list(people), read_corrections(folder))
        except (FormatError, KeyError):  # somebody has edited the file
            return dict(people)
        return {name: people.get(origin.partition(" from ")[0], 0.0) for name, origin in origins.items()}

    async def correct(self, folder: Path, entries: object, version: object) -> str:
        """Replaces the corrections of a take.

        Args:
            folder: the folder of results.
            entries: all corrections as JSON.
            version: the version that they were made from.

        Returns:
            The new version.

        Raises:
            FormatError: the corrections are malformed.
            OutdatedVersionError: there is another version now.
            InvalidDataError: a correction does not fit the performance. The corrections stay as they were.
        """
        corrections = parse_corrections(entries)
        async with self._locks[folder]:
            if version != compute_version(read_corrections(folder)):
                raise OutdatedVersionError("the corrections were changed in another window; here they are")
            self._keep(folder, *await self._resolver.call(correct_scene, folder, corrections))
        return compute_version(corrections)

    async def annotate(self, folder: Path, annotations: Annotations) -> None:
        """Fits the motion of a take to annotations, and corrects it as before.

        Raises:
            InvalidDataError: an annotation does not fit the performance, or a correction does not fit the new motion.
                The motion stays as it was.
        """
        async with self._locks[folder]:
            self._keep(folder, *await self._resolver.call(annotate_scene, folder, annotations))

    async def scene(self, folder: Path) -> SceneData:
        """Returns the scene of a take as it is now."""
        key = folder, read_version(folder)
        if key not in self._scenes:
            return self._keep(folder, *await self._resolver.call(build_scene, folder))
        return self._scenes[key]

    async def plots(self, folder: Path) -> bytes:
        """Returns the plots of a take as it is now, as ``build_plots`` does."""
        return await self._resolver.call(build_plots, folder)

    def find_scene(self, folder: Path, version: str) -> SceneData | None:
        """Returns the scene of a version that was shown a moment ago; None if it is no longer kept."""
        return self._scenes.get((folder, version))

    def _keep(self, folder: Path, description: Mapping[str, Any], numbers: bytes) -> SceneData:
        scene = SceneData(description, numbers)
        self._scenes[folder, str(description["version"])] = scene
        for old in list(self._scenes)[:-MAX_SCENES]:
            del self._scenes[old]
        return scene

    async def model(self, folder: Path, name: str, character: str) -> Path | None:
        """Returns the file with a character of the present scene, making it if necessary; None if it has none.

        Raises:
            OvertakenModelError: the name is from an earlier scene.
        """
        path = find_model(folder, name)
        if await self._has_model(folder, name) and not path.is_file():
            async with self._model_lock:
                if await self._has_model(folder, name):
                    await self._writer.call(write_model, folder, name, character)
        if await self._has_model(folder, name) and path.is_file():
            return path
        if is_overtaken(folder, name):
            raise OvertakenModelError(OVERTAKEN)
        return None

    async def _has_model(self, folder: Path, name: str) -> bool:
        return any(person["model"] == name for person in (await self.scene(folder)).description["people"])

    def find_film(self, folder: Path) -> Path | None:
        """Returns the film of a take as it is now, if there is one."""
        path = film_path(folder, read_version(folder))
        return path if path.is_file() else None

    def describe_film(self, folder: Path) -> tuple[str, str]:
        """Returns the state of the film of a take, "current", "outdated", "drawing" or "", and why drawing failed."""
        version = _read_valid_version(folder)
        if folder in self._films:
            return "drawing", ""
        if film_path(folder, version).is_file():
            return "current", ""
        return ("outdated" if has_films(folder) else ""), self._film_errors.get(folder, "")

    def start_film(self, folder: Path, video: Path, character: str) -> None:
        """Begins to draw the film of a take as it is now, with a character as ``animate`` takes it.

        Raises:
            InvalidDataError: it is there, or it is being drawn.
        """
        if folder in self._films or self.find_film(folder) is not None:
            raise InvalidDataError("the film is there already, or it is being drawn")
        self._film_errors.pop(folder, None)
        self._films[folder] = asyncio.create_task(self._draw_film(folder, video, character))

    async def _draw_film(self, folder: Path, video: Path, character: str) -> None:
        helper = Helper("drawing the film crashed, perhaps for lack of memory")
        try:
            await helper.call(draw_film, folder, video, character)
        except (BodydoubleError, RuntimeError) as error:
            self._film_errors[folder] = str(error)
        finally:
            helper.close()
            del self._films[folder]
