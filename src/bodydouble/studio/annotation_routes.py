"""Routes of annotations: HTTP requests -> ``Annotator`` -> JSON and files."""

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bodydouble.studio.annotating import Annotator
from bodydouble.studio.settings import Limits
from bodydouble.studio.uploads import read_object


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
            Route(f"{take}/keypoints.bin", self.keypoints),
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

    async def keypoints(self, request: Request) -> Response:
        """Sends the keypoints of the network."""
        keypoints = await self._annotator.keypoints(self._find_results(request))
        return Response(keypoints, media_type="application/octet-stream")
