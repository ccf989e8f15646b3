"""Settings of the studio: where it listens, where takes are kept, and what it accepts."""

import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

LOCALHOST = "127.0.0.1"
DEFAULT_PORT = 8765
DEFAULT_FOLDER = Path("bodydouble-studio")
"""Folder of the takes, relative to the home folder of the user."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of what clients may send."""

    upload_bytes: int = 1_500_000_000
    """Maximum size of an uploaded video."""
    character_bytes: int = 200_000_000
    """Maximum size of an uploaded character."""
    json_bytes: int = 20_000
    """Maximum size of the body of any other request."""
    corrections_bytes: int = 400_000
    """Maximum size of the corrections of a take."""
    annotations_bytes: int = 10_000_000
    """Maximum size of the annotations of a take."""
    free_bytes: int = 500_000_000
    """Disk space that an upload must leave free."""
    chunk_seconds: float = 30.0
    """Maximum wait for the next part of a body."""
    min_bytes_per_second: float = 2_000.0
    """Minimum mean speed of an upload after ``grace_seconds``."""
    grace_seconds: float = 30.0
    head_seconds: float = 15.0
    """Maximum time from a new connection to a complete head of a request."""
    connections: int = 200
    """Maximum number of connections at a time."""


@dataclass(frozen=True, slots=True)
class StudioSettings:
    """Settings of one server."""

    folder: Path
    """Folder of takes, videos and the queue."""
    host: str = LOCALHOST
    port: int = DEFAULT_PORT
    token: str | None = None
    """Secret that a browser must show; None: no browser of another computer can connect."""
    limits: Limits = field(default_factory=Limits)

    @property
    def is_local(self) -> bool:
        """Whether the server listens to this computer only."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Returns whether a host name or address means this computer only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def create_token() -> str:
    """Creates a secret of 192 random bits for URLs."""
    return secrets.token_urlsafe(24)
