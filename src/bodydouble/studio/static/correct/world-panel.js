/** Panel that corrects the world: level of the floor and focal length. */

import { h } from "../dom.js";
import { replaceLast } from "./replace-last.js";

const MAX_FLOOR_CM = 50;
const isFloor = ({ kind }) => kind === "floor";
const isFocalLength = ({ kind }) => kind === "focal_length";

export class WorldPanel {
  constructor({ scene, corrections }) {
    this.corrections = corrections;
    this.listeners = new AbortController();
    this.slider = h("input", { type: "range", class: "slider", min: -MAX_FLOOR_CM, max: MAX_FLOOR_CM, step: 0.5, value: 0, "aria-label": "Floor level in cm",
      oninput: () => this.#showLevel(Number(this.slider.value)), onchange: () => this.#moveFloor() });
    this.level = h("output", {});
    this.focal = h("input", { type: "number", class: "field", min: 8, max: 1000, step: 0.1, required: true, "aria-label": "Focal length in mm" });
    this.focalTools = h("fieldset", {}, h("form", { class: "tool", onsubmit: (event) => this.#setFocalLength(event) },
      h("span", {}, "Focal length, mm"), this.focal, h("button", { type: "submit", class: "button small" }, "Set")));
    this.note = h("p", { class: "hint" });
    this.element = h("section", { class: "panel", "aria-label": "World" }, h("h2", {}, "World"), h("div", { class: "tool-rows" },
      h("div", { class: "tool" }, h("span", {}, "Floor level"), this.slider, this.level), this.focalTools, this.note));
    corrections.addEventListener("change", () => this.#showFloor(), { signal: this.listeners.signal });
    this.onScene(scene);
  }

  attach() {}

  show() {}

  onScene(scene) {
    this.scene = scene;
    this.focal.value = scene.focal_length_mm.toFixed(1);
    this.focalTools.disabled = Boolean(scene.focal_length_note);
    this.note.textContent = scene.focal_length_note || "35 mm equivalent. All motions are fitted again.";
    this.#showFloor();
  }

  close() {
    this.listeners.abort();
  }

  #showFloor() {
    const level = 100 * this.corrections.list.filter(isFloor).reduce((sum, { height }) => sum + height, 0);
    this.slider.value = level;
    this.#showLevel(level);
  }

  #showLevel(level) {
    this.level.textContent = `${level > 0 ? "+" : ""}${level.toFixed(1)} cm`;
    this.slider.setAttribute("aria-valuetext", this.level.textContent);
  }

  /** Corrections of the floor add up: the last one is changed so that the sum is that of the slider. */
  #moveFloor() {
    const floors = this.corrections.list.filter(isFloor);
    const others = floors.slice(0, -1).reduce((sum, { height }) => sum + height, 0);
    const height = Number((Number(this.slider.value) / 100 - others).toFixed(4));
    replaceLast(this.corrections, height ? { kind: "floor", height } : null, isFloor);
  }

  #setFocalLength(event) {
    event.preventDefault();
    replaceLast(this.corrections, { kind: "focal_length", focal_length_mm: Number(this.focal.value) }, isFocalLength);
  }
}
