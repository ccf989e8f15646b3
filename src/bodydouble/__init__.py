"""Markerless motion capture from monocular video: ordinary video in, animated 3D characters out.

::

    import bodydouble as bd

    performance = bd.capture("dance.mp4")
    person = performance.people[0]
    person.motion.rotations       # (T, 22, 4) xyzw, local to the parent
    bd.animate("dance.mp4", "out")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bodydouble.data import Camera, Character, Motion, Performance, Person, Skeleton, Track
    from bodydouble.errors import BodydoubleError
    from bodydouble.formats.annotations import load as load_annotations
    from bodydouble.formats.corrections import load as load_corrections
    from bodydouble.formats.performance import load as load_performance
    from bodydouble.geometry.kinematics import joint_positions
    from bodydouble.motion.annotations.apply import apply_annotations
    from bodydouble.motion.corrections.apply import apply_corrections
    from bodydouble.pipeline import AnimationResult, Progress, animate, capture

__version__ = "0.1.0"

__all__ = [
    "AnimationResult",
    "BodydoubleError",
    "Camera",
    "Character",
    "Motion",
    "Performance",
    "Person",
    "Progress",
    "Skeleton",
    "Track",
    "animate",
    "apply_annotations",
    "apply_corrections",
    "capture",
    "joint_positions",
    "load_annotations",
    "load_corrections",
    "load_performance",
]

_LAZY_IMPORTS = {
    "BodydoubleError": ("bodydouble.errors", "BodydoubleError"),
    "AnimationResult": ("bodydouble.pipeline", "AnimationResult"),
    "Progress": ("bodydouble.pipeline", "Progress"),
    "animate": ("bodydouble.pipeline", "animate"),
    "apply_annotations": ("bodydouble.motion.annotations.apply", "apply_annotations"),
    "apply_corrections": ("bodydouble.motion.corrections.apply", "apply_corrections"),
    "load_annotations": ("bodydouble.formats.annotations", "load"),
    "load_corrections": ("bodydouble.formats.corrections", "load"),
    "capture": ("bodydouble.pipeline", "capture"),
    "joint_positions": ("bodydouble.geometry.kinematics", "joint_positions"),
    "load_performance": ("bodydouble.formats.performance", "load"),
}


def __getattr__(name: str) -> Any:
    """Imports a stage when it is first used, so that the command line starts at once."""
    if name not in __all__:
        raise AttributeError(f"module 'bodydouble' has no attribute {name!r}")
    module, attribute = _LAZY_IMPORTS.get(name, ("bodydouble.data", name))
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
