/** Control of the time over which the effect of a keyframe decays. */

import { h } from "../dom.js";
import { DEFAULT_FALLOFF, findKeyframe } from "./keyframes.js";

export class Falloff {
  constructor({ corrections, selection }) {
    Object.assign(this, { corrections, selection });
    this.slider = h("input", { type: "range", min: 0.1, max: 2, step: 0.1, value: DEFAULT_FALLOFF, "aria-label": "Falloff of keyframes",
      oninput: () => this.#showText(), onchange: () => this.#change(),
      onkeydown: (event) => { if (event.key.startsWith("Arrow")) event.stopPropagation(); } });
    this.text = h("output", {});
    this.element = h("label", { class: "falloff-control", title: "Time before and after a keyframe over which its effect decays" },
      h("span", {}, "Falloff"), this.slider, this.text);
    this.#showText();
  }

  get seconds() {
    return Number(this.slider.value);
  }

  /** Shows the falloff of the keyframe of the selected joint in a frame, if there is one. */
  show(frame) {
    this.frame = frame;
    const keyframe = this.corrections.list[this.#find()];
    if (keyframe) this.slider.value = keyframe.falloff ?? DEFAULT_FALLOFF;
    this.#showText();
  }

  /** Returns the index of the keyframe that the control is for, -1 if there is none. */
  #find() {
    const { person, joint } = this.selection;
    return findKeyframe(this.corrections.list, person, joint, this.frame);
  }

  #showText() {
    this.text.textContent = `${this.seconds.toFixed(1)} s`;
  }

  #change() {
    const index = this.#find();
    if (index >= 0) this.corrections.replaceAt(index, { ...this.corrections.list[index], falloff: this.seconds });
  }
}
