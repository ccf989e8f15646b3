/** Keypoints of the network in the automatic result of a take. */

import { getKeypoints } from "../api.js";
import { personColor, personLabel } from "../dom.js";
import { Rows } from "../take/scene-data.js";

/**
 * Loads {people, landmarks, sets, maxGap, shotStarts}: people with ``rowAt``, ``keypoints`` (T, 33, 3) and ``observed``
 * (T,); landmarks by name; sets of landmarks as {name, label, landmarks}.
 */
export async function loadKeypoints(id) {
  const [description, numbers] = await getKeypoints(id);
  const people = description.people.map((person, index) => ({
    ...person,
    label: personLabel(person.name),
    color: personColor(index),
    keypoints: new Rows(numbers, person.keypoints),
    observed: new Rows(numbers, person.observed),
    rowAt(frame) {
      const row = frame - person.first_frame;
      return row >= 0 && row < person.frames ? row : -1;
    },
  }));
  return { ...description, people, maxGap: description.max_gap, shotStarts: description.shot_starts };
}
