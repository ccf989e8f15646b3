// Plays a GLB file, or a VRM animation on a VRM character, with three and three-vrm; prints as JSON the weights of the
// morph targets, some vertices of the meshes in the world and the local rotations of the eyes at times in s.
// Usage: node morphs.mjs FILE.glb|FILE.vrm FILE.vrma|- STEP SECONDS...   (every STEP-th vertex)
import { readFileSync } from "node:fs";
import { AnimationMixer, Vector3 } from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { VRMLoaderPlugin } from "@pixiv/three-vrm";
import { VRMAnimationLoaderPlugin, VRMLookAtQuaternionProxy, createVRMAnimationClip } from "@pixiv/three-vrm-animation";

globalThis.self = globalThis;
globalThis.createImageBitmap = async () => ({ width: 1, height: 1, close() {} });
const warnings = [];
console.warn = console.error = (...words) => warnings.push(words.join(" "));

async function load(file) {
  const loader = new GLTFLoader();
  loader.register((parser) => new VRMLoaderPlugin(parser));
  loader.register((parser) => new VRMAnimationLoaderPlugin(parser));
  const content = readFileSync(file);
  return loader.parseAsync(content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength), "");
}

const [file, animation, step, ...times] = process.argv.slice(2);
const { scene, animations, userData } = await load(file);
const { vrm } = userData;
const played = animation === "-" ? undefined : (await load(animation)).userData.vrmAnimations[0];
if (vrm?.lookAt) scene.add(Object.assign(new VRMLookAtQuaternionProxy(vrm.lookAt), { name: "lookAt" }));
const mixer = new AnimationMixer(scene);
mixer.clipAction(played ? createVRMAnimationClip(played, vrm) : animations[0]).play();
const frames = times.map((time) => {
  mixer.setTime(Number(time));
  if (played) vrm.update(0);
  scene.updateMatrixWorld(true);
  const meshes = [];
  scene.traverse((object) => {
    if (!object.isSkinnedMesh) return;
    const count = Math.ceil(object.geometry.attributes.position.count / Number(step));
    const vertices = Array.from({ length: count }, (_, i) =>
      object.getVertexPosition(i * Number(step), new Vector3()).applyMatrix4(object.matrixWorld).toArray(),
    );
    const names = Object.entries(object.morphTargetDictionary ?? {}).map(([name, i]) => [name, object.morphTargetInfluences[i]]);
    meshes.push({ name: object.name, weights: Object.fromEntries(names), vertices });
  });
  const eyes = ["leftEye", "rightEye"].map((bone) => vrm?.humanoid.getRawBoneNode(bone)?.quaternion.toArray());
  return { meshes, eyes };
});
const expressions = vrm?.expressionManager?.expressions.map(({ expressionName }) => expressionName) ?? [];
console.log(JSON.stringify({ warnings, frames, expressions }));
