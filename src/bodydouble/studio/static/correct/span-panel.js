/** Panel that corrects a span of frames of the selected person. */

import { h } from "../dom.js";

const SIDES = [["body", "Body"], ["arms", "Arms"], ["legs", "Legs"]];
const DEFAULT_CUTOFF = 4;

export class SpanPanel {
  constructor({ scene, corrections, selection }) {
    this.scene = scene;
    this.corrections = corrections;
    this.selection = selection;
    this.listeners = new AbortController();
    this.person = h("b");
    this.first = this.#createFrame("First frame", 0);
    this.last = this.#createFrame("Last frame", 1);
    this.note = h("p", { class: "hint" });
    this.cutoff = h("input", { type: "number", class: "field", value: DEFAULT_CUTOFF, min: 0.5, max: 15, step: 0.5, "aria-label": "Cut-off in Hz" });
    this.actions = h("fieldset", { class: "tool-rows" },
      h("div", { class: "tool" }, h("span", {}, "Exchange left and right of"), h("div", { class: "tool-buttons" }, SIDES.map(([part, label]) =>
        this.#createButton(label, () => this.#add({ kind: "exchange_sides", ...(part === "body" ? {} : { part }) }))))),
      h("div", { class: "tool" }, h("span", {}, "What was seen is wrong"), this.#createButton("Do not use it", () => this.#add({ kind: "unreliable" }))),
      h("form", { class: "tool", onsubmit: (event) => this.#smooth(event) }, h("span", {}, "Smooth below, Hz"), this.cutoff,
        h("button", { type: "submit", class: "button small" }, "Smooth")));
    this.element = h("section", { class: "panel", "aria-label": "Span" }, h("h2", {}, "Span of ", this.person),
      h("div", { class: "tool-rows" },
        h("div", { class: "tool" }, h("span", {}, "From frame"), this.first, this.#createButton("Here", () => this.setEnd(0), "From the shown frame on")),
        h("div", { class: "tool" }, h("span", {}, "To frame"), this.last, this.#createButton("Here", () => this.setEnd(1), "To the shown frame"))),
      this.note, this.actions);
    selection.addEventListener("change", () => this.#update(), { signal: this.listeners.signal });
    this.#update();
  }

  attach(player) {
    this.player = player;
  }

  show() {}

  onScene(scene) {
    this.scene = scene;
    this.#update();
  }

  close() {
    this.listeners.abort();
  }

  /** Puts the first (0) or the last (1) frame of the span at the shown frame. */
  setEnd(end) {
    this.#set(end, this.player.frame);
  }

  #createFrame(label, end) {
    const input = h("input", { type: "number", class: "field", min: 0, max: this.scene.frames - 1, step: 1, "aria-label": label,
      onchange: () => { if (input.value !== "") this.#set(end, Number(input.value)); } });
    return input;
  }

  #createButton(text, onclick, label = null) {
    return h("button", { type: "button", class: "button small", "aria-label": label, onclick }, text);
  }

  /** Moves one end of the span; the other end goes along where the span would be turned round. */
  #set(end, value) {
    const frame = Math.min(this.scene.frames - 1, Math.max(0, Math.round(value)));
    const span = this.selection.span ?? [frame, frame];
    span[end] = frame;
    span[1 - end] = end ? Math.min(frame, span[0]) : Math.max(frame, span[1]);
    this.selection.span = span;
    this.#update();
  }

  /** Returns the part of the span in which the person is there, or null. */
  #findSpan() {
    const person = this.#person;
    const { span } = this.selection;
    if (!person || !span) return null;
    const first = Math.max(span[0], person.first_frame);
    const last = Math.min(span[1], person.first_frame + person.frames - 1);
    return first <= last ? [first, last] : null;
  }

  get #person() {
    return this.scene.people.find(({ name }) => name === this.selection.person);
  }

  #update() {
    const { span } = this.selection;
    this.person.textContent = this.#person?.label ?? "a person";
    this.first.value = span ? span[0] : "";
    this.last.value = span ? span[1] : "";
    const own = this.#findSpan();
    this.actions.disabled = !own;
    if (!span) this.note.textContent = "Choose the frames that the correction is for.";
    else if (!own) this.note.textContent = `${this.#person?.label ?? "The person"} is not there in these frames.`;
    else this.note.textContent = `${own[1] - own[0] + 1} frames, ${((own[1] - own[0] + 1) / this.scene.rate).toFixed(2)} s`;
  }

  #smooth(event) {
    event.preventDefault();
    this.#add({ kind: "smoothing", cutoff: Number(this.cutoff.value) });
  }

  #add({ kind, ...rest }) {
    const [first, last] = this.#findSpan();
    this.corrections.add({ kind, person: this.selection.person, first_frame: first, last_frame: last, ...rest });
  }
}
