/** What the 3D view shows of the joints that can be dragged: dots, larger ones for some, and the preview of a pose. */

import {
  BufferAttribute, BufferGeometry, CanvasTexture, Group, LineBasicMaterial, LineSegments, Points, PointsMaterial,
} from "../vendor/three.js";

const [SMALL, LARGE] = [9, 16];
const PREVIEW_COLOR = "#8d77ff";

export class JointMarks {
  constructor(scene) {
    this.scene = scene;
    this.root = new Group();
    this.textures = [drawMark(false), drawMark(true)];
    this.dots = scene.people.map((person) => this.#createPoints(scene.joint_names.length, person.color, SMALL, 0));
    this.chosen = this.#createPoints(1, PREVIEW_COLOR, LARGE, 0);
    this.hovered = this.#createPoints(1, "#ffffff", LARGE, 0);
    this.keyframes = this.#createPoints(scene.joint_names.length * scene.people.length, PREVIEW_COLOR, LARGE, 1);
    this.bones = scene.parents.flatMap((parent, joint) => (parent < 0 ? [] : [parent, joint]));
    const geometry = new BufferGeometry().setAttribute("position", new BufferAttribute(new Float32Array(3 * this.bones.length), 3));
    this.preview = new LineSegments(geometry, new LineBasicMaterial({ color: PREVIEW_COLOR, depthTest: false }));
    this.root.add(...this.dots, this.chosen, this.hovered, this.keyframes, this.preview);
    this.root.children.forEach((child, order) => Object.assign(child, { renderOrder: 5 + order, frustumCulled: false }));
  }

  #createPoints(count, color, size, texture) {
    const geometry = new BufferGeometry().setAttribute("position", new BufferAttribute(new Float32Array(3 * count), 3));
    return new Points(geometry, new PointsMaterial({ color, size, map: this.textures[texture], sizeAttenuation: false,
      transparent: true, depthTest: false, depthWrite: false }));
  }

  dispose() {
    for (const texture of this.textures) texture.dispose();
    for (const { geometry, material } of this.root.children) {
      geometry.dispose();
      material.dispose();
    }
  }

  /** Shows the joints of a frame; the others are joints as in ``joints.js``, or null. ``keyframes`` is a list of them. */
  show(frame, { hovered, chosen, keyframes, preview }) {
    this.scene.people.forEach((person, index) => {
      const row = person.rowAt(frame);
      setPoints(this.dots[index], row < 0 ? [] : person.joints.row(row));
    });
    setPoints(this.hovered, hovered ? hovered.point.toArray() : []);
    setPoints(this.chosen, chosen ? chosen.point.toArray() : []);
    setPoints(this.keyframes, keyframes.flatMap(({ point }) => point.toArray()));
    setPoints(this.preview, preview ? this.bones.flatMap((joint) => [...preview.subarray(3 * joint, 3 * joint + 3)]) : []);
  }
}

function setPoints({ geometry }, numbers) {
  geometry.attributes.position.array.set(numbers);
  geometry.attributes.position.needsUpdate = true;
  geometry.setDrawRange(0, numbers.length / 3);
}

/** Returns a round mark with a dark edge, or a square one. */
function drawMark(isSquare) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const context = canvas.getContext("2d");
  if (isSquare) context.roundRect(8, 8, 48, 48, 8);
  else context.arc(32, 32, 24, 0, 2 * Math.PI);
  context.fillStyle = "#fff";
  context.strokeStyle = "#14101f";
  context.lineWidth = 8;
  context.fill();
  context.stroke();
  return new CanvasTexture(canvas);
}
