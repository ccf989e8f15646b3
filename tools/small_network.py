"""Small networks of fully connected layers: trained by NumPy and written as ONNX."""

import itertools

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Layers = list[list[np.ndarray]]


def forward(layers: Layers, inputs: np.ndarray) -> list[np.ndarray]:
    """Returns the activations of all layers, the last ones as logits."""
    activations = [inputs]
    for index, (weights, bias) in enumerate(layers):
        values = activations[-1] @ weights + bias
        activations.append(values if index == len(layers) - 1 else np.maximum(values, 0.0))
    return activations


def softmax(logits: np.ndarray) -> np.ndarray:
    """Returns probabilities."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def train(inputs: np.ndarray, targets: np.ndarray, widths: tuple[int, ...], epochs: int, seed: int) -> Layers:
    """Trains by Adam with dropout on the cross-entropy.

    Args:
        inputs: (N, F) float32.
        targets: (N,) class of each.
        widths: Widths of the hidden layers, and the number of classes.
        epochs: Passes over the inputs.
        seed: Of the first weights and of the order.
    """
    random = np.random.default_rng(seed)
    sizes = (inputs.shape[1], *widths)
    layers = [
        [(random.normal(size=(a, b)) * np.sqrt(2 / a)).astype(np.float32), np.zeros(b, np.float32)]
        for a, b in itertools.pairwise(sizes)
    ]
    moments = [[(np.zeros_like(p), np.zeros_like(p)) for p in layer] for layer in layers]
    batch, step = 512, 0
    total = epochs * (len(inputs) // batch)
    for epoch in range(epochs):
        order, loss = random.permutation(len(inputs)), 0.0
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            step += 1
            activations = [inputs[rows]]
            masks = []
            for index, (weights, bias) in enumerate(layers):
                values = activations[-1] @ weights + bias
                if index < len(layers) - 1:
                    mask = (values > 0) * (random.random(values.shape) < 0.85).astype(np.float32) / np.float32(0.85)
                    masks.append(mask)
                    values = values * mask
                activations.append(values)
            probabilities = softmax(activations[-1])
            loss -= float(np.log(probabilities[np.arange(batch), targets[rows]] + 1e-9).mean())
            gradient = probabilities
            gradient[np.arange(batch), targets[rows]] -= 1.0
            gradient /= batch
            rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * step / total))
            for index in reversed(range(len(layers))):
                gradients = [activations[index].T @ gradient + 1e-5 * layers[index][0], gradient.sum(axis=0)]
                if index:
                    gradient = (gradient @ layers[index][0].T) * masks[index - 1]
                for k, value in enumerate(gradients):
                    first, second = moments[index][k]
                    first += 0.1 * (value - first)
                    second += 0.001 * (value**2 - second)
                    corrected = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
                    layers[index][k] -= (rate * corrected).astype(np.float32)
        print(f"epoch {epoch}: loss {loss / (len(inputs) // batch):.3f}", flush=True)
    return layers


def export(layers: Layers, output: str) -> onnx.ModelProto:
    """Returns the network as ONNX, with half-precision weights: ``features`` (S, F) -> output (S, classes)."""
    nodes, initializers, name = [], [], "features"
    for index, (weights, bias) in enumerate(layers):
        for part, value in (("weights", weights), ("bias", bias)):
            initializers.append(numpy_helper.from_array(value.astype(np.float16), f"{part}{index}_half"))
            nodes.append(helper.make_node("Cast", [f"{part}{index}_half"], [f"{part}{index}"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Gemm", [name, f"weights{index}", f"bias{index}"], [f"values{index}"]))
        kind = "Softmax" if index == len(layers) - 1 else "Relu"
        name = output if index == len(layers) - 1 else f"hidden{index}"
        nodes.append(helper.make_node(kind, [f"values{index}"], [name]))
    size = layers[0][0].shape[0]
    graph = helper.make_graph(
        nodes,
        output,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["steps", size])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["steps", layers[-1][0].shape[1]])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
