/**
 * Preview of a pose while a joint is dragged. The limb bends in its own plane and keeps its lengths, as far as it
 * reaches; the motion itself comes from the server.
 */

import { Vector3 } from "../vendor/three.js";

/** Ends of limbs, with the joint that bends and the one from which the limb hangs. */
const LIMBS = Object.fromEntries(["left", "right"].flatMap((side) => [
  [`${side}Hand`, [`${side}LowerArm`, `${side}UpperArm`]], [`${side}Foot`, [`${side}LowerLeg`, `${side}UpperLeg`]],
]));
/** Joints that move with others. */
const FOLLOWERS = { leftFoot: ["leftToes"], rightFoot: ["rightToes"] };
const TRUNK_ROOTS = ["hips", "spine", "chest"];

/** Returns the positions of all joints (3 numbers each) with one of them at a point. */
export function bendPose(joints, names, joint, point) {
  const bent = Float32Array.from(joints);
  const read = (name) => new Vector3().fromArray(joints, 3 * names.indexOf(name));
  const write = (name, position) => position.toArray(bent, 3 * names.indexOf(name));
  const shift = point.clone().sub(read(joint));
  const followers = TRUNK_ROOTS.includes(joint) ? names.filter((name) => !/Foot|Toes/.test(name)) : FOLLOWERS[joint] ?? [];
  for (const name of followers) write(name, read(name).add(shift));
  if (joint in LIMBS) {
    const [middle, root] = LIMBS[joint];
    write(middle, bendLimb(read(root), read(middle), read(joint), point));
  }
  write(joint, point);
  return bent;
}

/** Returns the place of elbow or knee so that the limb reaches from its root to a point. */
function bendLimb(root, middle, end, point) {
  const [upper, lower] = [root.distanceTo(middle), middle.distanceTo(end)];
  const axis = point.clone().sub(root);
  const distance = Math.min(upper + lower, Math.max(Math.abs(upper - lower), axis.length()));
  axis.normalize();
  const along = (upper ** 2 - lower ** 2 + distance ** 2) / (2 * Math.max(1e-6, distance));
  const across = middle.clone().sub(root);
  across.addScaledVector(axis, -across.dot(axis)).normalize();
  return root.clone().addScaledVector(axis, along).addScaledVector(across, Math.sqrt(Math.max(0, upper ** 2 - along ** 2)));
}
