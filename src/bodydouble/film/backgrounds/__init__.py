"""Backgrounds of a film: the place behind the drawn characters.

- ``create_background``: a name (original, clean, toon, plain, a colour or a file) -> ``Background``.
- ``Background``: frame by frame, the picture behind the characters and what stands before them.

Read ``create.py`` first, then ``shots.py`` (alignment of frames), ``shot_plates.py`` (the place without people),
``clean.py`` and ``toon.py``.
"""

from bodydouble.film.backgrounds.background import Background
from bodydouble.film.backgrounds.create import BACKGROUND_KINDS, create_background

__all__ = ["BACKGROUND_KINDS", "Background", "create_background"]
