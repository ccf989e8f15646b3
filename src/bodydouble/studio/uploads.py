"""Bodies of requests: an upload -> a file, JSON -> an object. Size, kind and speed are checked while they arrive."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

from starlette.requests import ClientDisconnect, Request

from bodydouble.errors import FormatError
from bodydouble.studio.containers import HEAD_BYTES, find_character_suffix, find_suffix
from bodydouble.studio.settings import Limits
from bodydouble.studio.web_errors import FULL_DISK, RequestError, explain_disk_error


@dataclass(frozen=True, slots=True)
class UploadKind:
    """A kind of files that can be uploaded."""

    name: str
    """Noun for people."""
    types: tuple[str, ...]
    """Beginnings of the media types that a client may announce."""
    find_suffix: Callable[[bytes], str]
    """Returns the suffix of a file by its first bytes; raises FormatError if it is of another kind."""
    get_max_bytes: Callable[[Limits], int]
    advice: str
    """Advice on a file that is too large."""


VIDEO = UploadKind(
    "video", ("video/", "application/octet-stream", "application/mp4", "image/gif"), find_suffix,
    lambda limits: limits.upload_bytes, "cut it into shorter clips",
)  # fmt: skip
CHARACTER = UploadKind(
    "character", ("model/", "application/octet-stream"), find_character_suffix,
    lambda limits: limits.character_bytes, "export it with smaller textures",
)  # fmt: skip


async def receive_upload(request: Request, path: Path, limits: Limits, kind: UploadKind = VIDEO) -> str:
    """Writes the body of a request to a file and returns the suffix of its format.

    Raises:
        RequestError: it is too large, too slow, of another kind, or the disk is full. The file is removed.
    """
    check_announced(request, path.parent, limits, kind)
    try:
        with path.open("wb") as file:
            return await _write_body(request, file, limits, kind)
    except OSError as error:
        message = FULL_DISK if explain_disk_error(error) else f"the {kind.name} cannot be stored: {error.strerror}"
        raise RequestError(HTTPStatus.INSUFFICIENT_STORAGE, message) from error
    except ClientDisconnect as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, "the upload was broken off") from error
    finally:
        if path.exists() and not getattr(request.state, "is_complete", False):
            path.unlink(missing_ok=True)


def check_announced(request: Request, folder: Path, limits: Limits, kind: UploadKind) -> None:
    """Refuses a body by its announced type and size, before any of it is read."""
    if not request.headers.get("content-type", "").lower().startswith(kind.types):
        raise RequestError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send the {kind.name} itself, with the type of a {kind.name}"
        )
    if request.headers.get("content-encoding", "identity") != "identity":
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send the {kind.name} without a content encoding")
    length = read_length(request)
    if length is not None and length > kind.get_max_bytes(limits):
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _describe_limit(limits, kind))
    if shutil.disk_usage(folder).free - (length or 0) < limits.free_bytes:
        raise RequestError(HTTPStatus.INSUFFICIENT_STORAGE, "the disk is nearly full; free some space and try again")


def read_length(request: Request) -> int | None:
    """Returns the announced size of a body in bytes; None if there is none. Raises RequestError if it is no number."""
    text = request.headers.get("content-length")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise RequestError(HTTPStatus.BAD_REQUEST, "the length of the body is no number")
    return int(text)


async def _write_body(request: Request, file: BinaryIO, limits: Limits, kind: UploadKind) -> str:
    head, size, start = b"", 0, time.monotonic()
    suffix = None
    async for chunk in read_chunks(request, limits):
        size += len(chunk)
        if size > kind.get_max_bytes(limits):
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _describe_limit(limits, kind))
        if suffix is None:
            head += chunk
            if len(head) >= HEAD_BYTES:
                suffix = _require_suffix(head, kind)
        seconds = time.monotonic() - start
        if seconds > limits.grace_seconds and size / seconds < limits.min_bytes_per_second:
            raise RequestError(HTTPStatus.REQUEST_TIMEOUT, "the upload is too slow")
        await asyncio.to_thread(file.write, chunk)
    suffix = suffix or _require_suffix(head, kind)
    request.state.is_complete = True
    return suffix


async def read_object(request: Request, limits: Limits, max_bytes: int) -> dict[str, Any]:
    """Reads a body that is a JSON object; raises RequestError if it is none, or too large."""
    body = await read_body(request, limits, max_bytes)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RequestError(HTTPStatus.BAD_REQUEST, "the body is no JSON object")
    return value


async def read_body(request: Request, limits: Limits, max_bytes: int) -> bytes:
    """Reads a body of JSON without parsing it; raises RequestError if it is of another type, or too large."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be JSON")
    if (read_length(request) or 0) > max_bytes:
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
    body = b""
    async for chunk in read_chunks(request, limits):
        body += chunk
        if len(body) > max_bytes:
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
    return body


async def read_chunks(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """Yields the parts of a body; raises RequestError if the next one takes too long."""
    stream = request.stream()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), limits.chunk_seconds)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise RequestError(HTTPStatus.REQUEST_TIMEOUT, "the rest of the request did not arrive") from None
        yield chunk


def _require_suffix(head: bytes, kind: UploadKind) -> str:
    try:
        return kind.find_suffix(head)
    except FormatError as error:
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error)) from error


def _describe_limit(limits: Limits, kind: UploadKind) -> str:
    size = kind.get_max_bytes(limits)
    text = f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
    return f"the {kind.name} is larger than {text}; {kind.advice}"
