"""Bundles three.js and three-vrm into one module for the page of the studio, with their licences.

    python tools/bundle_three.py

Needs npm. The versions are pinned, so the output is the same everywhere; NOTICE has its checksum.
"""

import hashlib
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGES = {"three": "0.187.0", "@pixiv/three-vrm": "3.5.5", "esbuild": "0.25.0"}
VENDOR = Path(__file__).parents[1] / "src" / "bodydouble" / "studio" / "static" / "vendor"
CLASSES = (
    "AnimationMixer", "Box3", "BufferAttribute", "BufferGeometry", "CanvasTexture", "CircleGeometry", "Color",
    "DirectionalLight", "Group", "HemisphereLight", "LineBasicMaterial", "LineSegments", "Matrix4", "Mesh",
    "MeshBasicMaterial", "PerspectiveCamera", "PlaneGeometry", "Points", "PointsMaterial", "Scene", "SRGBColorSpace",
    "Vector3", "WebGLRenderer",
)  # fmt: skip
ENTRY = f"""
export {{ {", ".join(CLASSES)} }} from "three";
export {{ OrbitControls }} from "three/addons/controls/OrbitControls.js";
export {{ GLTFLoader }} from "three/addons/loaders/GLTFLoader.js";
export {{ VRMLoaderPlugin }} from "@pixiv/three-vrm";
"""
LICENCES = {"three/LICENSE": "LICENSE-three.txt", "@pixiv/three-vrm/LICENSE": "LICENSE-three-vrm.txt"}


def main() -> None:
    """Writes the bundle and the licences, and prints their checksums."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", *wanted], cwd=folder, check=True)
        (folder / "entry.js").write_text(ENTRY)
        bundle = VENDOR / "three.js"
        command = ["npx", "esbuild", "entry.js", "--bundle", "--format=esm", "--minify", f"--outfile={bundle}"]
        subprocess.run([*command, "--legal-comments=none"], cwd=folder, check=True)
        for source, target in LICENCES.items():
            (VENDOR / target).write_bytes((folder / "node_modules" / source).read_bytes())
    for path in sorted(VENDOR.iterdir()):
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


if __name__ == "__main__":
    main()
