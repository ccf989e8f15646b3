"""Routes of characters: one's own are listed, added, renamed and removed; takes get another one."""

import asyncio
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from bodydouble.errors import FormatError, MediaError
from bodydouble.studio.own_characters import OwnCharacter
from bodydouble.studio.studio import Studio
from bodydouble.studio.titles import clean_title
from bodydouble.studio.uploads import CHARACTER, receive_upload
from bodydouble.studio.web_errors import RequestError
from bodydouble.studio.web_requests import find_take, read_json


def list_routes(studio: Studio) -> list[Route]:
    """Returns the routes."""
    handlers = _Handlers(studio)
    one = "/api/characters/{character_id}"
    return [
        Route("/api/characters", handlers.list_all, methods=["GET"]),
        Route("/api/characters", handlers.add, methods=["POST"]),
        Route(one, handlers.rename, methods=["PATCH"]),
        Route(one, handlers.remove, methods=["DELETE"]),
        Route("/characters/{character_id}/picture.png", handlers.picture),
        Route("/api/takes/{take_id}/character", handlers.change, methods=["POST"]),
    ]


class _Handlers:
    """Handlers of the routes."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._shelf = studio, studio.library.characters

    async def list_all(self, _: Request) -> Response:
        """Sends all characters of one's own."""
        return JSONResponse(await asyncio.to_thread(self._describe_all))

    def _describe_all(self) -> list[dict[str, Any]]:
        uses = self._studio.library.count_uses()
        return [self._describe(character, uses[character.name]) for character in self._shelf.list_characters()]

    def _describe(self, character: OwnCharacter, takes: int) -> dict[str, Any]:
        return {
            "id": character.id,
            "name": character.name,
            "title": character.title,
            "notes": character.notes,
            "has_picture": self._shelf.picture(character).is_file(),
            "takes": takes,
        }

    async def add(self, request: Request) -> Response:
        """Receives the file of a character."""
        path = self._studio.upload_path()
        suffix = await receive_upload(request, path, self._studio.settings.limits, CHARACTER)
        try:
            character = await self._studio.create_character(path, suffix, request.query_params.get("name", ""))
        except (FormatError, MediaError) as error:
            message = f"this character cannot be used: {error}"
            raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message) from error
        return JSONResponse(self._describe(character, 0), HTTPStatus.CREATED)

    async def rename(self, request: Request) -> Response:
        """Gives a character another title."""
        character = self._find(request)
        title = (await read_json(request, self._studio.settings.limits)).get("title")
        if not isinstance(title, str):
            raise RequestError(HTTPStatus.BAD_REQUEST, "the new title is missing")
        self._shelf.rename(character, clean_title(title))
        return await self.list_all(request)

    async def remove(self, request: Request) -> Response:
        """Offers a character no more."""
        await asyncio.to_thread(self._studio.remove_character, self._find(request))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def picture(self, request: Request) -> Response:
        """Sends the picture of a character."""
        path = self._shelf.picture(self._find(request))
        if not path.is_file():
            raise RequestError(HTTPStatus.NOT_FOUND, "there is no picture")
        return FileResponse(path, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})

    async def change(self, request: Request) -> Response:
        """Lets a take be made again with another character."""
        take = find_take(self._studio, request)
        name = (await read_json(request, self._studio.settings.limits)).get("character")
        if not isinstance(name, str):
            raise RequestError(HTTPStatus.BAD_REQUEST, "the character is missing")
        changed = await self._studio.change_character(take, name)
        return JSONResponse(self._studio.describe_take(changed).as_json(), HTTPStatus.ACCEPTED)

    def _find(self, request: Request) -> OwnCharacter:
        character = self._shelf.find(request.path_params["character_id"])
        if character is None or character.is_removed:
            raise RequestError(HTTPStatus.NOT_FOUND, "there is no such character")
        return character
