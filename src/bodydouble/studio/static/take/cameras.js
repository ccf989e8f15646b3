/** Cameras of the 3D view: orbit, follow, and the video's own. */

import { Box3, Matrix4, OrbitControls, PerspectiveCamera, Vector3 } from "../vendor/three.js";

export const CAMERAS = ["orbit", "follow", "video"];
const OPENGL_FROM_OPENCV = new Matrix4().makeScale(1, -1, -1);
const NEAR = 0.05;
const FAR = 200;

export class Cameras {
  constructor(scene, canvas, onChange) {
    this.data = scene;
    this.mode = "orbit";
    this.free = new PerspectiveCamera(35, 1, NEAR, FAR);
    this.own = new PerspectiveCamera();
    this.own.matrixAutoUpdate = false;
    this.controls = new OrbitControls(this.free, canvas);
    this.controls.enableDamping = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.controls.maxPolarAngle = Math.PI * 0.52;
    this.controls.minDistance = 0.6;
    this.controls.maxDistance = 60;
    this.controls.addEventListener("change", onChange);
    this.size = [1, 1];
    this.center = new Vector3();
  }

  get active() {
    return this.mode === "video" ? this.own : this.free;
  }

  setMode(mode) {
    this.comesCloser = mode === "follow" && this.mode !== "follow";
    this.mode = mode;
    this.controls.enabled = mode !== "video";
  }

  setSize(width, height) {
    this.size = [width, height];
    this.free.aspect = width / height;
    this.free.updateProjectionMatrix();
  }

  /** Looks at everybody of the clip from the side of the video's camera. Returns the point that it looks at. */
  frameEverybody() {
    const box = this.#measureSpace();
    const target = box.getCenter(new Vector3());
    const size = box.getSize(new Vector3());
    const from = this.#videoPosition(0).sub(target).setY(0);
    if (from.lengthSq() < 0.01) from.set(0, 0, 1);
    from.normalize();
    const [across, deep] = [Math.abs(from.z) * size.x + Math.abs(from.x) * size.z, Math.abs(from.x) * size.x + Math.abs(from.z) * size.z];
    const slope = Math.tan((this.free.fov * Math.PI) / 360);
    const distance = Math.max((size.y + 0.35 * deep) / (2 * slope), across / (2 * slope * this.free.aspect)) * 1.1 + deep / 2;
    this.controls.target.copy(target);
    this.free.position.copy(target).addScaledVector(from, distance).setY(target.y + distance * 0.2);
    this.controls.update();
    return target;
  }

  /** Returns the box around everybody in all frames, with the floor. */
  #measureSpace() {
    const box = new Box3();
    const point = new Vector3();
    for (const person of this.data.people) {
      for (let row = 0; row < person.frames; row += 5) {
        const joints = person.joints.row(row);
        for (let k = 0; k < joints.length; k += 3) box.expandByPoint(point.fromArray(joints, k));
      }
    }
    if (box.isEmpty()) box.set(new Vector3(-1, 0, -1), new Vector3(1, 1.8, 1));
    box.min.y = Math.min(0, box.min.y);
    box.max.y += 0.25;
    return box.expandByVector(new Vector3(0.3, 0, 0.3));
  }

  #videoPosition(frame) {
    const world = new Matrix4().fromArray(this.data.camera.row(frame)).transpose().invert();
    return new Vector3().setFromMatrixPosition(world);
  }

  /** Moves the cameras to a frame. */
  show(frame) {
    if (this.mode === "video") this.#showOwn(frame);
    else if (this.mode === "follow") this.#follow(frame);
  }

  #showOwn(frame) {
    const row = this.data.camera.row(Math.min(frame, this.data.camera.length - 1));
    const view = new Matrix4().fromArray(row).transpose().premultiply(OPENGL_FROM_OPENCV);
    this.own.matrix.copy(view).invert();
    this.own.matrixWorld.copy(this.own.matrix);
    this.own.matrixWorldInverse.copy(view);
    this.own.projectionMatrix.copy(this.#projection());
    this.own.projectionMatrixInverse.copy(this.own.projectionMatrix).invert();
  }

  /** Projection of the video's camera, with its whole image inside the canvas. */
  #projection() {
    const [fx, fy, cx, cy] = this.data.intrinsics;
    const [width, height] = this.size;
    const [imageWidth, imageHeight] = this.data.image_size;
    const scale = Math.min(width / imageWidth, height / imageHeight);
    const x = (width - imageWidth * scale) / 2 + cx * scale;
    const y = (height - imageHeight * scale) / 2 + cy * scale;
    return new Matrix4().set(
      (2 * fx * scale) / width, 0, 1 - (2 * x) / width, 0,
      0, (2 * fy * scale) / height, (2 * y) / height - 1, 0,
      0, 0, -(FAR + NEAR) / (FAR - NEAR), (-2 * FAR * NEAR) / (FAR - NEAR),
      0, 0, -1, 0,
    );
  }

  /** Moves the camera towards the people who are there, if they would be small in the picture. */
  #comeCloser(present, frame) {
    const height = Math.max(...present.map((person) => person.stature));
    const heights = present.map((person) => person.joints.row(person.rowAt(frame))[1]);
    const reach = Math.max(...present.map((person) => {
      const [x, , z] = person.joints.row(person.rowAt(frame));
      return Math.hypot(x - this.center.x, z - this.center.z);
    }));
    const lift = Math.max(...heights) - Math.min(...heights);
    const slope = Math.tan((this.free.fov * Math.PI) / 360);
    const wanted = Math.max((1.5 * height + lift) / (2 * slope), (2 * reach + height) / (2 * slope * this.free.aspect));
    const target = this.controls.target.setY((Math.max(...heights) + Math.min(...heights)) / 2 - 0.05 * height);
    const direction = this.free.position.clone().sub(target);
    if (direction.length() > wanted) this.free.position.copy(target).add(direction.setLength(wanted));
  }

  /** Moves orbit camera and target with the middle of the people who are there. */
  #follow(frame) {
    const present = this.data.people.filter((person) => person.rowAt(frame) >= 0);
    if (!present.length) return;
    this.center.set(0, 0, 0);
    for (const person of present) {
      const [x, , z] = person.joints.row(person.rowAt(frame));
      this.center.add(new Vector3(x, 0, z).divideScalar(present.length));
    }
    const shift = this.center.clone().sub(this.controls.target).setY(0);
    this.controls.target.add(shift);
    this.free.position.add(shift);
    if (this.comesCloser) this.#comeCloser(present, frame);
    this.comesCloser = false;
  }
}
