/** Time line with the span of frames that is selected. */

import { h, iconButton } from "../dom.js";
import { findGrip, followPointer } from "./drag.js";

const GRIP = 10;

export class SpanLane {
  constructor({ axis, player, selection, status }) {
    Object.assign(this, { axis, player, selection, status });
    this.hint = h("span", { class: "track-label" }, "Span: drag to select frames");
    this.handles = ["first", "last"].map((end, index) => h("button", { type: "button", class: `span-end ${end}`,
      onkeydown: (event) => this.#onKey(event, index) }));
    this.bar = h("div", { class: "span-bar", hidden: true }, this.handles,
      iconButton("close", "Clear the span", () => { selection.span = null; }, "small"));
    this.element = h("div", { class: "track spans", role: "group", "aria-label": "Selected span" }, this.hint, this.bar);
    /** Shade over all time lines. */
    this.shade = h("i", { class: "span-shade", hidden: true });
    this.element.addEventListener("pointerdown", (event) => this.#onDown(event));
  }

  get value() {
    return this.selection.span;
  }

  show() {
    const { value } = this;
    for (const element of [this.bar, this.shade]) element.hidden = !value;
    this.hint.hidden = Boolean(value);
    if (!value) return;
    for (const element of [this.bar, this.shade]) this.axis.place(element, ...value);
    this.handles.forEach((handle, index) => handle.setAttribute("aria-label",
      `${index ? "Last" : "First"} frame of the span: ${value[index]}. Arrow keys move it.`));
  }

  /** Selects the span over which a pointer is dragged in any element with the same width. */
  drawIn(element, press) {
    const start = this.axis.frameAt(element, press.clientX);
    this.#follow(element, press, (event) => {
      const frame = this.axis.frameAt(element, event.clientX);
      return [Math.min(start, frame), Math.max(start, frame)];
    }, () => this.player.seek(start));
  }

  #onDown(event) {
    if (event.button !== 0 || event.target.closest(".round")) return;
    if (!this.bar.contains(event.target)) {
      this.drawIn(this.element, event);
      return;
    }
    const [first, last] = this.value;
    const start = this.axis.frameAt(this.element, event.clientX);
    const grip = findGrip(this.bar, event.clientX, GRIP);
    this.#follow(this.element, event, (move) => {
      const shift = this.axis.frameAt(this.element, move.clientX) - start;
      if (grip === "first") return [Math.min(last, first + shift), last];
      if (grip === "last") return [first, Math.max(first, last + shift)];
      const bounded = Math.max(-first, Math.min(this.axis.frames - 1 - last, shift));
      return [first + bounded, last + bounded];
    });
  }

  #follow(element, press, compute, onClick) {
    const before = this.value;
    const select = (event) => {
      this.selection.span = compute(event);
      this.status(`frames ${this.value.join(" to ")}`);
    };
    followPointer(element, press, { onMove: select, onDrop: select, onClick, onCancel: () => { this.selection.span = before; } });
  }

  #onKey(event, index) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.selection.span = null;
    else if (step) this.setEnd(index, this.value[index] + step);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Puts the first (0) or the last frame (1) of the span at a frame; the other end gives way. */
  setEnd(index, frame) {
    const bounded = Math.min(this.axis.frames - 1, Math.max(0, frame));
    const other = this.value?.[1 - index] ?? bounded;
    this.selection.span = index ? [Math.min(other, bounded), bounded] : [bounded, Math.max(other, bounded)];
  }
}
