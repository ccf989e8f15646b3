"""Routes of the studio: HTTP requests -> ``Studio`` -> JSON, files and events."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bodydouble import __version__
from bodydouble.errors import BodydoubleError, FormatError, InvalidDataError, MediaError
from bodydouble.studio import character_routes, download_routes
from bodydouble.studio.annotation_routes import AnnotationRoutes
from bodydouble.studio.assets import Asset, load_assets
from bodydouble.studio.corrected_cast import OvertakenModelError
from bodydouble.studio.correcting import OutdatedVersionError
from bodydouble.studio.download_formats import available_formats
from bodydouble.studio.guard import Guard
from bodydouble.studio.playback import PLAYBACK_FILE
from bodydouble.studio.studio import QUALITIES, Studio, list_characters
from bodydouble.studio.takes import Take
from bodydouble.studio.uploads import receive_upload
from bodydouble.studio.web_errors import RequestError, explain_disk_error
from bodydouble.studio.web_requests import find_take, read_json

EVENT_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 15.0
MAX_FRAME_DIGITS = 7
_MODEL_TYPE = "model/gltf-binary"
_IMAGES = {"jpg": ("JPEG", "image/jpeg"), "png": ("PNG", "image/png")}


def create_app(studio: Studio) -> Starlette:
    """Returns the ASGI application of a studio, which must have been entered."""
    handlers = _Handlers(studio)
    app = Starlette(
        routes=handlers.routes(),
        middleware=[Middleware(Guard, settings=studio.settings)],
        exception_handlers={
            RequestError: _answer_request_error,
            BodydoubleError: _answer_error,
            HTTPStatus.NOT_FOUND: _answer_not_found,
            HTTPStatus.METHOD_NOT_ALLOWED: _answer_not_allowed,
            Exception: _answer_unexpected,
        },
    )
    app.router.redirect_slashes = False
    return app


class _Handlers:
    """Handlers of all routes."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._assets = studio, load_assets()

    def routes(self) -> list[Route]:
        """Returns the routes."""
        take, api = "/takes/{take_id}", "/api/takes/{take_id}"
        annotations = AnnotationRoutes(self._studio.annotator, self._studio.settings.limits, self._find_results)
        return [
            Route("/", self.page),
            Route("/static/{name:path}", self.static),
            Route("/api/session", self.session),
            Route("/api/events", self.events),
            Route("/api/takes", self.list_takes, methods=["GET"]),
            Route("/api/takes", self.upload, methods=["POST"]),
            Route(api, self.show_take, methods=["GET"]),
            Route(api, self.rename_take, methods=["PATCH"]),
            Route(api, self.remove_take, methods=["DELETE"]),
            Route(f"{api}/cancel", self.cancel_take, methods=["POST"]),
            Route(f"{api}/restart", self.restart_take, methods=["POST"]),
            Route(f"{api}/corrections", self.corrections, methods=["GET"]),
            Route(f"{api}/corrections", self.correct, methods=["PUT"]),
            Route(f"{api}/film", self.draw_film, methods=["POST"]),
            Route(f"{take}/poster.jpg", self.poster),
            Route(f"{take}/video.mp4", self.video),
            Route(f"{take}/film.mp4", self.film),
            Route(f"{take}/scene.json", self.scene),
            Route(f"{take}/scene.bin", self.scene_numbers),
            Route(f"{take}/plots.bin", self.plots),
            Route(f"{take}/frames/{{name}}", self.frame),
            Route(f"{take}/models/{{name}}", self.model),
            *annotations.routes(take, api),
            *character_routes.list_routes(self._studio),
            *download_routes.list_routes(self._studio),
        ]

    async def page(self, request: Request) -> Response:
        """Sends the page."""
        return _send_asset(request, self._assets["index.html"])

    async def static(self, request: Request) -> Response:
        """Sends a static file."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            raise RequestError(HTTPStatus.NOT_FOUND, "there is no such file")
        return _send_asset(request, asset)

    async def session(self, _: Request) -> Response:
        """Sends what the page needs to know about this server."""
        limits = self._studio.settings.limits
        return JSONResponse(
            {
                "version": __version__,
                "is_local": self._studio.settings.is_local,
                "upload_bytes": limits.upload_bytes,
                "character_bytes": limits.character_bytes,
                "characters": list_characters(),
                "qualities": QUALITIES,
                "formats": [asdict(f) for f in available_formats()],
            }
        )

    async def events(self, request: Request) -> Response:
        """Streams the list of takes as server-sent events, whenever it changes."""
        return StreamingResponse(self._stream_takes(request), media_type="text/event-stream")

    async def _stream_takes(self, request: Request) -> AsyncIterator[str]:
        """Yields events. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html"""
        last, number, idle = "", 0, 0.0
        while not self._studio.is_closing.is_set() and not await request.is_disconnected():
            takes = await asyncio.to_thread(self._studio.describe_takes)
            text = json.dumps([take.as_json() for take in takes])
            if text != last:
                last, number, idle = text, number + 1, 0.0
                yield f"id: {number}\nevent: takes\ndata: {text}\n\n"
            elif idle >= KEEP_ALIVE_SECONDS:
                idle = 0.0
                yield ": nothing new\n\n"
            await asyncio.sleep(EVENT_SECONDS)
            idle += EVENT_SECONDS

    async def list_takes(self, _: Request) -> Response:
        """Sends all takes."""
        takes = await asyncio.to_thread(self._studio.describe_takes)
        return JSONResponse([take.as_json() for take in takes])

    async def upload(self, request: Request) -> Response:
        """Receives a video and makes a take of it."""
        query = request.query_params
        options = self._studio.check_options(
            query.get("character", list_characters()[0]), query.get("quality", "balanced"), query.get("film") == "1"
        )
        path = self._studio.upload_path()
        suffix = await receive_upload(request, path, self._studio.settings.limits)
        try:
            take = await self._studio.create_take(path, suffix, query.get("name", ""), options)
        except MediaError as error:
            raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _first_line(error, path.name)) from error
        return JSONResponse(self._studio.describe_take(take).as_json(), HTTPStatus.CREATED)

    async def show_take(self, request: Request) -> Response:
        """Sends a take, and the formats in which it can be downloaded if there are results."""
        take = self._find(request)
        status = self._studio.describe_take(take)
        formats = await self._studio.formats(take) if status.made else []
        return JSONResponse(status.as_json() | {"formats": formats})

    async def rename_take(self, request: Request) -> Response:
        """Renames a take."""
        take = self._find(request)
        title = (await read_json(request, self._studio.settings.limits)).get("title")
        if not isinstance(title, str):
            raise RequestError(HTTPStatus.BAD_REQUEST, "the new title is missing")
        renamed = self._studio.library.rename(take, title)
        return JSONResponse(self._studio.describe_take(renamed).as_json())

    async def remove_take(self, request: Request) -> Response:
        """Removes a take."""
        await asyncio.to_thread(self._studio.remove, self._find(request))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def cancel_take(self, request: Request) -> Response:
        """Stops the job of a take."""
        return await self._change(request, self._studio.cancel)

    async def restart_take(self, request: Request) -> Response:
        """Starts the job of a take again."""
        return await self._change(request, self._studio.restart)

    async def _change(self, request: Request, change: Callable[[Take], None]) -> Response:
        take = self._find(request)
        if self._studio.describe_take(take).state == "done":
            raise RequestError(HTTPStatus.CONFLICT, "this take is done")
        await asyncio.to_thread(change, take)
        return await self.show_take(request)

    async def corrections(self, request: Request) -> Response:
        """Sends the corrections of a take and their version."""
        return JSONResponse(self._studio.corrector.describe(self._find_results(request)))

    async def correct(self, request: Request) -> Response:
        """Replaces the corrections of a take, and sends their version when the motion is corrected."""
        folder, limits = self._find_results(request), self._studio.settings.limits
        body = await read_json(request, limits, limits.corrections_bytes)
        try:
            version = await self._studio.corrector.correct(folder, body.get("corrections"), body.get("version"))
        except FormatError as error:
            raise RequestError(HTTPStatus.BAD_REQUEST, str(error)) from error
        return JSONResponse({"version": version})

    async def draw_film(self, request: Request) -> Response:
        """Begins to draw the film of a take as it is now."""
        folder, take = self._find_results(request), self._find(request)
        character = self._studio.find_character(take)
        self._studio.corrector.start_film(folder, self._studio.library.video(take), character)
        return await self.show_take(request)

    async def poster(self, request: Request) -> Response:
        """Sends the picture of a take."""
        path = self._studio.library.poster(self._find(request))
        if not path.is_file():
            raise RequestError(HTTPStatus.NOT_FOUND, "there is no picture")
        return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    async def video(self, request: Request) -> Response:
        """Sends the playback copy, or the range of its bytes that is asked for."""
        return _send_video(self._find_results(request) / PLAYBACK_FILE)

    async def film(self, request: Request) -> Response:
        """Sends the film of the motion as it is now, or a range of its bytes."""
        return _send_video(self._studio.corrector.find_film(self._find_results(request)))

    async def scene(self, request: Request) -> Response:
        """Sends the description of the scene."""
        return JSONResponse((await self._studio.corrector.scene(self._find_results(request))).description)

    async def scene_numbers(self, request: Request) -> Response:
        """Sends the numbers of the scene, or of that of a version that was described a moment ago."""
        folder, version = self._find_results(request), request.query_params.get("version")
        corrector = self._studio.corrector
        scene = await corrector.scene(folder) if version is None else corrector.find_scene(folder, version)
        if scene is None:
            raise RequestError(HTTPStatus.CONFLICT, "this take has been corrected meanwhile; load it again")
        return Response(scene.numbers, media_type="application/octet-stream")

    async def plots(self, request: Request) -> Response:
        """Sends the curves of all plots."""
        plots = await self._studio.corrector.plots(self._find_results(request))
        return Response(plots, media_type="application/octet-stream", headers={"Cache-Control": "private, no-cache"})

    async def frame(self, request: Request) -> Response:
        """Sends one frame of the video by its index."""
        digits, _, suffix = request.path_params["name"].partition(".")
        if suffix not in _IMAGES or not digits.isascii() or not digits.isdigit() or len(digits) > MAX_FRAME_DIGITS:
            raise RequestError(HTTPStatus.NOT_FOUND, "frames are NUMBER.jpg or NUMBER.png")
        file_format, media_type = _IMAGES[suffix]
        take = self._find(request)
        try:
            image = await self._studio.frame(take, int(digits), file_format)
        except MediaError as error:
            raise RequestError(HTTPStatus.NOT_FOUND, str(error)) from error
        return Response(image, media_type=media_type, headers={"Cache-Control": "private, max-age=3600"})

    async def model(self, request: Request) -> Response:
        """Sends the animated character of a person; a corrected one is made when it is asked for first."""
        take, name = self._find(request), request.path_params["name"]
        character = self._studio.find_character(take)
        try:
            path = await self._studio.corrector.model(self._find_results(request), name, character)
        except OvertakenModelError as error:
            raise RequestError(HTTPStatus.CONFLICT, str(error)) from error
        if path is None:
            raise RequestError(HTTPStatus.NOT_FOUND, "there is no such character")
        return FileResponse(path, media_type=_MODEL_TYPE, headers={"Cache-Control": "private, no-cache"})

    def _find_results(self, request: Request) -> Path:
        return self._studio.results(self._find(request))

    def _find(self, request: Request) -> Take:
        return find_take(self._studio, request)


def _send_video(path: Path | None) -> Response:
    if path is None or not path.is_file():
        raise RequestError(HTTPStatus.NOT_FOUND, "there is no such video")
    return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "private, no-cache"})


def _send_asset(request: Request, asset: Asset) -> Response:
    headers = {"ETag": asset.etag, "Cache-Control": "no-cache"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def _first_line(error: BodydoubleError, hidden: str) -> str:
    """Returns the message of an error without the path of the file that the server made up."""
    words = [word for word in str(error).split() if hidden not in word]
    return f"this video cannot be read: {' '.join(words)}"


async def _answer_request_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestError):
        raise error
    return JSONResponse({"error": error.message}, error.status, {"Connection": "close"})


async def _answer_error(_: Request, error: Exception) -> Response:
    disk_error = explain_disk_error(error)
    if disk_error is not None:
        return JSONResponse({"error": str(disk_error)}, HTTPStatus.INSUFFICIENT_STORAGE)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    if isinstance(error, InvalidDataError):
        status = HTTPStatus.BAD_REQUEST
    if isinstance(error, OutdatedVersionError):
        status = HTTPStatus.CONFLICT
    return JSONResponse({"error": str(error)}, status)


async def _answer_not_found(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "there is nothing at this address"}, HTTPStatus.NOT_FOUND)


async def _answer_not_allowed(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "this address has other methods"}, HTTPStatus.METHOD_NOT_ALLOWED)


async def _answer_unexpected(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"unexpected {type(error).__name__}"}, HTTPStatus.INTERNAL_SERVER_ERROR)
