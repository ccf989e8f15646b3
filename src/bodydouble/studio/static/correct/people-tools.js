/** Panel that corrects who is who, and the heights of people. */

import { h, icon, replaceControls } from "../dom.js";
import { replaceLast } from "./replace-last.js";

const MAX_NAME = 60;

export class PeopleTools {
  constructor({ scene, corrections, selection }) {
    this.corrections = corrections;
    this.selection = selection;
    this.listeners = new AbortController();
    this.list = h("ul", { class: "people choices" });
    this.tools = h("div", { class: "tools" });
    this.element = h("section", { class: "panel", "aria-label": "People" }, h("h2", {}, "People"), this.list, this.tools);
    selection.addEventListener("change", () => this.#update(), { signal: this.listeners.signal });
    this.index = 0;
    this.onScene(scene);
  }

  attach(player) {
    this.player = player;
  }

  close() {
    this.listeners.abort();
  }

  /** Shows the people; if the selected one has another name now, the one at the same place is selected. */
  onScene(scene) {
    this.scene = scene;
    if (this.#person) this.#update();
    else this.selection.person = scene.people[Math.min(this.index, scene.people.length - 1)].name;
  }

  get #person() {
    return this.scene.people.find(({ name }) => name === this.selection.person);
  }

  get #others() {
    return this.scene.people.filter(({ name }) => name !== this.selection.person);
  }

  /** Shows the frame of the player. */
  show() {
    const { frame } = this.player;
    for (const label of this.tools.querySelectorAll(".at-frame")) label.textContent = `From frame ${frame}`;
    const person = this.#person;
    if (person) this.splitButton.disabled = frame <= person.first_frame || frame >= person.first_frame + person.frames;
  }

  /** Shows the people and the tools for the selected one; what is being typed stays if they are what is shown. */
  #update() {
    const person = this.#person;
    const content = JSON.stringify([person?.name, this.scene.people.map(describePerson)]);
    if (!person || this.shown === content) return;
    this.shown = content;
    this.index = this.scene.people.indexOf(person);
    replaceControls(this.list, ...this.scene.people.map((one) => this.#createChoice(one, one === person)));
    replaceControls(this.tools, this.#createNames(person), this.#createHeight(person), this.#createIdentity(person));
    if (this.player) this.show();
  }

  #createChoice(person, isSelected) {
    const dot = h("i", { class: "dot" });
    dot.style.background = person.color;
    return h("li", {}, h("button", { type: "button", class: "choice", "aria-pressed": String(isSelected),
      onclick: () => { this.selection.person = person.name; } }, dot, h("b", {}, person.label),
    h("span", {}, `frames ${person.first_frame} to ${person.first_frame + person.frames - 1}`)));
  }

  #createNames(person) {
    const input = h("input", { type: "text", class: "field", value: person.label, maxlength: MAX_NAME, "aria-label": "Name" });
    const submit = (event) => {
      event.preventDefault();
      const name = input.value.trim();
      if (name && name !== person.label && name !== person.name) this.#add({ kind: "rename", name });
    };
    return h("form", { class: "tool", onsubmit: submit }, h("span", {}, "Name"), input,
      h("button", { type: "submit", class: "button small" }, "Rename"));
  }

  #createHeight(person) {
    const input = h("input", { type: "number", class: "field", value: person.stature.toFixed(2), min: 0.4, max: 2.6, step: 0.01,
      required: true, "aria-label": "Height in m" });
    const submit = (event) => {
      event.preventDefault();
      replaceLast(this.corrections, { kind: "height", person: person.name, height: Number(input.value) },
        (old) => old.kind === "height" && old.person === person.name);
    };
    return h("form", { class: "tool", onsubmit: submit }, h("span", {}, "Height, m"), input,
      h("button", { type: "submit", class: "button small" }, "Set"));
  }

  #createIdentity(person) {
    const others = this.#others;
    const select = (label) => h("select", { class: "field", "aria-label": label },
      others.map((other) => h("option", { value: other.name }, other.label)));
    const [mergeWith, swapWith] = [select("Merge with"), select("Swap with")];
    const row = (label, ...controls) => h("div", { class: "tool" }, h("span", {}, label), controls);
    const button = (content, onclick) => h("button", { type: "button", class: "button small", onclick }, content);
    const atFrame = (verb) => [h("span", { class: "hidden" }, `${verb} `), h("span", { class: "at-frame" })];
    this.splitButton = button(atFrame("Split"), () => this.#add({ kind: "split", frame: this.player.frame, name: this.#findName() }));
    return h("div", { class: "tool-rows" },
      others.length ? row("Merge with", mergeWith, button("Merge", () => this.#add({ kind: "merge", other: mergeWith.value }))) : null,
      others.length ? row("Swap with", swapWith,
        button(atFrame("Swap"), () => this.#add({ kind: "swap", other: swapWith.value, frame: this.player.frame }))) : null,
      row("Split in two", this.splitButton),
      others.length ? row("No person", button([icon("trash"), `Delete ${person.label}`], () => this.#add({ kind: "delete" }))) : null);
  }

  #add(correction) {
    this.corrections.add({ ...correction, person: this.selection.person });
  }

  /** Returns a name of a further person that nobody has or had. */
  #findName() {
    const used = new Set([...this.scene.people.map(({ name }) => name), ...this.corrections.list.flatMap((c) => [c.person, c.other, c.name])]);
    let number = 1;
    while (used.has(`person${number}`)) number += 1;
    return `person${number}`;
  }
}

/** Returns what the panel shows of a person. */
function describePerson({ name, label, color, stature, first_frame: first, frames }) {
  return [name, label, color, stature.toFixed(2), first, frames];
}
