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
    this.marks = [];
    this.layers = {};
    this.#createMarks();
  }

  /** Shows another motion of the same clip: skeletons at once, characters as soon as they are there. */
  onScene(scene) {
    this.scene = scene;
    this.#createMarks();
    if (!this.cameras) return;
    this.cameras.data = scene;
    this.#loadCharacters();
    this.show();
  }

  #createMarks() {
    for (const mark of this.marks) {
      this.stage.scene.remove(mark.root);
      mark.dispose();
    }
    this.marks = this.scene.people.map((person) => new PersonMarks(person, this.scene.parents));
    for (const mark of this.marks) this.stage.scene.add(mark.root);
    this.#showBones();
    this.#createLayers();
  }

  #createLayers() {
    for (const [name, [Layer]] of Object.entries(LAYERS)) {
      const [old, layer] = [this.layers[name], new Layer(this.scene)];
      this.layers[name] = layer;
      if (old) {
        layer.root.visible = old.root.visible;
        this.stage.scene.remove(old.root);
        old.dispose();
      }
      this.stage.scene.add(layer.root);
    }
  }

  /** Shows the skeletons of all people, or of those whose characters are not there yet. */
  #showBones() {
    const isReady = (person) => !this.cameras || this.models.some((model) => model.person === person);
    for (const mark of this.marks) mark.details.visible = this.showsBones || !isReady(mark.person);
    this.needsDraw = true;
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
    const { scene } = this;
    this.#keepModels(scene.people);
    const missing = scene.people.filter((person) => !this.models.some((model) => model.person === person));
    this.message.hidden = missing.length === 0;
    this.message.textContent = "Loading the characters";
    const results = await Promise.allSettled(missing.map((person) => this.#loadCharacter(person, scene)));
    if (this.scene !== scene || this.isClosed) return;
    const hasFailed = results.some((result) => result.status === "rejected");
    this.message.hidden = !hasFailed;
    if (hasFailed) this.message.textContent = "A character cannot be shown; its skeleton is shown instead.";
    this.element.dataset.ready = "";
  }

  /** Keeps the characters whose motion is the same, and removes the others. */
  #keepModels(people) {
    const kept = [];
    for (const model of this.models) {
      const person = people.find((one) => one.model === model.person.model);
      if (person) {
        model.person = person;
        kept.push(model);
      } else {
        this.stage.scene.remove(model.root);
        this.detail.remove(model.root);
      }
    }
    this.models = kept;
    this.#showBones();
  }

  async #loadCharacter(person, scene) {
    const model = await loadCharacter(this.take.id, person, scene.rate);
    if (this.scene !== scene || this.isClosed) return;
    this.models.push(model);
    this.stage.scene.add(model.root);
    this.detail.add(model.root);
    this.#showBones();
    this.show();
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
    this.#showBones();
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
