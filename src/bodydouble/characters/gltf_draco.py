"""Decoding of primitives that are compressed with Draco, by the package DracoPy (extra ``draco``).

Source: https://github.com/KhronosGroup/glTF/tree/main/extensions/2.0/Khronos/KHR_draco_mesh_compression
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.errors import FormatError, MissingExtraError

EXTENSION = "KHR_draco_mesh_compression"


def decode_primitive(file: GltfFile, primitive: Mapping[str, Any]) -> None:
    """Decodes the arrays of a primitive and provides them to the file; does nothing if the file has them uncompressed.

    Raises:
        MissingExtraError: DracoPy is not installed.
        FormatError: the compressed data are damaged.
    """
    compressed = primitive.get("extensions", {}).get(EXTENSION)
    if compressed is None or file.has_data(primitive["attributes"]["POSITION"]):
        return
    try:
        import DracoPy
    except ImportError:
        raise MissingExtraError(
            f"{file.path}: compressed with {EXTENSION}; pip install 'bodydouble[draco]', or export it uncompressed"
        ) from None
    try:
        mesh = DracoPy.decode(file.view(compressed["bufferView"]))
    except (DracoPy.FileTypeException, DracoPy.EncodingFailedException, ValueError) as error:
        raise FormatError(f"damaged, its {EXTENSION} data cannot be decoded") from error
    rows = {attribute["unique_id"]: attribute["data"] for attribute in mesh.attributes}
    arrays = {primitive["attributes"][name]: rows[of_draco] for name, of_draco in compressed["attributes"].items()}
    if "indices" in primitive:
        arrays[primitive["indices"]] = np.asarray(mesh.faces, dtype=np.uint32).reshape(-1, 1)
    file.provide(arrays)
