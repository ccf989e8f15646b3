"""Program that prints what OpenSim makes of a .trc and a .mot file as JSON; a fault of its libraries ends only itself.

Usage: opensim_judge.py FILE.trc FILE.mot SKELETON.json. The skeleton gives the position of each joint at rest.

A model of the coordinates, axes and signs of Rajagopal et al. (2016) for pelvis, trunk, neck, hips, knees, shoulders
and elbows is moved by the angles.
"""

import json
import sys
from pathlib import Path

import numpy as np
import opensim
from numpy.typing import NDArray

Floats = NDArray[np.float64]
OPENSIM_FROM_WORLD = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
X, Y, Z = np.eye(3)
Axes = list[tuple[str, Floats]]


class Model:
    """OpenSim model with a body per joint, without muscles."""

    def __init__(self, rest: dict[str, Floats]) -> None:
        """Takes the position (3,) m of each joint at rest in the world."""
        self._rest = rest
        self._model = opensim.Model()
        self._add_trunk()
        for side, suffix, sign in (("left", "l", -1.0), ("right", "r", 1.0)):
            self._add_leg(side, suffix, sign)
            self._add_arm(side, suffix, sign)
        self._model.finalizeConnections()
        self._state = self._model.initSystem()

    def _add_trunk(self) -> None:
        path: Axes = [("pelvis_tx", X), ("pelvis_ty", Y), ("pelvis_tz", Z)]
        self._add("hips", "", _three("pelvis", "tilt", "list", "rotation"), np.zeros(3), path)
        for part, parent, child in (("lumbar", "hips", "upperChest"), ("neck", "upperChest", "head")):
            self._add(child, parent, _three(part, "extension", "bending", "rotation"), self._step(parent, child))

    def _add_leg(self, side: str, suffix: str, sign: float) -> None:
        upper, lower, end = (side + bone for bone in ("UpperLeg", "LowerLeg", "Foot"))
        axes = _three("hip", f"flexion_{suffix}", f"adduction_{suffix}", f"rotation_{suffix}", sign)
        self._add(upper, "hips", axes, self._step("hips", upper))
        self._add(lower, upper, _hinge(f"knee_angle_{suffix}", -Z), self._step(upper, lower))
        self._add(end, lower, [], self._step(lower, end))

    def _add_arm(self, side: str, suffix: str, sign: float) -> None:
        upper, lower, end = (side + bone for bone in ("UpperArm", "LowerArm", "Hand"))
        axes = _three("arm", f"flex_{suffix}", f"add_{suffix}", f"rot_{suffix}", sign)
        self._add(upper, "upperChest", axes, self._step("upperChest", upper))
        # In the zero pose the arms hang: what points away from the body in the T-pose points down.
        self._add(lower, upper, _hinge(f"elbow_flex_{suffix}", Z), -Y * np.linalg.norm(self._step(upper, lower)))
        self._add(end, lower, [], -Y * np.linalg.norm(self._step(lower, end)))

    def _step(self, parent: str, child: str) -> Floats:
        """Returns the vector (3,) m between two joints at rest, in OpenSim's axes."""
        return np.asarray(OPENSIM_FROM_WORLD @ (self._rest[child] - self._rest[parent]))

    def _add(self, name: str, parent: str, turns: Axes, place: Floats, path: Axes | None = None) -> None:
        """Adds a body and its joint, which turns about the axes in their order."""
        above = self._model.getBodySet().get(parent) if parent else self._model.getGround()
        body = opensim.Body(name, 1.0, opensim.Vec3(0), opensim.Inertia(1, 1, 1, 0, 0, 0))
        self._model.addBody(body)
        frames = (above, opensim.Vec3(*place), opensim.Vec3(0), body, opensim.Vec3(0), opensim.Vec3(0))
        if turns:
            joint = opensim.CustomJoint(f"joint_{name}", *frames, _transform(turns, path or []))
        else:
            joint = opensim.WeldJoint(f"joint_{name}", *frames)
        self._model.addJoint(joint)

    def joint_positions(self, degrees: dict[str, float]) -> dict[str, list[float]]:
        """Returns the position (3,) m of each body in the world, at coordinates in degrees and m."""
        coordinates = self._model.updCoordinateSet()
        for k in range(coordinates.getSize()):
            coordinate = coordinates.get(k)
            value = degrees[coordinate.getName()]
            is_length = coordinate.getName() in ("pelvis_tx", "pelvis_ty", "pelvis_tz")
            coordinate.setValue(self._state, value if is_length else float(np.radians(value)), False)
        self._model.realizePosition(self._state)
        bodies = self._model.getBodySet()
        positions = {}
        for k in range(bodies.getSize()):
            body = bodies.get(k)
            position = body.getPositionInGround(self._state)
            positions[body.getName()] = ([position[0], position[1], position[2]] @ OPENSIM_FROM_WORLD).tolist()
        return positions


def _three(part: str, about_z: str, about_x: str, about_y: str, sign: float = 1.0) -> Axes:
    return [(f"{part}_{about_z}", Z), (f"{part}_{about_x}", sign * X), (f"{part}_{about_y}", sign * Y)]


def _hinge(coordinate: str, axis: Floats) -> Axes:
    """Returns a joint with one coordinate; OpenSim wants three axes, so two are fixed."""
    return [(coordinate, axis), ("", X), ("", Y)]


def _transform(turns: Axes, path: Axes) -> opensim.SpatialTransform:
    transform = opensim.SpatialTransform()
    for kind, axes in (("rotation", turns), ("translation", path)):
        for k, (coordinate, axis) in enumerate(axes, start=1):
            part = getattr(transform, f"upd_{kind}{k}")()
            part.setAxis(opensim.Vec3(*axis))
            if coordinate:
                part.setCoordinateNames(opensim.ArrayStr(coordinate, 1))
                part.set_function(opensim.LinearFunction(1.0, 0.0))
    return transform


def _read_markers(path: str) -> dict[str, object]:
    table = opensim.TimeSeriesTableVec3(path)
    flat = table.flatten()
    matrix = flat.getMatrix()
    return {
        "labels": list(table.getColumnLabels()),
        "unit": table.getTableMetaDataAsString("Units"),
        "rate": float(table.getTableMetaDataAsString("DataRate")),
        "times": list(table.getIndependentColumn()),
        "positions": np.array(matrix.to_numpy()).reshape(matrix.nrow(), -1, 3).tolist(),
    }


def _read_motion(path: str, rest: dict[str, Floats]) -> dict[str, object]:
    storage = opensim.Storage(path)
    table = opensim.TimeSeriesTable(path)
    matrix = table.getMatrix()
    labels, values = list(table.getColumnLabels()), np.array(matrix.to_numpy())
    model = Model(rest)
    poses = [model.joint_positions(dict(zip(labels, map(float, row), strict=True))) for row in values]
    return {"is_in_degrees": storage.isInDegrees(), "times": list(table.getIndependentColumn()), "poses": poses}


if __name__ == "__main__":
    opensim.Logger.setLevelString("off")
    markers, motion, skeleton = sys.argv[1:]
    rest = {name: np.array(position) for name, position in json.loads(Path(skeleton).read_text()).items()}
    json.dump({"markers": _read_markers(markers), "motion": _read_motion(motion, rest)}, sys.stdout)
