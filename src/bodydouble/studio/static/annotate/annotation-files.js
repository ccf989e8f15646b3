/** Annotations of a take on the server: fitting the motion to them, and files of them. */

import { applyAnnotations, parseAnnotations } from "../api.js";
import { h } from "../dom.js";
import { loadScene } from "../take/scene-data.js";

export class AnnotationFiles {
  constructor(id, annotations, saving) {
    this.id = id;
    this.annotations = annotations;
    this.saving = saving;
  }

  /**
   * Fits the motion to the annotations. Returns {applied, unused, scene}: their version, a text about those that
   * concern no motion (empty if there are none), and the new scene.
   */
  async apply() {
    await this.saving.flush();
    const { applied, unused } = await applyAnnotations(this.id, this.saving.version);
    return { applied, unused, scene: await loadScene(this.id) };
  }

  /** Downloads the annotations as a file of that name. */
  async download(name) {
    await this.saving.flush();
    h("a", { href: `/takes/${this.id}/${name}`, download: "" }).click();
  }

  /** Adds the annotations of a file; returns {poses, left_out}: its poses, and how many more show nobody of the take. */
  async add(file) {
    const found = await parseAnnotations(this.id, file);
    if (found.poses.length) this.annotations.add(found.poses);
    return found;
  }
}
