/** Poses that are annotated: keys by hand, what is interpolated between them, and elsewhere the network's guess. */

import { interpolate } from "./interpolation.js";

export class Poses {
  /** Takes the annotations, and the keypoints of the network as ``loadKeypoints`` returns them. */
  constructor(annotations, network) {
    this.annotations = annotations;
    this.network = network;
  }

  /** Names of all people: those of the network first, then those who were added by hand. */
  get people() {
    const found = this.network.people.map(({ name }) => name);
    return [...found, ...this.annotations.people.filter((name) => !found.includes(name))];
  }

  /** Whether the network has found a person: only then is there a motion that the annotations can change. */
  isFound(person) {
    return this.#find(person) !== undefined;
  }

  /** Whether the motion of a person reaches a frame. */
  isInMotion(person, frame) {
    return (this.#find(person)?.rowAt(frame) ?? -1) >= 0;
  }

  /**
   * Returns what is known of a landmark in a frame: {kind, state, x, y}, where kind is "keyed", "interpolated", "guess"
   * or "none"; a place is missing if the state is "absent" or the kind "none".
   */
  find(person, landmark, frame) {
    const key = this.annotations.get(person, landmark, frame);
    if (key) return { ...key, kind: "keyed" };
    const keys = this.annotations.keysOf(person, landmark);
    const between = interpolate(keys, frame, this.network);
    if (between) return { ...between, kind: "interpolated" };
    return this.guess(person, landmark, frame) ?? { kind: "none", state: "visible" };
  }

  /** Returns where a landmark may be before it is annotated, as ``find`` does; null if nothing is known. */
  guess(person, landmark, frame) {
    const found = this.#find(person);
    if (!found) return this.#holdNearest(person, landmark, frame);
    const row = found.rowAt(frame);
    if (row < 0 || !found.observed.row(row)[0]) return null;
    const k = this.network.landmarks.indexOf(landmark);
    const [x, y, confidence] = found.keypoints.row(row).subarray(3 * k, 3 * k + 3);
    return { kind: "guess", state: "visible", x, y, confidence };
  }

  /** Returns the place of the nearest key as a guess, for people whom the network has not found. */
  #holdNearest(person, landmark, frame) {
    const placed = this.annotations.keysOf(person, landmark).filter(({ state }) => state !== "absent");
    if (!placed.length) return null;
    const nearest = placed.reduce((best, key) => (Math.abs(key.frame - frame) < Math.abs(best.frame - frame) ? key : best));
    return { kind: "guess", state: "visible", x: nearest.x, y: nearest.y, confidence: 0 };
  }

  #find(person) {
    return this.network.people.find(({ name }) => name === person);
  }
}

/** Name of a landmark for people: "left_foot_index" -> "left foot index". */
export function landmarkLabel(name) {
  return name.replaceAll("_", " ");
}

const KINDS = { keyed: "keyed", interpolated: "interpolated", guess: "guess", none: "not placed" };

/** Text about a landmark: "keyed, hidden". */
export function describeLandmark({ kind, state }) {
  return state === "visible" ? KINDS[kind] : `${KINDS[kind]}, ${state}`;
}
