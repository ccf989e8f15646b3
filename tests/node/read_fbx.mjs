// Prints what three's FBXLoader makes of a file as JSON: bones and vertices in metres at some times.
// Usage: node read_fbx.mjs FILE.fbx SECONDS,SECONDS,... CORNER,CORNER,...
import { readFileSync } from "node:fs";

// The loader makes image elements for textures and windows for files beside it; nothing of them is used here.
globalThis.window = globalThis;
globalThis.self = globalThis;
globalThis.document = { createElementNS: () => ({ addEventListener() {}, removeEventListener() {}, style: {} }) };
URL.createObjectURL = () => "blob:none";
console.warn = () => {};

const { AnimationMixer, LoopOnce, Vector3 } = await import("three");
const { FBXLoader } = await import("three/examples/jsm/loaders/FBXLoader.js");

const [file, times, corners] = process.argv.slice(2);
const data = readFileSync(file);
const group = new FBXLoader().parse(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength), "");
const metres = (group.userData.unitScaleFactor ?? 1) / 100;
const mixer = new AnimationMixer(group);
const actions = group.animations.map((clip) => mixer.clipAction(clip).setLoop(LoopOnce));
for (const action of actions) action.clampWhenFinished = true;

const frames = times.split(",").map((seconds) => {
  for (const action of actions) action.reset().play();
  mixer.setTime(Number(seconds));
  group.updateMatrixWorld(true);
  const bones = {}, meshes = {};
  group.traverse((object) => {
    const origin = new Vector3().setFromMatrixPosition(object.matrixWorld);
    if (object.isBone) bones[object.name] = origin.multiplyScalar(metres).toArray();
    if (object.isSkinnedMesh) {
      meshes[object.name] = corners.split(",").map((corner) => {
        const point = object.getVertexPosition(Number(corner), new Vector3());
        return point.applyMatrix4(object.matrixWorld).multiplyScalar(metres).toArray();
      });
    }
  });
  return { bones, meshes };
});
const morphs = [];
group.traverse((object) => object.morphTargetDictionary && morphs.push(...Object.keys(object.morphTargetDictionary)));
const materials = {}, attributes = new Set();
group.traverse((object) => {
  for (const name of Object.keys(object.geometry?.attributes ?? {})) attributes.add(name);
  for (const material of [object.material ?? []].flat()) {
    const maps = Object.entries(material).filter(([, value]) => value?.isTexture);
    materials[material.name] = {
      maps: Object.fromEntries(maps.map(([name, texture]) => [name, texture.name])),
      wraps: Object.fromEntries(maps.map(([name, texture]) => [name, [texture.wrapS, texture.wrapT]])),
      transparent: material.transparent,
      opacity: material.opacity,
      emissive: material.emissive?.toArray(),
    };
  }
});
const content = { frames, morphs, materials, attributes: [...attributes] };
console.log(JSON.stringify({ ...content, duration: Math.max(0, ...group.animations.map((clip) => clip.duration)) }));
