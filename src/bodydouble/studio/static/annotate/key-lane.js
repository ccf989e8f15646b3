/** Time line of the keyed frames of a person: strong marks where the selected landmark is keyed. */

import { h } from "../dom.js";

export class KeyLane {
  /** Calls back with a frame that is clicked. */
  constructor(frames, onSeek) {
    this.frames = frames;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.element = h("section", { class: "key-lane", "aria-label": "Keyed frames",
      title: "Keyed frames", onclick: (event) => onSeek(this.#frameAt(event)) }, this.canvas);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.canvas);
  }

  /** Shows keyed frames, those of the selected landmark among them, and the frame of the player. */
  show(keyed, selected, frame, color) {
    this.content = { keyed, selected: new Set(selected), frame, color };
    this.draw();
  }

  close() {
    this.observer.disconnect();
    this.element.remove();
  }

  /** Returns the frame at a pointer: a keyed one if it is near. */
  #frameAt(event) {
    const { left, width } = this.canvas.getBoundingClientRect();
    const frame = Math.round(((event.clientX - left) / width) * (this.frames - 1));
    const reach = (6 / width) * this.frames;
    const near = this.content.keyed.filter((key) => Math.abs(key - frame) <= reach);
    return near.sort((a, b) => Math.abs(a - frame) - Math.abs(b - frame))[0] ?? Math.min(this.frames - 1, Math.max(0, frame));
  }

  draw() {
    const ratio = Math.min(2, devicePixelRatio);
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !this.content) return;
    [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const { keyed, selected, frame, color } = this.content;
    const style = getComputedStyle(this.element);
    const place = (index) => 2 + ((width - 4) * index) / Math.max(1, this.frames - 1);
    context.fillStyle = style.getPropertyValue("--line");
    context.fillRect(0, height / 2 - 0.5, width, 1);
    for (const key of keyed) {
      const isSelected = selected.has(key);
      context.fillStyle = color;
      context.globalAlpha = isSelected ? 1 : 0.45;
      context.beginPath();
      const [half, x] = [isSelected ? 6 : 4, place(key)];
      context.moveTo(x, height / 2 - half);
      context.lineTo(x + half, height / 2);
      context.lineTo(x, height / 2 + half);
      context.lineTo(x - half, height / 2);
      context.fill();
    }
    context.globalAlpha = 1;
    context.fillStyle = style.getPropertyValue("--accent");
    context.fillRect(place(frame) - 1, 0, 2, height);
  }
}
