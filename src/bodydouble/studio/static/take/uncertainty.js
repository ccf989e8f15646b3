/** Layer of the 3D view: how well the place of each joint is known, as a sphere of two standard deviations. */

import { CanvasTexture, CircleGeometry, Color, Group, Mesh, MeshBasicMaterial } from "../vendor/three.js";

const DEVIATIONS = 2;
/** Standard deviations in m that are drawn in green and in red. */
const [GOOD, BAD] = [0.01, 0.08];
const GREEN = 0.4;

export class UncertaintyLayer {
  constructor(scene) {
    this.people = scene.people;
    this.texture = drawSphere();
    this.root = new Group();
    this.root.visible = false;
    this.spheres = scene.people.map(() => scene.joint_names.map(() => createSphere(this.texture)));
    this.root.add(...this.spheres.flat());
  }

  dispose() {
    this.texture.dispose();
    for (const { geometry, material } of this.spheres.flat()) {
      geometry.dispose();
      material.dispose();
    }
  }

  /** Shows a frame of the clip. */
  show(frame) {
    this.people.forEach((person, index) => {
      const row = person.rowAt(frame);
      const joints = row >= 0 ? person.joints.row(row) : [];
      const sigmas = row >= 0 ? person.sigma.row(row) : [];
      this.spheres[index].forEach((sphere, joint) => {
        sphere.visible = row >= 0;
        if (row < 0) return;
        sphere.position.fromArray(joints, 3 * joint);
        sphere.scale.setScalar(DEVIATIONS * sigmas[joint]);
        sphere.material.color.copy(colorOf(sigmas[joint]));
      });
    });
  }
}

/** Returns a disc that faces every camera. The deviation is the same along all axes, so it looks like the sphere. */
function createSphere(map) {
  const sphere = new Mesh(new CircleGeometry(1, 40), new MeshBasicMaterial({ map, transparent: true, depthTest: false, depthWrite: false }));
  sphere.renderOrder = 3;
  sphere.onBeforeRender = (renderer, scene, camera) => {
    sphere.quaternion.setFromRotationMatrix(camera.matrixWorld);
    sphere.updateMatrixWorld();
  };
  return sphere;
}

function colorOf(sigma) {
  const share = Math.min(1, Math.max(0, (sigma - GOOD) / (BAD - GOOD)));
  return new Color().setHSL(GREEN * (1 - share), 0.85, 0.45);
}

function drawSphere() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 128;
  const context = canvas.getContext("2d");
  const gradient = context.createRadialGradient(64, 64, 0, 64, 64, 63);
  gradient.addColorStop(0, "rgb(255 255 255 / 22%)");
  gradient.addColorStop(0.88, "rgb(255 255 255 / 40%)");
  gradient.addColorStop(0.94, "rgb(255 255 255 / 90%)");
  gradient.addColorStop(1, "rgb(255 255 255 / 0%)");
  context.fillStyle = gradient;
  context.fillRect(0, 0, 128, 128);
  return new CanvasTexture(canvas);
}
