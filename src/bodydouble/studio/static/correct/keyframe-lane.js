/** Time line with the keyframes of a person: marks to go to, and their falloff. */

import { h, replaceControls } from "../dom.js";
import { jointLabel } from "./describe.js";
import { DEFAULT_FALLOFF, listKeyframes } from "./keyframes.js";

export class KeyframeLane {
  constructor({ axis, player, corrections, selection, falloff, rate }, person) {
    Object.assign(this, { axis, player, corrections, selection, falloff, rate, person });
    this.hint = h("span", { class: "track-label" }, "Keyframes: drag a joint in a picture");
    this.next = h("i", { class: "falloff next", hidden: true });
    this.marks = h("div", { class: "track-content" });
    this.element = h("div", { class: "track keyframes", role: "group", "aria-label": `${person.label}: keyframes` },
      this.hint, this.next, this.marks);
  }

  /** Shows the keyframes of the list. */
  onCorrections() {
    const keyframes = listKeyframes(this.corrections.list, this.person.name);
    this.hint.hidden = keyframes.length > 0;
    replaceControls(this.marks, ...keyframes.flatMap((keyframe) => [this.#createFalloff(keyframe), this.#createMark(keyframe)]));
    this.show();
  }

  #createFalloff({ frame, falloff = DEFAULT_FALLOFF }) {
    return this.#placeFalloff(h("i", { class: "falloff" }), frame, falloff);
  }

  #placeFalloff(element, frame, seconds) {
    const { first_frame: first, frames } = this.person;
    const reach = Math.round(seconds * this.rate);
    return this.axis.place(element, Math.max(first, frame - reach), Math.min(first + frames - 1, frame + reach));
  }

  #createMark({ index, joint, frame, falloff = DEFAULT_FALLOFF }) {
    const label = `${jointLabel(joint)}, frame ${frame}, falloff ${falloff} s`;
    const mark = h("button", { type: "button", class: "keyframe", "aria-label": label, title: `${label}; Delete removes it`,
      onclick: () => this.#goTo(joint, frame), onkeydown: (event) => this.#onKey(event, index) });
    Object.assign(mark.dataset, { joint, frame, key: `${joint} ${frame}` });
    return this.axis.place(mark, frame);
  }

  #goTo(joint, frame) {
    if (this.player.isPlaying) this.player.pause();
    this.player.seek(frame);
    this.selection.person = this.person.name;
    this.selection.joint = joint;
  }

  #onKey(event, index) {
    if (event.key !== "Delete" && event.key !== "Backspace") return;
    event.preventDefault();
    event.stopPropagation();
    this.corrections.removeAt(index);
  }

  /** Shows the falloff that a keyframe of the selected joint would have in the frame of the player. */
  show() {
    const { selection, person } = this;
    const { frame } = this.player;
    const isNext = selection.person === person.name && Boolean(selection.joint) && person.rowAt(frame) >= 0;
    this.next.hidden = !isNext;
    if (isNext) this.#placeFalloff(this.next, frame, this.falloff.seconds);
    for (const mark of this.marks.querySelectorAll(".keyframe")) {
      mark.classList.toggle("now", Number(mark.dataset.frame) === frame && isNext && mark.dataset.joint === selection.joint);
    }
  }
}
