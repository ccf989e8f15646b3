// Plays a VRM animation on a VRM character with three-vrm; prints the character's content and the world matrices
// of its nodes at times in s as JSON.
import { readFileSync } from "node:fs";
import { AnimationMixer } from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { VRMLoaderPlugin } from "@pixiv/three-vrm";
import { VRMAnimationLoaderPlugin, VRMLookAtQuaternionProxy, createVRMAnimationClip } from "@pixiv/three-vrm-animation";

globalThis.self = globalThis;
globalThis.createImageBitmap = async () => ({ width: 1, height: 1, close() {} });
const warnings = [];
console.warn = console.error = (...words) => warnings.push(words.join(" "));

async function load(file, plugin) {
  const loader = new GLTFLoader();
  loader.register(plugin);
  const content = readFileSync(file);
  return loader.parseAsync(content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength), "");
}

const [character, animation, ...times] = process.argv.slice(2);
const { parser, userData } = await load(character, (parser) => new VRMLoaderPlugin(parser));
const { vrm } = userData;
const nodes = await parser.getDependencies("node");
const { vrmAnimations } = (await load(animation, (parser) => new VRMAnimationLoaderPlugin(parser))).userData;
if (vrm.lookAt) {
  vrm.scene.add(Object.assign(new VRMLookAtQuaternionProxy(vrm.lookAt), { name: "lookAt" }));
}
const mixer = new AnimationMixer(vrm.scene);
mixer.clipAction(createVRMAnimationClip(vrmAnimations[0], vrm)).play();
const frames = times.map((time) => {
  mixer.setTime(Number(time));
  vrm.humanoid.update();
  vrm.scene.updateMatrixWorld(true);
  return nodes.map((node) => node.matrixWorld.toArray());
});
console.log(
  JSON.stringify({
    warnings,
    frames,
    meta: vrm.meta,
    bones: Object.keys(vrm.humanoid.humanBones),
    expressions: vrm.expressionManager?.expressions.map(({ expressionName, binds }) => [expressionName, binds.length]) ?? [],
    springJoints: vrm.springBoneManager?.joints.size ?? 0,
    colliders: vrm.springBoneManager?.colliders.length ?? 0,
    constraints: vrm.nodeConstraintManager?.constraints.size ?? 0,
    toonMaterials: vrm.materials?.filter((material) => material.isMToonMaterial).map((material) => material.name) ?? [],
  }),
);
