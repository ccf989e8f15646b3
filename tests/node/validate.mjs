// Prints the Khronos validator's report on a GLB file as JSON.
import { readFileSync } from "node:fs";
import validator from "gltf-validator";

const data = new Uint8Array(readFileSync(process.argv[2]));
console.log(JSON.stringify(await validator.validateBytes(data, { maxIssues: 1000 })));
