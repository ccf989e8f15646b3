// Prints what three's BVHLoader makes of a file as JSON: the positions of its joints in cm at times in s.
// Usage: node bvh.mjs FILE.bvh SECONDS...
import { readFileSync } from "node:fs";
import { AnimationMixer, LoopOnce, PropertyBinding, Vector3 } from "three";
import { BVHLoader } from "three/examples/jsm/loaders/BVHLoader.js";

const errors = [];
console.error = console.warn = (...words) => errors.push(words.join(" "));
const [file, ...times] = process.argv.slice(2);
const { skeleton, clip } = new BVHLoader().parse(readFileSync(file, "utf8"));
const joints = skeleton.bones.filter((bone) => bone.name !== "ENDSITE");
const names = joints.map((joint) => joint.name);
// The mixer finds joints by names without colons and dots; the loader leaves it to its callers to remove them.
for (const joint of joints) joint.name = PropertyBinding.sanitizeNodeName(joint.name);
for (const track of clip.tracks) {
  const end = track.name.lastIndexOf(".");
  track.name = PropertyBinding.sanitizeNodeName(track.name.slice(0, end)) + track.name.slice(end);
}
const root = skeleton.bones[0];
const mixer = new AnimationMixer(root);
const action = mixer.clipAction(clip).setLoop(LoopOnce).play();
action.clampWhenFinished = true;
const frames = times.map((time) => {
  action.reset().play();
  mixer.setTime(Number(time));
  root.updateMatrixWorld(true);
  return joints.map((joint) => new Vector3().setFromMatrixPosition(joint.matrixWorld).toArray());
});
console.log(JSON.stringify({ names, frames, errors, duration: clip.duration }));
