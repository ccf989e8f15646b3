/** The video's camera of a scene: points of the world -> px of the image, and back at a depth. */

import { Matrix4, Vector3 } from "../vendor/three.js";

export class VideoCamera {
  constructor(scene, frame) {
    const row = scene.camera.row(Math.min(frame, scene.camera.length - 1));
    this.cameraFromWorld = new Matrix4().fromArray(row).transpose();
    this.intrinsics = scene.intrinsics;
  }

  /** Returns x and y in px and the depth in m of a point of the world; null behind the camera. */
  project(point) {
    const { x, y, z } = point.clone().applyMatrix4(this.cameraFromWorld);
    const [fx, fy, cx, cy] = this.intrinsics;
    return z > 0 ? [(fx * x) / z + cx, (fy * y) / z + cy, z] : null;
  }

  /** Returns the point of the world at a place in px and a depth in m. */
  unproject([x, y], depth) {
    const [fx, fy, cx, cy] = this.intrinsics;
    return new Vector3(((x - cx) / fx) * depth, ((y - cy) / fy) * depth, depth).applyMatrix4(this.cameraFromWorld.clone().invert());
  }
}
