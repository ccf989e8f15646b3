"""Routes of downloads: begun for a take, looked at while they are written, cancelled, fetched."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from bodydouble.studio.download_queue import Download, DownloadState
from bodydouble.studio.studio import Studio
from bodydouble.studio.web_errors import RequestError
from bodydouble.studio.web_requests import find_take, read_json


def list_routes(studio: Studio) -> list[Route]:
    """Returns the routes."""
    handlers = _Handlers(studio)
    one = "/api/downloads/{download_id}"
    return [
        Route("/api/takes/{take_id}/downloads", handlers.begin, methods=["POST"]),
        Route(one, handlers.show, methods=["GET"]),
        Route(one, handlers.cancel, methods=["DELETE"]),
        Route("/downloads/{download_id}", handlers.fetch),
    ]


class _Handlers:
    """Handlers of the routes."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def begin(self, request: Request) -> Response:
        """Begins to write a download in some formats."""
        take = find_take(self._studio, request)
        names = (await read_json(request, self._studio.settings.limits)).get("formats")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise RequestError(HTTPStatus.BAD_REQUEST, "the formats are missing")
        download = await self._studio.prepare_download(take, list(dict.fromkeys(names)))
        return JSONResponse(download.as_json(), HTTPStatus.ACCEPTED)

    async def show(self, request: Request) -> Response:
        """Sends how far a download is."""
        return JSONResponse(self._find(request).as_json())

    async def cancel(self, request: Request) -> Response:
        """Stops a download."""
        self._studio.downloads.cancel(self._find(request))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def fetch(self, request: Request) -> Response:
        """Sends the file of a download."""
        download = self._find(request)
        if download.state is not DownloadState.DONE or not download.path.is_file():
            raise RequestError(HTTPStatus.NOT_FOUND, "this download is not written; prepare it again")
        return FileResponse(download.path, media_type="application/octet-stream", filename=download.name)

    def _find(self, request: Request) -> Download:
        download = self._studio.downloads.find(request.path_params["download_id"])
        if download is None:
            raise RequestError(HTTPStatus.NOT_FOUND, "this download is gone; prepare it again")
        return download
