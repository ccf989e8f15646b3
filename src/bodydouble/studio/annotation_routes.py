"""Routes of annotations: HTTP requests -> ``Annotator`` -> JSON and files."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bodydouble.studio.annotating import Annotator
from bodydouble.studio.network_keypoints import SETS
from bodydouble.studio.settings import Limits
from bodydouble.studio.uploads import read_body, read_object


class AnnotationRoutes:
    """Handlers of the routes of annotations."""

    def __init__(self, annotator: Annotator, limits: Limits, find_results: Callable[[Request], Path]) -> None:
        """Takes a function that returns the folder of results of the take that a request names."""
        self._annotator, self._limits, self._find_results = annotator, limits, find_results

    def routes(self, take: str, api: str) -> list[Route]:
        """Returns the routes below the addresses of a take."""
        return [
            Route(f"{api}/annotations", self.show, methods=["GET"]),
            Route(f"{api}/annotations", self.save, methods=["PUT"]),
            Route(f"{api}/annotations/apply", self.apply, methods=["POST"]),
            Route(f"{api}/annotations/import", self.parse_file, methods=["POST"]),
            Route(f"{take}/keypoints.bin", self.keypoints),
            Route(f"{take}/annotations.json", self.export),
            Route(f"{take}/annotations_coco.json", self.export_coco),
        ]

    async def show(self, request: Request) -> Response:
        """Sends the annotations of a take and their version."""
        return JSONResponse(await self._annotator.describe(self._find_results(request)))

    async def save(self, request: Request) -> Response:
        """Replaces the annotations of a take, and sends their version."""
        folder = self._find_results(request)
        body = await read_object(request, self._limits, self._limits.annotations_bytes)
        version = await self._annotator.save(folder, body.get("poses"), body.get("version"))
        return JSONResponse({"version": version})

    async def apply(self, request: Request) -> Response:
        """Fits the motion of a take to its annotations, and tells those that concern no motion."""
        folder = self._find_results(request)
        body = await read_object(request, self._limits, self._limits.json_bytes)
        return JSONResponse(await self._annotator.apply(folder, body.get("version")))

    async def parse_file(self, request: Request) -> Response:
        """Reads a file of annotations or of COCO, and sends its poses; nothing is saved."""
        folder = self._find_results(request)
        content = await read_body(request, self._limits, self._limits.annotations_bytes)
        return JSONResponse(asdict(await self._annotator.parse_file(folder, content)))

    async def export(self, request: Request) -> Response:
        """Sends the annotations of a take as a file."""
        return _send_file(await self._annotator.export(self._find_results(request)), "annotations.json")

    async def export_coco(self, request: Request) -> Response:
        """Sends the annotations of a take as a data set of COCO, with the landmarks of a set."""
        name = request.query_params.get("set", SETS[0].name)
        return _send_file(await self._annotator.export_coco(self._find_results(request), name), "annotations_coco.json")

    async def keypoints(self, request: Request) -> Response:
        """Sends the keypoints of the network."""
        keypoints = await self._annotator.keypoints(self._find_results(request))
        return Response(keypoints, media_type="application/octet-stream")


def _send_file(content: str | bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/json", headers=headers)
