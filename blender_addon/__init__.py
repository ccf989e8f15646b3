"""Add-on for Blender: captures videos with the installed bodydouble and opens captures as scenes.

``make addon`` builds the zip file to install. The folder ``blender`` in it is a copy of ``src/bodydouble/blender``.
"""

from . import operators, panel, settings

MODULES = (settings, operators, panel)


def register() -> None:
    """Adds preferences, settings, operators and the panel to Blender."""
    for module in MODULES:
        module.register()


def unregister() -> None:
    """Removes everything that register added."""
    for module in reversed(MODULES):
        module.unregister()
