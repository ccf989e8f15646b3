// Prints the keyframes of a VMD file as JSON, read by mmd-parser.
import { readFileSync } from "node:fs";
import mmd from "mmd-parser";

const { Parser } = mmd;
const file = readFileSync(process.argv[2]);
const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
const { metadata, motions, morphs } = new Parser().parseVmd(buffer, false);
const keys = motions.map(({ boneName, frameNum, position, rotation }) => ({ boneName, frameNum, position, rotation }));
console.log(JSON.stringify({ metadata, keys, morphs }));
