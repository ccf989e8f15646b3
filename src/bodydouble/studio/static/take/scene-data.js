/** The scene of a take: its description with the arrays in place of their blocks. */

import { getNumbers, getScene } from "../api.js";
import { parseRate, personColor, personLabel } from "../dom.js";

/** An array of any shape over the numbers of a scene; row(i) is the part of its first axis. */
export class Rows {
  constructor(numbers, { offset, shape }) {
    this.width = shape.slice(1).reduce((product, size) => product * size, 1);
    this.length = shape[0];
    this.numbers = numbers.subarray(offset, offset + this.length * this.width);
  }

  row(index) {
    return this.numbers.subarray(index * this.width, (index + 1) * this.width);
  }
}

export async function loadScene(id) {
  const scene = await getScene(id);
  const numbers = await getNumbers(id, scene.version);
  const people = scene.people.map((person, index) => ({
    ...person,
    label: personLabel(person.name),
    color: personColor(index),
    keypoints: new Rows(numbers, person.keypoints),
    joints: new Rows(numbers, person.joints),
    sigma: new Rows(numbers, person.sigma),
    contacts: new Rows(numbers, person.contacts),
    observed: new Rows(numbers, person.observed),
    /** Row of a frame of the clip, or -1 where the person is absent. */
    rowAt(frame) {
      const row = frame - person.first_frame;
      return row >= 0 && row < person.frames ? row : -1;
    },
  }));
  return { ...scene, rate: parseRate(scene.fps), camera: new Rows(numbers, scene.camera), people };
}
