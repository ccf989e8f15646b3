/** Line above a take: how far another character is, and what the take's own tab does not know otherwise. */

import { cancelTake, changeCharacter } from "../api.js";
import { formatLeft, h, icon, toast } from "../dom.js";
import { openCharacters } from "./characters.js";

export class CharacterChange {
  constructor(session, take) {
    this.session = session;
    this.text = h("span", {});
    this.left = h("span", { class: "notice-left" });
    this.bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of the new character" });
    this.stop = h("button", { type: "button", class: "button", onclick: () => this.#attempt(cancelTake(this.take.id)) }, "Cancel");
    this.element = h("section", { class: "notice", "aria-label": "New character", hidden: true },
      h("div", { class: "notice-text", role: "status" }, this.text, this.left), this.bar, this.stop);
    this.button = h("button", { type: "button", class: "button choose-character", "aria-label": "Character",
      onclick: () => this.open() }, icon("person"), h("span", {}, "Character"));
    this.update(take);
  }

  open() {
    const note = "The motion stays as it is; characters and film are made again.";
    openCharacters({ session: this.session, chosen: this.take.character, title: "Another character", note,
      onChoose: (name) => this.#attempt(changeCharacter(this.take.id, name)) });
  }

  async #attempt(action) {
    try {
      this.update(await action);
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  update(take) {
    this.take = take;
    const isBusy = take.state === "running" || take.state === "waiting";
    this.element.hidden = !isBusy && !take.error;
    this.element.classList.toggle("bad", Boolean(take.error));
    const stage = take.stage || (take.state === "waiting" ? "Waits for its turn" : "Starting");
    this.text.textContent = take.error ? `The character was not changed: ${take.error}` : stage;
    this.left.textContent = isBusy && take.seconds_left !== null ? formatLeft(take.seconds_left) : "";
    this.bar.hidden = this.stop.hidden = !isBusy;
    this.bar.value = take.progress;
  }
}
