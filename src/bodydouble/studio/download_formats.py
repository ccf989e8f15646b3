"""Formats of downloads: those of ``export``, and the files that a take has anyway."""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True, slots=True)
class Format:
    """A format in which results are downloaded."""

    name: str
    """Name in requests; a suffix without its dot, or one of the others."""
    label: str
    opens: str
    """Programs that open such files, for people."""
    group: str
    """Heading under which the page lists it."""
    package: str | None = None
    """Python package without which it cannot be written."""
    program: str | None = None
    """Program without which it cannot be written."""
    has_mesh: bool = False
    """Whether it holds the character."""


_CHARACTER, _MOTION, _DATA, _KEYPOINTS = "Character and motion", "Motion", "Data", "2D keypoints"
BLENDER = "blender"
_VRM_PROGRAMS = "Unity with UniVRM, three-vrm, VRoid Hub, Blender with the VRM add-on"
FORMATS: tuple[Format, ...] = (
    Format("film", "Film (.mp4)", "any video player", "Film"),
    Format("glb", "glTF (.glb)", "Blender, Unity, Godot, Unreal, three.js", _CHARACTER, has_mesh=True),
    Format("fbx", "FBX (.fbx)", "Unreal, Unity, Maya, MotionBuilder, Blender", _CHARACTER, has_mesh=True),
    Format("vrm", "VRM avatar and its motion (.vrm, .vrma)", _VRM_PROGRAMS, _CHARACTER, has_mesh=True),
    Format("usdz", "USD package (.usdz)", "iPhone, iPad and Mac, Omniverse", _CHARACTER, has_mesh=True),
    Format("usdc", "USD (.usdc)", "Houdini, Omniverse, Maya, Blender", _CHARACTER, has_mesh=True),
    Format("usda", "USD as text (.usda)", "the same, and any text editor", _CHARACTER, has_mesh=True),
    Format("blend", "Scene with camera and video (.blend)", "Blender 4.2 or later", _CHARACTER, program=BLENDER),
    Format("bvh", "BVH skeleton (.bvh)", "Blender, MotionBuilder, Maya, iClone", _MOTION),
    Format("vrma", "VRM animation (.vrma)", _VRM_PROGRAMS, _MOTION),
    Format("vmd", "MikuMikuDance (.vmd)", "MikuMikuDance, Blender with MMD Tools", _MOTION),
    Format("npz", "Everything measured (.npz)", "Python with NumPy, the Blender add-on, bodydouble", _DATA),
    Format("csv", "Joint angles (.csv)", "Excel, LibreOffice, R, pandas", _DATA),
    Format("mot", "Joint angles (.mot)", "OpenSim", _DATA),
    Format("trc", "Markers (.trc)", "OpenSim, Vicon Nexus, Mokka", _DATA),
    Format("c3d", "Markers (.c3d)", "Vicon Nexus, Visual3D, Mokka", _DATA, package="ezc3d"),
    Format("json", "Motion (.json)", "programs of your own", _DATA),
    Format("livelink", "Faces of Live Link Face (.csv)", "Unreal, Blender with Faceit", _DATA),
    Format("coco", "COCO (.json)", "FiftyOne, pycocotools", _KEYPOINTS),
    Format("alphapose", "AlphaPose (.json)", "programs that read AlphaPose", _KEYPOINTS),
    Format("openpose", "OpenPose (folder of .json)", "Pose2Sim, and other programs that read OpenPose", _KEYPOINTS),
    Format("report", "Report on the quality (.html)", "any browser", "Report"),
)  # fmt: skip


def available_formats() -> tuple[Format, ...]:
    """Returns the formats that this installation can write."""
    return tuple(f for f in FORMATS if _is_installed(f))


def _is_installed(wanted: Format) -> bool:
    has_package = wanted.package is None or find_spec(wanted.package) is not None
    return has_package and (wanted.program is None or shutil.which(wanted.program) is not None)
