"""Errors of requests: an HTTP status and one line for the person in front of the page."""

from http import HTTPStatus


class RequestError(Exception):
    """A request that is refused."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
