"""Exceptions that bodydouble raises on purpose.

::

    BodydoubleError
    ├── MediaError            a video or image cannot be read
    │   └── NoPeopleError     the video was read, but no person was detected
    ├── OutputError           a file cannot be written
    ├── FormatError           a motion, character or performance file is malformed
    ├── UnknownCharacterError no such built-in character and no such file
    ├── ModelError            a network's weights are missing or do not fit
    ├── RenderingUnavailableError  no OpenGL on this machine
    ├── MissingExtraError     a package is needed that is installed on request only
    ├── BlenderError          Blender is not installed or fails
    └── InvalidDataError      an array has the wrong shape or values (also a ValueError)

Each message is one line that tells what is wrong and what to do.
Only ``bodydouble.cli`` turns these into exit codes.
"""


class BodydoubleError(Exception):
    """Base class of all exceptions that bodydouble raises on purpose."""


class MediaError(BodydoubleError):
    """A video or image cannot be read."""


class NoPeopleError(MediaError):
    """The video was read, but no person was visible for long enough."""


class OutputError(BodydoubleError):
    """A file cannot be written."""


class FormatError(BodydoubleError):
    """A motion, character or performance file is malformed or of an unsupported kind."""


class UnknownCharacterError(BodydoubleError):
    """Neither a built-in character nor a file has the given name."""


class ModelError(BodydoubleError):
    """A network's weights are missing, damaged or do not fit their use."""


class RenderingUnavailableError(BodydoubleError):
    """There is no OpenGL implementation on this machine."""


class MissingExtraError(BodydoubleError):
    """A package is needed that is installed with one of the extras only."""


class BlenderError(BodydoubleError):
    """Blender, which runs as a program of its own, is not installed or fails."""


class InvalidDataError(BodydoubleError, ValueError):
    """An array has the wrong shape, type or values."""
