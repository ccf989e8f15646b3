/** Animated characters of a scene: files of a take -> models that stand where the people stood, in their size. */

import { AnimationMixer, GLTFLoader, Group, Vector3, VRMLoaderPlugin } from "../vendor/three.js";

export class CharacterModel {
  constructor(person, gltf, fps) {
    this.person = person;
    this.fps = fps;
    this.root = new Group();
    this.root.add(gltf.scene);
    gltf.scene.traverse((node) => { node.frustumCulled = false; });
    this.clip = gltf.animations[0];
    this.mixer = new AnimationMixer(gltf.scene);
    this.mixer.clipAction(this.clip).play();
    const path = this.clip.tracks.find((track) => track.name.endsWith(".position"));
    this.hips = gltf.scene.getObjectByName(path.name.slice(0, -".position".length));
    this.scale = person.stature / measureHeight(gltf.scene);
    this.root.scale.setScalar(this.scale);
    this.position = new Vector3();
  }

  /** Shows a frame of the clip; the character is hidden where the person is absent. */
  show(frame) {
    const row = this.person.rowAt(frame);
    this.root.visible = row >= 0;
    if (row < 0) return;
    this.mixer.setTime(Math.min(row / this.fps, this.clip.duration - 1e-5));
    this.#place(row);
  }

  /**
   * Moves the character so that its hips are above the place of the person's hips. The file has the path in the
   * character's own size. Vertically only what the hips are above their height in standing counts, so that feet on the
   * floor stay there.
   */
  #place(row) {
    const [x, y, z] = this.person.joints.row(row);
    this.root.position.set(0, 0, 0);
    this.root.updateMatrixWorld(true);
    this.hips.getWorldPosition(this.position);
    const above = Math.max(0, y - this.person.standing);
    const scaled = this.position.y / Math.max(0.1, y);
    this.root.position.set(x - this.position.x, above * (1 - scaled), z - this.position.z);
    this.root.updateMatrixWorld(true);
  }
}

function measureHeight(scene) {
  let [low, high] = [Infinity, -Infinity];
  scene.traverse(({ isMesh, geometry }) => {
    if (!isMesh) return;
    geometry.computeBoundingBox();
    low = Math.min(low, geometry.boundingBox.min.y);
    high = Math.max(high, geometry.boundingBox.max.y);
  });
  return high - low;
}

/** Loads the character of a person; VRM content gives it its toon materials. */
export async function loadCharacter(id, person, fps) {
  const loader = new GLTFLoader();
  loader.register((parser) => new VRMLoaderPlugin(parser));
  const gltf = await loader.loadAsync(`/takes/${id}/models/${encodeURIComponent(person.model)}`);
  return new CharacterModel(person, gltf, fps);
}
