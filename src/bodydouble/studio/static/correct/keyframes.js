/** Keyframes among the corrections of a take. */

import { findTail } from "./contact-sheet.js";

export const DEFAULT_FALLOFF = 0.5;

/** Returns the present name of the person of a correction, after what follows it; null if the person is gone. */
export function findPresentName(list, index) {
  return list.slice(index + 1).reduce((name, { kind, ...later }) => {
    if (kind === "rename" && later.person === name) return later.name;
    if (kind === "merge" && later.other === name) return later.person;
    return kind === "delete" && later.person === name ? null : name;
  }, list[index].person);
}

/** Returns the keyframes of a person, with their index in the list. */
export function listKeyframes(list, person) {
  return list.flatMap((correction, index) => (correction.kind === "keyframe" && findPresentName(list, index) === person
    ? [{ ...correction, index }] : []));
}

/** Returns the index of the keyframe of a joint in a frame, -1 if there is none. */
export function findKeyframe(list, person, joint, frame) {
  return list.findLastIndex((correction, index) => correction.kind === "keyframe" && correction.joint === joint
    && correction.frame === frame && findPresentName(list, index) === person);
}

/** Adds a keyframe, in place of that of the same joint in the same frame if there is one. */
export function putKeyframe(corrections, keyframe) {
  const { list } = corrections;
  const tail = findTail(list);
  const index = list.findIndex(({ kind, person, joint, frame }, k) => k >= tail && kind === "keyframe"
    && person === keyframe.person && joint === keyframe.joint && frame === keyframe.frame);
  const correction = { kind: "keyframe", ...keyframe };
  if (index < 0) corrections.add(correction);
  else corrections.replaceAt(index, correction);
}
