"""Parts of requests that several handlers read."""

import json
from http import HTTPStatus
from typing import Any

from starlette.requests import Request

from bodydouble.studio.settings import Limits
from bodydouble.studio.studio import Studio
from bodydouble.studio.takes import Take
from bodydouble.studio.uploads import read_chunks, read_length
from bodydouble.studio.web_errors import RequestError


def find_take(studio: Studio, request: Request) -> Take:
    """Returns the take that a path names; raises RequestError if there is none."""
    take = studio.library.find(request.path_params["take_id"])
    if take is None:
        raise RequestError(HTTPStatus.NOT_FOUND, "there is no such take")
    return take


async def read_json(request: Request, limits: Limits, max_bytes: int | None = None) -> dict[str, Any]:
    """Returns the JSON object that is the body of a request.

    Args:
        request: the request.
        limits: how long to wait for its parts.
        max_bytes: maximum size of the body; default: that of small bodies.

    Raises:
        RequestError: the body is no JSON object, too large or too slow.
    """
    body = await _read_small(request, limits, max_bytes or limits.json_bytes)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RequestError(HTTPStatus.BAD_REQUEST, "the body is no JSON object")
    return value


async def _read_small(request: Request, limits: Limits, max_bytes: int) -> bytes:
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
