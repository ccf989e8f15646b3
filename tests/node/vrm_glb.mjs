// Plays the animation of a GLB file with the content of a VRM character in three-vrm, frame by frame; prints the world
// positions of its nodes as animated and as its spring bones move them, and the weights of morph targets by expression.
// The springs first settle at the first frame, a number of steps long.
// Usage: node vrm_glb.mjs FILE.glb FPS FRAMES EXPRESSION,EXPRESSION,... STEPS
import { readFileSync } from "node:fs";
import { AnimationMixer, LoopOnce, Vector3 } from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { VRMLoaderPlugin } from "@pixiv/three-vrm";

globalThis.self = globalThis;
globalThis.createImageBitmap = async () => ({ width: 1, height: 1, close() {} });
const warnings = [];
console.warn = console.error = (...words) => warnings.push(words.join(" "));

const [path, fps, count, expressions, steps] = process.argv.slice(2);
const file = readFileSync(path);
const data = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);

async function play(withSprings) {
  const loader = new GLTFLoader();
  if (withSprings) loader.register((parser) => new VRMLoaderPlugin(parser));
  const { animations, scene, userData, parser } = await loader.parseAsync(data, "");
  const { vrm } = userData;
  const nodes = await parser.getDependencies("node");
  const mixer = new AnimationMixer(scene);
  const action = mixer.clipAction(animations[0]).setLoop(LoopOnce).play();
  action.clampWhenFinished = true;
  const frames = [];
  for (let frame = 0; frame < Number(count); frame++) {
    mixer.setTime(frame / Number(fps));
    scene.updateMatrixWorld(true);
    for (let step = frame ? 0 : -Number(steps); withSprings && step < 1; step++) vrm.springBoneManager?.update(1 / Number(fps));
    scene.updateMatrixWorld(true);
    frames.push(nodes.map((node) => new Vector3().setFromMatrixPosition(node.matrixWorld).toArray()));
  }
  return { vrm, frames, names: animations.map((clip) => clip.name) };
}

function morphWeights(vrm, expression) {
  for (const { expressionName } of vrm.expressionManager.expressions) vrm.expressionManager.setValue(expressionName, 0);
  vrm.expressionManager.setValue(expression, 1);
  vrm.expressionManager.update();
  const weights = [];
  vrm.scene.traverse((object) => weights.push(...(object.morphTargetInfluences ?? [])));
  return weights;
}

const still = await play(false), moved = await play(true);
const { vrm } = moved;
console.log(
  JSON.stringify({
    warnings,
    animations: moved.names,
    meta: vrm.meta,
    bones: Object.keys(vrm.humanoid.humanBones),
    springJoints: vrm.springBoneManager?.joints.size ?? 0,
    toonMaterials: vrm.materials?.filter((material) => material.isMToonMaterial).map((material) => material.name) ?? [],
    weights: Object.fromEntries(expressions.split(",").map((name) => [name, morphWeights(vrm, name)])),
    frames: still.frames,
    framesWithSprings: moved.frames,
  }),
);
