/** Joints of the people of a scene in a frame: where they are in a picture, and which one is under the pointer. */

import { Vector3 } from "../vendor/three.js";

/** Distance in px of the page within which a joint is taken, by mouse or pen and by finger. */
const REACH = { mouse: 13, pen: 16, touch: 26 };
/** Factor of the distance of the joints of people who are not selected. */
const OTHER_PERSON = 1.8;

/** Returns the points of positions, 3 numbers each. */
export function readPoints(positions) {
  return Array.from({ length: positions.length / 3 }, (_, index) => new Vector3().fromArray(positions, 3 * index));
}

/** Returns all joints that ``project`` (point -> place in a picture) puts somewhere. */
export function listJoints(scene, frame, project) {
  return scene.people.flatMap((person) => {
    const row = person.rowAt(frame);
    if (row < 0) return [];
    const positions = person.joints.row(row);
    return readPoints(positions).flatMap((point, index) => {
      const place = project(point);
      return place ? [{ person, name: scene.joint_names[index], point, place, positions }] : [];
    });
  });
}

/** Returns the joint at a pointer; ``distanceTo(place)`` is in px of the page. Null if there is none within reach. */
export function findJoint(joints, pointerType, distanceTo, selectedPerson) {
  let [found, least] = [null, REACH[pointerType] ?? REACH.mouse];
  for (const joint of joints) {
    const distance = distanceTo(joint.place) * (joint.person.name === selectedPerson ? 1 : OTHER_PERSON);
    if (distance < least) [found, least] = [joint, distance];
  }
  return found;
}

/** Returns whether two joints are the same one. */
export function isSameJoint(a, b) {
  return a?.person.name === b?.person.name && a?.name === b?.name;
}
