/** Panel with the 3D view. It draws only when something has changed. */

import { h, icon } from "../dom.js";
import { WebGLRenderer } from "../vendor/three.js";
import { CAMERAS, Cameras } from "./cameras.js";
import { loadCharacter } from "./characters.js";
import { Detail, hasSoftwareRenderer } from "./detail.js";
import { createStage, PersonMarks } from "./stage.js";
import { TrajectoryLayer } from "./trajectories.js";
import { UncertaintyLayer } from "./uncertainty.js";

const LABELS = { orbit: "Orbit", follow: "Follow", video: "Video’s camera" };
const ICONS = { orbit: "orbit", follow: "follow", video: "camera" };
/** Joints above left heel, left toes, right heel, right toes. */
const FEET = ["leftFoot", "leftToes", "rightFoot", "rightToes"];
/** Further layers: class, label, icon, explanation. */
const LAYERS = {
  uncertainty: [UncertaintyLayer, "Uncertainty", "uncertainty",
    "Spheres of two standard deviations around each joint, from green (1 cm) to red (8 cm)"],
  paths: [TrajectoryLayer, "Paths", "path", "Paths of hips, hands and feet, one second before and after the frame"],
};

export class ScenePanel {
  constructor({ take, scene, isDark }) {
    this.take = take;
    this.scene = scene;
    this.models = [];
    this.showsBones = false;
    this.isClosed = false;
    this.needsDraw = true;
    this.canvas = h("canvas", { class: "view3d", tabindex: "0", role: "img",
      "aria-label": "Characters in 3D. Drag to turn, pinch or wheel to come closer." });
    this.message = h("p", { class: "pane-message" }, "Loading the characters");
    this.buttons = Object.fromEntries(CAMERAS.map((mode) => [mode, h("button", { type: "button", class: "chip",
      "aria-pressed": "false", "aria-label": LABELS[mode], onclick: () => this.setCamera(mode) }, icon(ICONS[mode]), h("span", {}, LABELS[mode]))]));
    this.boneButton = h("button", { type: "button", class: "chip", "aria-pressed": "false", "aria-label": "Skeletons in 3D",
      onclick: () => this.toggleBones() }, icon("bones"), h("span", {}, "Skeletons"));
    this.layerButtons = Object.fromEntries(Object.entries(LAYERS).map(([name, [, label, symbol, title]]) => [name,
      h("button", { type: "button", class: "chip", "aria-pressed": "false", "aria-label": label, title,
        onclick: () => this.toggleLayer(name) }, icon(symbol), h("span", {}, label))]));
    this.element = h("section", { class: "pane", "aria-label": "3D view" },
      h("div", { class: "pane-tools" }, h("div", { class: "group" }, Object.values(this.buttons)),
        h("div", { class: "group layers" }, this.boneButton, Object.values(this.layerButtons))),
      h("div", { class: "picture" }, this.canvas, this.message));
    this.stage = createStage();
    this.stage.setDark(isDark());
    this.feet = FEET.map((name) => scene.joint_names.indexOf(name));
    this.marks = scene.people.map((person) => new PersonMarks(person, scene.parents));
    for (const mark of this.marks) {
      mark.details.visible = false;
      this.stage.scene.add(mark.root);
    }
    this.layers = Object.fromEntries(Object.entries(LAYERS).map(([name, [Layer]]) => [name, new Layer(scene)]));
    for (const layer of Object.values(this.layers)) this.stage.scene.add(layer.root);
  }

  async attach(player) {
    this.player = player;
    const isSoftware = hasSoftwareRenderer();
    if (isSoftware === null) {
      this.message.textContent = "This browser cannot show 3D (WebGL is off). The film and all downloads work.";
      return;
    }
    this.renderer = new WebGLRenderer({ canvas: this.canvas, antialias: !isSoftware, powerPreference: "high-performance" });
    const draw = () => this.renderer.render(this.stage.scene, this.cameras.active);
    this.detail = new Detail(this.renderer, draw, isSoftware);
    this.cameras = new Cameras(this.scene, this.canvas, () => { this.needsDraw = true; });
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.canvas.parentElement);
    this.#resize();
    this.stage.setCenter(this.cameras.frameEverybody());
    this.setCamera("orbit");
    this.#run();
    await this.#loadCharacters();
  }

  close() {
    this.isClosed = true;
    this.observer?.disconnect();
    this.cameras?.controls.dispose();
    this.detail?.close();
    this.renderer?.dispose();
  }

  onTheme(isDark) {
    this.stage.setDark(isDark);
    this.needsDraw = true;
  }

  async #loadCharacters() {
    const fps = this.scene.rate;
    const loading = this.scene.people.map(async (person) => {
      const model = await loadCharacter(this.take.id, person, fps);
      this.models.push(model);
      this.stage.scene.add(model.root);
      this.detail.add(model.root);
      this.show();
    });
    const results = await Promise.allSettled(loading);
    const failed = results.filter((result) => result.status === "rejected");
    this.message.hidden = failed.length === 0;
    if (failed.length) {
      this.message.textContent = "A character cannot be shown; skeletons are shown instead.";
      if (!this.showsBones) this.toggleBones();
    }
    this.element.dataset.ready = "";
  }

  setCamera(mode) {
    if (!this.cameras) return;
    this.cameras.setMode(mode);
    for (const [name, button] of Object.entries(this.buttons)) button.setAttribute("aria-pressed", name === mode);
    this.show();
  }

  toggleBones() {
    this.showsBones = !this.showsBones;
    this.boneButton.setAttribute("aria-pressed", this.showsBones);
    for (const mark of this.marks) mark.details.visible = this.showsBones;
    this.needsDraw = true;
  }

  toggleLayer(name) {
    const { root } = this.layers[name];
    root.visible = !root.visible;
    this.layerButtons[name].setAttribute("aria-pressed", root.visible);
    this.needsDraw = true;
  }

  /** Shows the frame of the player. */
  show() {
    this.needsPose = true;
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    if (!width || !height) return;
    this.renderer.setSize(width, height, false);
    this.cameras.setSize(width, height);
    this.needsPose = true;
  }

  #run() {
    const onTick = () => {
      if (this.isClosed) return;
      requestAnimationFrame(onTick);
      if (this.needsPose) this.#pose();
      if (this.cameras.controls.enabled) this.cameras.controls.update();
      if (this.needsDraw) this.draw();
    };
    requestAnimationFrame(onTick);
  }

  #pose() {
    this.needsPose = false;
    const { frame } = this.player;
    for (const model of this.models) model.show(frame);
    for (const mark of this.marks) mark.show(frame, this.feet);
    for (const layer of Object.values(this.layers)) layer.show(frame);
    this.cameras.show(frame);
    this.needsDraw = true;
  }

  draw() {
    this.needsDraw = false;
    this.detail.drawMoving();
  }
}
