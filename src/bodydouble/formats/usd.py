"""USD files: ``Character`` and node rotations -> UsdSkel text (.usda), binary (.usdc) or a package (.usdz).

Meshes, skin, materials (UsdPreviewSurface with a base colour texture), blend shapes and the animation are written. The
stage is +Y up and in metres. The binary form is converted from the text by OpenUSD and needs the extra ``usd``
(usd-core).

Source: https://openusd.org/release/api/_usd_skel__schemas.html and https://openusd.org/release/spec_usdz.html
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bodydouble.data import Character, FloatArray, Material, Mesh, MorphWeights
from bodydouble.errors import MissingExtraError, OutputError
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.usd_blend_shapes import (
    BlendShapes,
    animation_lines,
    binding_lines,
    collect_blend_shapes,
    shape_lines,
)
from bodydouble.formats.usd_text import format_numbers, format_tuples, indent, unique_identifiers
from bodydouble.geometry import kinematics, rotation

ZIP_ALIGNMENT = 64
"""Files in a .usdz start at a multiple of 64 bytes."""
LOCAL_HEADER_BYTES = 30
_PNG = b"\x89PNG"


@dataclass(frozen=True, slots=True)
class UsdAnimation:
    """An animated character of a stage."""

    name: str
    character: Character
    """Jc joints."""
    rotations: FloatArray
    """(T, Jc, 4) xyzw, local to the parent joint."""
    hips_translation: FloatArray
    """(T, 3) m, local to the parent of the hips."""
    first_frame: int = 0
    """Time code of the first of the T frames."""
    root_translation: FloatArray | None = None
    """(T, 3) m, of joint 0 where it is a root bone above the hips that moves; None: it stands still."""
    weights: MorphWeights | None = None
    """(T, K) weights of the morph targets of each mesh, or None; None: all those at rest."""


def write(path: Path, animations: Sequence[UsdAnimation], fps: Fraction) -> None:
    """Writes animated characters as one stage.

    Args:
        path: the .usda, .usdc or .usdz file to write; it appears only when it is complete. Textures are written
            beside a .usda or .usdc, and into a .usdz.
        animations: at least one character.
        fps: rate of the frames; frame i has the time code i.

    Raises:
        MissingExtraError: the file is a .usdc and usd-core is not installed.
        OutputError: a file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".usdc":
        _require_usd_core()
    textures = _texture_files(path.stem, animations)
    names = {data: name for name, data in textures.items()}
    text = "\n".join(_stage_lines(animations, fps, names)) + "\n"
    with atomic_write(path) as temporary:
        if suffix == ".usdz":
            _write_package(temporary, {f"{path.stem}.usda": text.encode()} | textures)
        elif suffix == ".usdc":
            _write_binary(temporary, text)
        else:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    if suffix != ".usdz":
        for name, data in textures.items():
            with atomic_write(path.parent / name) as temporary:
                temporary.write_bytes(data)


def _require_usd_core() -> None:
    if find_spec("pxr") is None:
        raise MissingExtraError(
            "binary USD needs the package usd-core; install it with: pip install 'bodydouble[usd]', or write .usda"
        )


def _write_binary(path: Path, text: str) -> None:
    """Writes the text of a stage as binary USD.

    Raises:
        OutputError: OpenUSD cannot write the file.
    """
    from pxr import Sdf, Tf

    layer = Sdf.Layer.CreateAnonymous(".usda")
    try:
        is_written = layer.ImportFromString(text) and layer.Export(str(path))
    except Tf.ErrorException:
        is_written = False
    if not is_written:
        raise OutputError(f"cannot write {path.name}: OpenUSD failed; choose another folder with -o, or write .usda")


def _texture_files(stem: str, animations: Sequence[UsdAnimation]) -> dict[str, bytes]:
    """Returns file name -> encoded image of all different textures."""
    images = {m.material.texture_png for a in animations for m in a.character.meshes if m.material.texture_png}
    return {
        f"{stem}_texture{i}.{'png' if data.startswith(_PNG) else 'jpg'}": data for i, data in enumerate(sorted(images))
    }


