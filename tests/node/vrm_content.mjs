// Prints what three-vrm makes of toon materials, gaze, first person and expressions of a VRM file of either version.
import { readFileSync } from "node:fs";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { VRMLoaderPlugin, VRMLookAtExpressionApplier } from "@pixiv/three-vrm";

globalThis.self = globalThis;
globalThis.createImageBitmap = async () => ({ width: 1, height: 1, close() {} });
const warnings = [];
console.warn = console.error = (...words) => warnings.push(words.join(" "));

const loader = new GLTFLoader();
loader.register((parser) => new VRMLoaderPlugin(parser));
const file = readFileSync(process.argv[2]);
const data = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
const { userData } = await loader.parseAsync(data, "");
const { vrm } = userData;

const NUMBERS = [
  "shadingShiftFactor", "shadingToonyFactor", "giEqualizationFactor", "parametricRimLiftFactor",
  "parametricRimFresnelPowerFactor", "rimLightingMixFactor", "outlineWidthMode", "outlineWidthFactor",
  "outlineLightingMixFactor", "uvAnimationScrollXSpeedFactor", "uvAnimationScrollYSpeedFactor",
  "uvAnimationRotationSpeedFactor", "transparentWithZWrite", "transparent", "alphaTest", "side",
];
const COLORS = ["color", "emissive", "shadeColorFactor", "matcapFactor", "parametricRimColorFactor", "outlineColorFactor"];
const MAPS = [
  "map", "normalMap", "emissiveMap", "shadeMultiplyTexture", "matcapTexture", "rimMultiplyTexture",
  "outlineWidthMultiplyTexture", "uvAnimationMaskTexture",
];

const materials = {};
for (const material of vrm.materials.filter(({ isMToonMaterial, isOutline }) => isMToonMaterial && !isOutline)) {
  const pick = (names, value) => Object.fromEntries(names.map((name) => [name, value(material[name])]));
  materials[material.name.replace(/ \(.*/, "")] = {
    numbers: pick(NUMBERS, (value) => value),
    colors: pick(COLORS, (color) => color.toArray()),
    maps: pick(MAPS, (texture) => Boolean(texture)),
    mapPlacement: material.map && [...material.map.offset.toArray(), ...material.map.repeat.toArray()],
    normalScale: material.normalScale?.toArray(),
  };
}
const { lookAt, firstPerson, expressionManager } = vrm;
const range = ({ inputMaxValue, outputScale }) => [inputMaxValue, outputScale];
console.log(
  JSON.stringify({
    warnings,
    materials,
    lookAt: lookAt && {
      type: lookAt.applier instanceof VRMLookAtExpressionApplier ? "expression" : "bone",
      offset: lookAt.offsetFromHeadBone.toArray(),
      ranges: ["rangeMapHorizontalInner", "rangeMapHorizontalOuter", "rangeMapVerticalDown", "rangeMapVerticalUp"].map(
        (name) => range(lookAt.applier[name]),
      ),
    },
    firstPerson: firstPerson?.meshAnnotations.map(({ type }) => type) ?? [],
    expressions: Object.fromEntries(
      (expressionManager?.expressions ?? []).map(({ expressionName, binds }) => [
        expressionName,
        binds.map((bind) => bind.constructor.name),
      ]),
    ),
  }),
);
