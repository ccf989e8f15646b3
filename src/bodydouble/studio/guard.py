"""Guard in front of all routes: hosts, origins, the token, and the security headers of every response.

A page of another site can make a browser send requests to this server. Its requests carry that site as the Origin, or
are marked as cross-site, and are refused; a site that lets its own name point to 127.0.0.1 (DNS rebinding) is found by
the Host. Sources: https://fetch.spec.whatwg.org, https://www.w3.org/TR/fetch-metadata
"""

import secrets
from collections.abc import Iterable
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bodydouble.studio.settings import StudioSettings, is_loopback
from bodydouble.studio.web_errors import RequestError

SAFE_METHODS = frozenset({"GET", "HEAD"})
MAX_PATH = 1_000
"""Maximum length of a path and of a query."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' blob: data:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """ASGI middleware that refuses requests from elsewhere and adds security headers."""

    def __init__(self, app: ASGIApp, settings: StudioSettings) -> None:
        self._app, self._settings = app, settings
        self._cookie = f"bodydouble_{settings.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # web sockets are refused by not being answered
        send = _with_headers(send)
        try:
            answer = self._check(scope)
        except RequestError as error:
            answer = JSONResponse({"error": error.message}, error.status, {"Connection": "close"})
        if answer is not None:
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> Response | None:
        """Returns None for requests that are passed on; raises RequestError for those that are refused."""
        headers = Headers(scope=scope)
        if len(scope["path"]) > MAX_PATH or len(scope["query_string"]) > MAX_PATH:
            raise RequestError(HTTPStatus.REQUEST_URI_TOO_LONG, "the address is too long")
        host = self._check_host(headers.getlist("host"))
        self._check_origin(scope, headers, host)
        return self._check_token(scope, headers)

    def _check_host(self, hosts: Iterable[str]) -> str:
        values = list(hosts)
        if len(values) != 1 or not self._is_own_host(values[0]):
            raise RequestError(HTTPStatus.MISDIRECTED_REQUEST, "this server has another name; use the printed address")
        return values[0]

    def _is_own_host(self, value: str) -> bool:
        try:
            parts = urlsplit(f"//{value}")
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.netloc != value or "@" in value or (port or 80) != self._settings.port:
            return False
        if is_loopback(name) or name == self._settings.host:
            return True
        return not self._settings.is_local and _is_address(name)

    def _check_origin(self, scope: Scope, headers: Headers, host: str) -> None:
        origins = headers.getlist("origin")
        if any(origin != f"http://{host}" for origin in origins):
            raise RequestError(HTTPStatus.FORBIDDEN, "requests of other sites are refused")
        site = headers.get("sec-fetch-site", "same-origin")
        is_visit = scope["path"] == "/" and headers.get("sec-fetch-mode", "navigate") == "navigate"
        if site not in ("same-origin", "none") and not (is_visit and scope["method"] in SAFE_METHODS):
            raise RequestError(HTTPStatus.FORBIDDEN, "requests of other sites are refused")
        if scope["method"] not in SAFE_METHODS and not origins:
            raise RequestError(HTTPStatus.FORBIDDEN, "changes need the Origin of the studio's page")

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        token = self._settings.token
        if token is None or _equal(self._read_cookie(headers), token):
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] != "/" or not _equal(given, token):
            raise RequestError(HTTPStatus.UNAUTHORIZED, "open the address that the studio printed when it started")
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        answer.set_cookie(self._cookie, token, max_age=30 * 86_400, httponly=True, samesite="strict")
        return answer

    def _read_cookie(self, headers: Headers) -> str:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return ""
        return cookies[self._cookie].value if self._cookie in cookies else ""


def _equal(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers
