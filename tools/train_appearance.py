"""Trains what the appearance of people needs on rendered people, none of whom is in ``bench looks``.

Usage::

    python tools/train_appearance.py 400 cache src/bodydouble/perception/appearance/hair_length.npz

It renders and captures people of random looks in random light (12 s each), prints the distribution of the light for
``perception/appearance/skin_tone.py``, trains the network for the length of hair, and prints how often it is right for
people on whom it was not trained. The samples are kept in the cache folder.
"""

import argparse
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from unittest.mock import patch

import numpy as np

import small_network
from bodydouble.bench import looks
from bodydouble.data import Appearance, FloatArray
from bodydouble.data.appearance import AppearanceSample
from bodydouble.errors import BodydoubleError
from bodydouble.formats import performance
from bodydouble.perception.appearance.colors import to_color
from bodydouble.perception.appearance.estimate import TYPICAL_SKIN, describe_top
from bodydouble.perception.appearance.hair import describe_images
from bodydouble.perception.appearance.hair_length import GROUPS
from bodydouble.perception.appearance.skin import find_skin
from bodydouble.perception.appearance.skin_tone import log_linear
from bodydouble.pipeline import capture
from bodydouble.synthetic import rendered_clip

FIRST_SEED, FRAME_COUNT = 30_000, 6
TARGETS = {"buzz": "short", "short": "short", "bob": "medium", "shoulder": "medium", "long": "long"}
WIDTHS, EPOCHS, FOLDS = (32, len(GROUPS)), 60, 5
NOISE, COPIES = 0.3, 3
"""Standard deviation of noise on the normalised features, and number of noisy copies of each."""
MAP_CELLS = 144


@dataclass(frozen=True, slots=True)
class RenderedPerson:
    """A rendered person with the true appearance and the samples of a capture."""

    true: Appearance
    samples: tuple[AppearanceSample, ...]


def collect_people(count: int, cache: Path) -> Iterator[RenderedPerson]:
    """Renders and captures people, or reads them from the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        path = cache / f"{seed}.pkl"
        if not path.exists():
            path.write_bytes(pickle.dumps(_collect_person(seed, cache)))
        person = pickle.loads(path.read_bytes())
        if person is not None:
            yield person


def _collect_person(seed: int, cache: Path) -> RenderedPerson | None:
    video, truth = cache / f"{seed}.mp4", cache / f"{seed}.npz"
    with patch.object(looks, "FRAME_COUNT", FRAME_COUNT), patch.object(looks, "FPS", Fraction(4)):
        rendered_clip.render(looks.build_scene(seed), video, truth)
    seen: list[tuple[AppearanceSample, ...]] = []
    with patch("bodydouble.pipeline.capturing.estimate_appearance", lambda samples: seen.append(tuple(samples))):
        try:
            capture(video, quality="fast")
        except BodydoubleError as error:
            print(f"{seed}: {error}")
    true = performance.load(truth).people[0].appearance
    samples = tuple(sample for sample in seen[0] if sample.weight > 0) if seen else ()
    return RenderedPerson(true, samples) if true is not None and samples else None


def fit_light(people: Sequence[RenderedPerson]) -> tuple[FloatArray, FloatArray]:
    """Returns mean (3,) and covariance (3, 3) of the logarithm of the light on faces."""
    lights = []
    for person in people:
        weights = np.array([sample.weight for sample in person.samples])
        filmed, confidence = find_skin(person.samples, weights)
        assert person.true.skin_color is not None
        if filmed is not None and confidence > 0.5:
            lights.append(log_linear(np.array(to_color(filmed))) - log_linear(np.array(person.true.skin_color.value)))
    return np.mean(lights, axis=0), np.cov(np.transpose(lights))


def describe_people(people: Sequence[RenderedPerson]) -> list[tuple[int, FloatArray, FloatArray]]:
    """Lists the class, the features (N, 293) and the weights (N,) of the people whose hair was seen."""
    found = []
    for person in people:
        weights = np.array([sample.weight for sample in person.samples])
        filmed, _ = find_skin(person.samples, weights)
        _, top = describe_top(person.samples, weights, None)
        features = describe_images(person.samples, TYPICAL_SKIN if filmed is None else filmed, top)
        target = TARGETS.get(person.true.hair.value) if person.true.hair else None
        if features is not None and target is not None:
            found.append((GROUPS.index(target), features, np.ones(len(features))))
    return found


def train_network(people: Sequence[tuple[int, FloatArray, FloatArray]], seed: int) -> list[np.ndarray]:
    """Returns mean and scale of the features, and weights and bias of each layer."""
    features, targets = [], []
    for target, rows, _ in people:
        mirrored = rows.copy()
        maps = mirrored[:, : 2 * MAP_CELLS].reshape(len(rows), 2, 12, 12)
        mirrored[:, : 2 * MAP_CELLS] = maps[..., ::-1].reshape(len(rows), -1)
        is_side = rows[:, 2 * MAP_CELLS + 1] > 0
        features += [rows, mirrored[~is_side]]
        targets += [target] * (len(rows) + int((~is_side).sum()))
    inputs = np.concatenate(features).astype(np.float32)
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 0.05
    rng = np.random.default_rng(seed)
    noisy = np.concatenate([(inputs - mean) / scale + rng.normal(0, NOISE, inputs.shape) for _ in range(COPIES)])
    layers = small_network.train(noisy.astype(np.float32), np.tile(targets, COPIES), WIDTHS, EPOCHS, seed)
    return [mean, scale, *(array for layer in layers for array in layer)]


def count_right(network: Sequence[np.ndarray], people: Sequence[tuple[int, FloatArray, FloatArray]]) -> np.ndarray:
    """Returns the confusion matrix (3, 3): rows are true, columns are found."""
    mean, scale, *flat = network
    layers = [[flat[i], flat[i + 1]] for i in range(0, len(flat), 2)]
    confusion = np.zeros((len(GROUPS), len(GROUPS)), dtype=int)
    for target, rows, weights in people:
        logits = small_network.forward(layers, ((rows - mean) / scale).astype(np.float32))[-1]
        joint = np.average(np.log(small_network.softmax(logits) + 1e-3), axis=0, weights=weights)
        confusion[target, int(joint.argmax())] += 1
    return confusion


def main() -> None:
    """Reads the arguments, trains, and writes the network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, help="number of people")
    parser.add_argument("cache", type=Path, help="folder of rendered people")
    parser.add_argument("output", type=Path, help="file of the network")
    arguments = parser.parse_args()
    people = list(collect_people(arguments.count, arguments.cache))
    mean, covariance = fit_light(people)
    print(f"light: mean {mean.round(2).tolist()}, covariance {covariance.round(2).tolist()}")
    described = describe_people(people)
    confusion = np.zeros((len(GROUPS), len(GROUPS)), dtype=int)
    for fold in range(FOLDS):
        network = train_network([one for i, one in enumerate(described) if i % FOLDS != fold], fold)
        confusion += count_right(network, described[fold::FOLDS])
    print(f"people: {len(described)}; right: {np.trace(confusion) / confusion.sum():.1%}\n{confusion}")
    network = train_network(described, FOLDS)
    names = ("mean", "scale", "weights0", "bias0", "weights1", "bias1")
    np.savez(arguments.output, **{name: array.astype(np.float16) for name, array in zip(names, network, strict=True)})
    print(f"{arguments.output}: {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
