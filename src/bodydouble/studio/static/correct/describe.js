/** Corrections in plain words. */

import { personLabel } from "../dom.js";

const ROTATED = { body: "the body", arms: "the arms", legs: "the legs" };

/** Returns the first and the last frame that a correction is about, or null if it is about all. */
export function framesOf(correction) {
  if ("first_frame" in correction) return [correction.first_frame, correction.last_frame];
  return "frame" in correction ? [correction.frame, correction.frame] : null;
}

const WORDS = {
  rename: (c, name) => `${name} is called ${personLabel(c.name)}`,
  merge: (c, name) => `${name} and ${personLabel(c.other)} are one person`,
  split: (c, name) => `${name} is ${personLabel(c.name)} from frame ${c.frame} on`,
  swap: (c, name) => `${name} and ${personLabel(c.other)} are exchanged from frame ${c.frame} on`,
  delete: (c, name) => `${name} is deleted`,
  contact: (c, name, span) => `${name}: ${c.side} ${c.part ?? "foot"} ${c.resting === false ? "does not rest" : "rests"} on the floor, ${span}`,
  keyframe: (c, name) => `${name}: ${jointLabel(c.joint)} is moved in frame ${c.frame}`,
  exchange_sides: (c, name, span) => `${name}: left and right of ${ROTATED[c.part ?? "body"]} are exchanged, ${span}`,
  unreliable: (c, name, span) => `${name}: what was seen is not used, ${span}`,
  smoothing: (c, name, span) => `${name}: smooth below ${c.cutoff} Hz, ${span}`,
  floor: (c) => `The floor is ${c.height < 0 ? "lowered" : "raised"} by ${Math.abs(100 * c.height).toFixed(1)} cm`,
  height: (c, name) => `${name} is ${c.height.toFixed(2)} m tall`,
  focal_length: (c) => `The focal length is ${c.focal_length_mm} mm`,
};

/** Returns a line that tells what a correction does. */
export function describe(correction) {
  const frames = framesOf(correction);
  const span = frames && (frames[0] === frames[1] ? `frame ${frames[0]}` : `frames ${frames[0]} to ${frames[1]}`);
  return WORDS[correction.kind](correction, personLabel(correction.person ?? ""), span);
}

/** Name of a joint for people: "leftLowerArm" -> "left lower arm". */
export function jointLabel(joint) {
  return joint.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
