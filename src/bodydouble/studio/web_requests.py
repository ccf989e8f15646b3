"""Parts of requests that several handlers read."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request

from bodydouble.studio.settings import Limits
from bodydouble.studio.studio import Studio
from bodydouble.studio.takes import Take
from bodydouble.studio.uploads import read_object
from bodydouble.studio.web_errors import RequestError


def find_take(studio: Studio, request: Request) -> Take:
    """Returns the take that a path names; raises RequestError if there is none."""
    take = studio.library.find(request.path_params["take_id"])
    if take is None:
        raise RequestError(HTTPStatus.NOT_FOUND, "there is no such take")
    return take


async def read_json(request: Request, limits: Limits, max_bytes: int | None = None) -> dict[str, Any]:
    """Returns the JSON object that is the body of a request; by default it must be small. Raises RequestError."""
    return await read_object(request, limits, max_bytes or limits.json_bytes)
