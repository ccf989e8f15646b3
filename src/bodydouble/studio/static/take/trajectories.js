/** Layer of the 3D view: the paths of hips, hands and feet from a second before the frame to a second after it. */

import { BufferAttribute, BufferGeometry, Color, Group, LineBasicMaterial, LineSegments } from "../vendor/three.js";

const JOINTS = ["hips", "leftHand", "rightHand", "leftFoot", "rightFoot"];
const SECONDS = 1;
/** Opacity at the frame: where the joint comes from, and where it goes. */
const [BEFORE, AFTER] = [1, 0.65];
const FAINTEST = 0.2;

export class TrajectoryLayer {
  constructor(scene) {
    this.root = new Group();
    this.root.visible = false;
    this.reach = Math.max(1, Math.round(SECONDS * scene.rate));
    this.joints = JOINTS.map((name) => scene.joint_names.indexOf(name));
    this.paths = scene.people.map((person) => this.#createPath(person));
    this.root.add(...this.paths.map(({ lines }) => lines));
  }

  #createPath(person) {
    const vertices = 2 * 2 * this.reach * this.joints.length;
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(3 * vertices), 3));
    geometry.setAttribute("color", new BufferAttribute(new Float32Array(4 * vertices), 4));
    const lines = new LineSegments(geometry, new LineBasicMaterial({ transparent: true, vertexColors: true, depthTest: false }));
    lines.frustumCulled = false;
    lines.renderOrder = 2;
    return { person, lines, color: new Color(person.color) };
  }

  dispose() {
    for (const { lines } of this.paths) {
      lines.geometry.dispose();
      lines.material.dispose();
    }
  }

  /** Shows a frame of the clip. */
  show(frame) {
    for (const path of this.paths) this.#showPath(path, path.person.rowAt(frame));
  }

  #showPath({ person, lines, color }, row) {
    lines.visible = row >= 0;
    if (row < 0) return;
    const { position, color: colors } = lines.geometry.attributes;
    const [first, last] = [Math.max(0, row - this.reach), Math.min(person.frames - 1, row + this.reach)];
    let vertex = 0;
    for (const joint of this.joints) {
      for (let k = first; k < last; k += 1) {
        for (const end of [k, k + 1]) {
          const [x, y, z] = person.joints.row(end).subarray(3 * joint, 3 * joint + 3);
          position.setXYZ(vertex, x, y, z);
          colors.setXYZW(vertex, color.r, color.g, color.b, this.#fade(k < row ? BEFORE : AFTER, Math.abs(end - row)));
          vertex += 1;
        }
      }
    }
    position.needsUpdate = colors.needsUpdate = true;
    lines.geometry.setDrawRange(0, vertex);
  }

  #fade(opacity, distance) {
    return Math.max(FAINTEST, opacity * (1 - distance / this.reach));
  }
}
