/** What stands around the characters: light, floor, soft shadows, skeletons and marks of feet on the floor. */

import {
  BufferAttribute, BufferGeometry, CanvasTexture, CircleGeometry, Color, DirectionalLight, Group, HemisphereLight,
  LineBasicMaterial, LineSegments, Mesh, MeshBasicMaterial, Scene,
} from "../vendor/three.js";

const FLOOR_RADIUS = 14;
const CONTACT = 0.5;

function softDisc(inner, outer) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 128;
  const context = canvas.getContext("2d");
  const gradient = context.createRadialGradient(64, 64, 0, 64, 64, 64);
  gradient.addColorStop(0, inner);
  gradient.addColorStop(1, outer);
  context.fillStyle = gradient;
  context.fillRect(0, 0, 128, 128);
  return new CanvasTexture(canvas);
}

export function createStage() {
  const scene = new Scene();
  const key = new DirectionalLight(0xffffff, 2.1);
  key.position.set(1.5, 4, 3);
  scene.add(new HemisphereLight(0xffffff, 0xb9b2d6, 1.5), key);
  const grid = new LineSegments(gridGeometry(), new LineBasicMaterial({ transparent: true, vertexColors: true }));
  scene.add(grid);
  return {
    scene,
    setDark(isDark) {
      const ground = new Color(isDark ? 0x16151f : 0xeceaf3);
      scene.background = ground;
      grid.material.color = new Color(isDark ? 0x5a5478 : 0xaaa3c6);
    },
    /** Puts the middle of the floor below a point, on a whole metre. */
    setCenter({ x, z }) {
      grid.position.set(Math.round(x), -0.002, Math.round(z));
    },
  };
}

/** Lines of one metre each, which fade out towards the edge of a disc. */
function gridGeometry() {
  const points = [];
  for (let k = -FLOOR_RADIUS; k <= FLOOR_RADIUS; k += 1) {
    for (let from = -FLOOR_RADIUS; from < FLOOR_RADIUS; from += 1) {
      points.push([k, from], [k, from + 1], [from, k], [from + 1, k]);
    }
  }
  const colors = points.flatMap((point) => [1, 1, 1, Math.max(0, 1 - Math.hypot(...point) / FLOOR_RADIUS)]);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(points.flatMap(([x, z]) => [x, 0, z])), 3));
  geometry.setAttribute("color", new BufferAttribute(new Float32Array(colors), 4));
  return geometry;
}

/** Skeleton, path and shadow of a person. */
export class PersonMarks {
  constructor(person, parents) {
    this.person = person;
    this.pairs = parents.flatMap((parent, joint) => (parent < 0 ? [] : [parent, joint]));
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(this.pairs.length * 3), 3));
    this.bones = new LineSegments(geometry, new LineBasicMaterial({ color: person.color, depthTest: false }));
    this.bones.frustumCulled = false;
    this.bones.renderOrder = 2;
    this.path = this.#createPath();
    const dark = softDisc("rgba(20,10,50,0.55)", "rgba(20,10,50,0)");
    this.shadow = disc(0.5, { map: dark });
    this.feet = [1, 2, 3, 4].map(() => disc(0.11, { map: softDisc(person.color, "rgba(255,255,255,0)") }));
    this.root = new Group();
    this.details = new Group();
    this.details.add(this.bones, this.path, ...this.feet);
    this.root.add(this.shadow, this.details);
  }

  #createPath() {
    const { joints, frames } = this.person;
    const points = new Float32Array(Math.max(0, frames - 1) * 6);
    for (let k = 0; k + 1 < frames; k += 1) {
      const [a, b] = [joints.row(k), joints.row(k + 1)];
      points.set([a[0], 0.004, a[2], b[0], 0.004, b[2]], 6 * k);
    }
    const geometry = new BufferGeometry().setAttribute("position", new BufferAttribute(points, 3));
    return new LineSegments(geometry, new LineBasicMaterial({ color: this.person.color, transparent: true, opacity: 0.55 }));
  }

  dispose() {
    this.root.traverse(({ geometry, material }) => {
      geometry?.dispose();
      material?.map?.dispose();
      material?.dispose();
    });
  }

  show(frame, feetOf) {
    const row = this.person.rowAt(frame);
    this.root.visible = row >= 0;
    if (row < 0) return;
    const joints = this.person.joints.row(row);
    const positions = this.bones.geometry.attributes.position;
    this.pairs.forEach((joint, k) => positions.setXYZ(k, joints[3 * joint], joints[3 * joint + 1], joints[3 * joint + 2]));
    positions.needsUpdate = true;
    this.shadow.position.set(joints[0], 0.001, joints[2]);
    this.shadow.material.opacity = Math.max(0.15, 1 - 0.5 * Math.max(0, joints[1] - this.person.standing));
    const contacts = this.person.contacts.row(row);
    this.feet.forEach((mark, k) => {
      const joint = feetOf[k];
      mark.visible = contacts[k] > CONTACT;
      mark.position.set(joints[3 * joint], 0.006, joints[3 * joint + 2]);
    });
  }
}

function disc(radius, options) {
  const mesh = new Mesh(new CircleGeometry(radius, 32), new MeshBasicMaterial({ transparent: true, depthWrite: false, ...options }));
  mesh.rotation.x = -Math.PI / 2;
  return mesh;
}