def _write_package(path: Path, files: dict[str, bytes]) -> None:
    """Writes an uncompressed zip archive whose files are aligned, the stage first."""
    with path.open("wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            start = stream.tell() + LOCAL_HEADER_BYTES + len(name.encode())
            padding = -start % ZIP_ALIGNMENT
            if padding:
                # An extra field has a header of four bytes.
                padding += ZIP_ALIGNMENT if padding < 4 else 0
                entry.extra = b"\x86\x19" + (padding - 4).to_bytes(2, "little") + bytes(padding - 4)
            archive.writestr(entry, data)


def _stage_lines(animations: Sequence[UsdAnimation], fps: Fraction, textures: dict[bytes, str]) -> Iterator[str]:
    last = max(animation.first_frame + len(animation.rotations) for animation in animations) - 1
    rate = f"{float(fps):.9g}"
    yield from (
        "#usda 1.0",
        "(",
        '    defaultPrim = "scene"',
        "    metersPerUnit = 1",
        '    upAxis = "Y"',
        "    startTimeCode = 0",
        f"    endTimeCode = {last}",
        f"    timeCodesPerSecond = {rate}",
        f"    framesPerSecond = {rate}",
        ")",
        "",
        'def Xform "scene" (',
        '    kind = "assembly"',
        ")",
        "{",
    )
    names = unique_identifiers(animation.name for animation in animations)
    for name, animation in zip(names, animations, strict=True):
        yield from indent(_character_lines(name, animation, textures))
    yield "}"


def joint_paths(character: Character) -> list[str]:
    """Returns the path of each joint in the skeleton, such as ``hips/spine/chest``."""
    identifiers = unique_identifiers(character.skeleton.joint_names)
    paths: list[str] = []
    for identifier, parent in zip(identifiers, character.skeleton.parents, strict=True):
        paths.append(identifier if parent < 0 else f"{paths[parent]}/{identifier}")
    return paths


def _character_lines(name: str, animation: UsdAnimation, textures: dict[bytes, str]) -> Iterator[str]:
    character = animation.character
    path = f"/scene/{name}"
    yield f'def SkelRoot "{name}" ('
    yield '    prepend apiSchemas = ["SkelBindingAPI"]'
    yield '    kind = "component"'
    yield ")"
    yield "{"
    yield from indent(_skeleton_lines(character, f"{path}/skeleton/animation"))
    blend_shapes = collect_blend_shapes(character, animation.weights)
    yield from indent(_animation_lines(animation, blend_shapes))
    yield "    }"
    materials = list(dict.fromkeys(mesh.material for mesh in character.meshes))
    material_names = unique_identifiers(material.name for material in materials)
    if materials:
        yield '    def Scope "materials"'
        yield "    {"
        for material_name, material in zip(material_names, materials, strict=True):
            shader_path = f"{path}/materials/{material_name}"
            yield from indent(indent(_material_lines(material_name, material, shader_path, textures)))
        yield "    }"
    binding = dict(zip(materials, material_names, strict=True))
    for i, mesh in enumerate(character.meshes):
        yield from indent(_mesh_lines(f"mesh{i}", mesh, path, binding[mesh.material], blend_shapes.names[i]))
    yield "}"


def _skeleton_lines(character: Character, animation_path: str) -> Iterator[str]:
    bind = kinematics.bind_matrices(character)
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    rest = _local_matrices(character.skeleton.rest_offsets, local)
    paths = ", ".join(f'"{joint}"' for joint in joint_paths(character))
    yield 'def Skeleton "skeleton" ('
    yield '    prepend apiSchemas = ["SkelBindingAPI"]'
    yield ")"
    yield "{"
    yield f"    uniform token[] joints = [{paths}]"
    yield f"    uniform matrix4d[] bindTransforms = [{', '.join(map(_matrix, bind))}]"
    yield f"    uniform matrix4d[] restTransforms = [{', '.join(map(_matrix, rest))}]"
    yield f"    rel skel:animationSource = <{animation_path}>"
    yield ""


def _local_matrices(offsets: FloatArray, rotations: FloatArray) -> FloatArray:
    matrices = np.tile(np.eye(4), (len(offsets), 1, 1))
    matrices[:, :3, :3] = rotation.to_matrix(rotations)
    matrices[:, :3, 3] = offsets
    return matrices


def _animation_lines(animation: UsdAnimation, blend_shapes: BlendShapes) -> Iterator[str]:
    """Yields the SkelAnimation: rotations and translations of all joints, and blend shapes, in all frames."""
    character = animation.character
    paths = ", ".join(f'"{joint}"' for joint in joint_paths(character))
    translations = np.tile(character.skeleton.rest_offsets, (len(animation.rotations), 1, 1))
    translations[:, character.humanoid["hips"]] = animation.hips_translation
    if animation.root_translation is not None:
        translations[:, 0] = animation.root_translation
    yield '    def SkelAnimation "animation"'
    yield "    {"
    yield f"        uniform token[] joints = [{paths}]"
    yield f"        half3[] scales = [{', '.join(['(1, 1, 1)'] * len(character.skeleton.joint_names))}]"
    yield "        float3[] translations.timeSamples = {"
    yield from _time_samples(translations, animation.first_frame)
    yield "        }"
    yield "        quatf[] rotations.timeSamples = {"
    # USD writes the real part first.
    yield from _time_samples(animation.rotations[..., [3, 0, 1, 2]], animation.first_frame)
    yield "        }"
    yield from indent(indent(animation_lines(blend_shapes, animation.first_frame)))
    yield "    }"


def _time_samples(rows: FloatArray, first_frame: int) -> Iterator[str]:
    return (f"            {t}: {format_tuples(row)}," for t, row in enumerate(rows, start=first_frame))


def _mesh_lines(name: str, mesh: Mesh, skel_path: str, material: str, shapes: Sequence[str]) -> Iterator[str]:
    yield f'def Mesh "{name}" ('
    yield '    prepend apiSchemas = ["MaterialBindingAPI", "SkelBindingAPI"]'
    yield ")"
    yield "{"
    yield f"    float3[] extent = {format_tuples(np.stack([mesh.positions.min(axis=0), mesh.positions.max(axis=0)]))}"
    yield f"    int[] faceVertexCounts = {format_numbers(np.full(len(mesh.triangles), 3))}"
    yield f"    int[] faceVertexIndices = {format_numbers(mesh.triangles.reshape(-1))}"
    yield f"    point3f[] points = {format_tuples(mesh.positions)}"
    yield f'    normal3f[] normals = {format_tuples(mesh.normals)} (interpolation = "vertex")'
    yield '    uniform token subdivisionScheme = "none"'
    yield "    matrix4d primvars:skel:geomBindTransform = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))"
    yield f"    int[] primvars:skel:jointIndices = {format_numbers(mesh.joints.reshape(-1))} ({_PER_VERTEX})"
    yield f"    float[] primvars:skel:jointWeights = {format_numbers(mesh.weights.reshape(-1))} ({_PER_VERTEX})"
    if mesh.uvs is not None:
        # The origin of USD's texture coordinates is at the bottom left.
        uvs = np.column_stack([mesh.uvs[:, 0], 1 - mesh.uvs[:, 1]])
        yield f'    texCoord2f[] primvars:st = {format_tuples(uvs)} (interpolation = "vertex")'
    if mesh.colors is not None:
        yield f'    color3f[] primvars:displayColor = {format_tuples(mesh.colors[:, :3])} (interpolation = "vertex")'
    yield f"    rel material:binding = <{skel_path}/materials/{material}>"
    yield f"    rel skel:skeleton = <{skel_path}/skeleton>"
    yield from indent(binding_lines(shapes, f"{skel_path}/{name}"))
    for shape, target in zip(shapes, mesh.morph_targets, strict=True):
        yield from indent(shape_lines(shape, target))
    yield "}"


_PER_VERTEX = 'elementSize = 4; interpolation = "vertex"'


def _material_lines(name: str, material: Material, path: str, textures: dict[bytes, str]) -> Iterator[str]:
    red, green, blue, alpha = material.base_color
    has_texture = material.texture_png is not None
    color = f"({red:.6g}, {green:.6g}, {blue:.6g})"
    yield f'def Material "{name}"'
    yield "{"
    yield f"    token outputs:surface.connect = <{path}/surface.outputs:surface>"
    yield '    def Shader "surface"'
    yield "    {"
    yield '        uniform token info:id = "UsdPreviewSurface"'
    if has_texture:
        yield f"        color3f inputs:diffuseColor.connect = <{path}/texture.outputs:rgb>"
    else:
        yield f"        color3f inputs:diffuseColor = {color}"
    yield f"        float inputs:roughness = {material.roughness:.6g}"
    yield f"        float inputs:metallic = {material.metallic:.6g}"
    yield f"        float inputs:opacity = {alpha:.6g}"
    yield "        token outputs:surface"
    yield "    }"
    if material.texture_png is not None:
        yield from indent(_texture_lines(path, textures[material.texture_png], color))
    yield "}"


def _texture_lines(path: str, file_name: str, color: str) -> Iterator[str]:
    scale = color.replace(")", ", 1)")
    yield 'def Shader "texture"'
    yield "{"
    yield '    uniform token info:id = "UsdUVTexture"'
    yield f"    asset inputs:file = @./{file_name}@"
    yield f"    float2 inputs:st.connect = <{path}/coordinates.outputs:result>"
    yield f"    float4 inputs:scale = {scale}"
    yield '    token inputs:sourceColorSpace = "sRGB"'
    yield "    float3 outputs:rgb"
    yield "}"
    yield 'def Shader "coordinates"'
    yield "{"
    yield '    uniform token info:id = "UsdPrimvarReader_float2"'
    yield '    string inputs:varname = "st"'
    yield "    float2 outputs:result"
    yield "}"


def _matrix(matrix: FloatArray) -> str:
    """Returns a matrix (4, 4) as USD's tuples of rows; USD multiplies row vectors."""
    return "(" + ", ".join("(" + ", ".join(f"{v:.9g}" for v in row) + ")" for row in matrix.T) + ")"
