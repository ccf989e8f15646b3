/** Panel with all corrections in plain words: jump to their frames, remove them, undo and redo, and what went wrong. */

import { h, iconButton, replaceControls, toast } from "../dom.js";
import { describe, framesOf } from "./describe.js";

export class ListPanel {
  constructor({ corrections, selection }) {
    this.corrections = corrections;
    this.selection = selection;
    this.undo = iconButton("undo", "Undo", () => corrections.undo(), "small");
    this.redo = iconButton("redo", "Redo", () => corrections.redo(), "small");
    this.busy = h("span", { class: "busy-note", role: "status" });
    this.error = h("p", { class: "error-line", role: "alert", hidden: true });
    this.content = h("div");
    this.element = h("section", { class: "panel corrections", "aria-label": "Corrections" },
      h("div", { class: "panel-head" }, h("h2", {}, "Corrections"), this.busy, this.undo, this.redo), this.error, this.content);
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    corrections.addEventListener("change", () => this.#update(), { signal });
    corrections.addEventListener("failed", (event) => this.#showError(event.detail), { signal });
    corrections.addEventListener("resolved", () => this.#showError(""), { signal });
    this.#update();
  }

  attach(player) {
    this.player = player;
  }

  show() {}

  onScene() {}

  close() {
    this.listeners.abort();
  }

  #showError(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
    const { top, bottom } = this.error.getBoundingClientRect();
    if (text && (bottom < 0 || top > innerHeight)) toast(text, "bad");
  }

  #update() {
    const { list, canUndo, canRedo, isResolving } = this.corrections;
    this.undo.disabled = !canUndo;
    this.redo.disabled = !canRedo;
    this.busy.textContent = isResolving ? "Working out the motion …" : "";
    this.element.classList.toggle("busy", isResolving);
    const hint = h("p", { class: "hint" }, "Nothing is corrected. The automatic result is always kept: what you correct here can be taken back.");
    replaceControls(this.content, list.length ? h("ol", { class: "correction-list" }, list.map((c, k) => this.#describe(c, k))) : hint);
  }

  #describe(correction, index) {
    const text = describe(correction);
    const frames = framesOf(correction);
    const label = frames
      ? h("button", { type: "button", class: "link", "aria-label": `Go to: ${text}`, onclick: () => this.#go(correction, frames) }, text)
      : h("span", {}, text);
    return h("li", {}, label, iconButton("close", `Remove: ${text}`, () => this.corrections.removeAt(index), "small"));
  }

  #go(correction, frames) {
    if (this.player.isPlaying) this.player.pause();
    this.player.seek(frames[0]);
    this.selection.person = correction.person;
    if (frames[1] > frames[0]) this.selection.span = frames;
  }
}
