"""True appearance of a rendered person: the named meshes of ``clothing.dress_body`` -> ``Appearance``."""

from io import BytesIO

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from bodydouble.data import Appearance, Character, Color, FloatArray, Mesh, Trait
from bodydouble.synthetic.bodies import Body

HAIR_DROPS = ((0.08, "short"), (0.14, "bob"), (0.24, "shoulder"), (np.inf, "long"))
"""Largest distance in m of the lowest hair below the ears, and the length of the hair."""
MAX_WEAVE = 0.02
"""Largest standard deviation of a smoothed texture without a pattern, sRGB."""
MIN_BUZZ_CONTRAST = 0.04
"""Smallest difference of the scalp from the skin, sRGB, on a head that is not bald."""


def read_appearance(body: Body, character: Character) -> Appearance | None:
    """Reads the true appearance of a character that ``dress_body`` made for a body.

    Of a character that another function made, only glasses are read; without them the appearance is None.

    The colours are those of the textures. A pattern that is not plain is called a print; the colour of a lower garment
    with a pattern is left out.
    """
    meshes = {mesh.name: mesh for mesh in character.meshes}
    if "skin" not in meshes:
        return Appearance(glasses=Trait("glasses", 1.0)) if "glasses" in meshes else None
    top, bottom = meshes["top"], meshes.get("skirt") or meshes["trousers"]
    skin = _vertex_color(meshes["skin"])
    shoulder, wrist = body.joint_position("leftUpperArm")[0], body.joint_position("leftHand")[0]
    hip, ankle = body.joint_position("leftUpperLeg")[1], body.joint_position("leftFoot")[1]
    sleeve = (float(np.abs(top.positions[:, 0]).max()) - shoulder) / (wrist - shoulder)
    leg = (hip - float(bottom.positions[:, 1].min())) / (hip - ankle)
    hair, hair_color = _read_hair(body, meshes, skin)
    return Appearance(
        skin_color=_sure(skin),
        hair=Trait(hair, 1.0),
        hair_color=None if hair_color is None else _sure(hair_color),
        top_color=_sure(_main_color(top)),
        pattern=Trait("plain" if _is_plain(top) else "print", 1.0),
        sleeve=Trait(float(np.clip(sleeve, 0, 1)), 1.0),
        bottom=Trait("skirt" if "skirt" in meshes else "trousers", 1.0),
        bottom_color=_sure(_main_color(bottom)) if _is_plain(bottom) else None,
        leg=Trait(float(np.clip(leg, 0, 1)), 1.0),
        shoes=Trait("shoes" if "shoes" in meshes else "bare", 1.0),
        shoe_color=_sure(_vertex_color(meshes["shoes"])) if "shoes" in meshes else None,
    )


def _sure(color: FloatArray) -> Trait[Color]:
    red, green, blue = np.clip(color, 0.0, 1.0).tolist()
    return Trait((red, green, blue), 1.0)


def _read_hair(body: Body, meshes: dict[str, Mesh], skin: FloatArray) -> tuple[str, FloatArray | None]:
    """Returns the length of the hair and its colour; of the scalp if no hair stands on it."""
    if "hair" in meshes:
        drop = float(body.landmarks[7, 1] - meshes["hair"].positions[:, 1].min())
        return next(name for limit, name in HAIR_DROPS if drop < limit), _main_color(meshes["hair"])
    mesh = meshes["skin"]
    top = mesh.positions[:, 1] > mesh.positions[:, 1].max() - 0.03
    scalp = np.median(_srgb(mesh)[top], axis=0)
    return ("buzz", scalp) if np.abs(scalp - skin).max() > MIN_BUZZ_CONTRAST else ("bald", None)


def _srgb(mesh: Mesh) -> FloatArray:
    """Returns the sRGB colours (V, 3) of the vertices."""
    assert mesh.colors is not None
    return np.asarray(mesh.colors[:, :3] ** (1 / 2.2))


def _vertex_color(mesh: Mesh) -> FloatArray:
    return np.asarray(np.median(_srgb(mesh), axis=0))


def _main_color(mesh: Mesh) -> FloatArray:
    return np.asarray(_texture(mesh).mean(axis=(0, 1)))


def _is_plain(mesh: Mesh) -> bool:
    """Returns whether a texture has one colour and its weave, no pattern."""
    smooth = gaussian_filter(_texture(mesh), (2, 2, 0), mode="wrap")
    return bool(smooth.std(axis=(0, 1)).max() < MAX_WEAVE)


def _texture(mesh: Mesh) -> FloatArray:
    """Returns the texture (H, W, 3) of a mesh, sRGB."""
    assert mesh.material.texture_png is not None
    with Image.open(BytesIO(mesh.material.texture_png)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float64) / 255
