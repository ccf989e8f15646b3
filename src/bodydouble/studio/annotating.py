"""Annotation of takes in the server: saving, fitting the motion, and files in both directions."""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

from bodydouble.data.annotations import Annotations
from bodydouble.formats import annotations as annotation_files
from bodydouble.studio.annotation_exchange import ImportedPoses, export_annotations, export_coco, import_annotations
from bodydouble.studio.annotation_store import (
    SavedAnnotations,
    compute_version,
    parse_poses,
    read_draft,
    save_draft,
    split_by_motion,
)
from bodydouble.studio.correcting import Corrector, OutdatedVersionError
from bodydouble.studio.correction_store import load_automatic
from bodydouble.studio.helpers import Helper
from bodydouble.studio.network_keypoints import pack_keypoints


class Annotator:
    """Annotates takes. Its methods get the folder of results of a take that is done; they raise BodydoubleError."""

    def __init__(self, corrector: Corrector, reader: Helper) -> None:
        """Takes the corrector, which fits motions, and the helper that reads performances."""
        self._corrector, self._reader = corrector, reader
        self._locks: defaultdict[Path, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def describe(self, folder: Path) -> dict[str, Any]:
        """Returns the saved annotations of a take and their version as JSON."""
        return await asyncio.to_thread(_describe, folder)

    async def keypoints(self, folder: Path) -> bytes:
        """Returns the keypoints of the network, as ``pack_keypoints`` does."""
        return await self._reader.call(pack_keypoints, folder)

    async def save(self, folder: Path, poses: object, version: object) -> str:
        """Saves the annotations of a take without a fit.

        Args:
            folder: the folder of results.
            poses: all poses as JSON.
            version: the version that they were made from.

        Returns:
            Their version.

        Raises:
            InvalidDataError: the poses are malformed.
            OutdatedVersionError: there is another version now.
        """
        async with self._locks[folder]:
            return await asyncio.to_thread(_save, folder, poses, version)

    async def apply(self, folder: Path, version: object) -> dict[str, str]:
        """Fits the motion of a take to the saved annotations.

        Args:
            folder: the folder of results.
            version: the version that is meant.

        Returns:
            As JSON: the version in ``applied``, and in ``unused`` a text about annotations that concern no motion.

        Raises:
            OutdatedVersionError: there is another version now.
            InvalidDataError: an annotation does not fit, or a correction does not fit the new motion. The motion stays
                as it was.
        """
        async with self._locks[folder]:
            draft = await asyncio.to_thread(_read_expected, folder, version)
            used, unused = await self._reader.call(_split, folder, draft.annotations)
            await self._corrector.annotate(folder, used)
        return {"applied": draft.version, "unused": unused}

    async def export(self, folder: Path) -> str:
        """Returns the saved annotations as annotations.json."""
        return await asyncio.to_thread(export_annotations, folder)

    async def export_coco(self, folder: Path, set_name: str) -> bytes:
        """Returns the saved annotations as a data set of COCO; arguments and errors as ``export_coco``."""
        return await self._reader.call(export_coco, folder, set_name)

    async def parse_file(self, folder: Path, content: bytes) -> ImportedPoses:
        """Reads the poses of a file for a take; arguments and errors as ``import_annotations``."""
        return await self._reader.call(import_annotations, folder, content)


def _describe(folder: Path) -> dict[str, Any]:
    draft = read_draft(folder)
    return {"poses": annotation_files.to_objects(draft.annotations), "version": draft.version}


def _save(folder: Path, poses: object, version: object) -> str:
    annotations = parse_poses(poses)
    _read_expected(folder, version)
    save_draft(folder, annotations)
    return compute_version(annotations)


def _read_expected(folder: Path, version: object) -> SavedAnnotations:
    """Returns the saved annotations; raises OutdatedVersionError if they have another version."""
    draft = read_draft(folder)
    if version != draft.version:
        raise OutdatedVersionError("the annotations were changed in another window")
    return draft


def _split(folder: Path, draft: Annotations) -> tuple[Annotations, str]:
    return split_by_motion(load_automatic(folder), draft)
