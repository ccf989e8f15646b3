/** Field of a form with all characters, and a button for those of one's own. */

import { listCharacters } from "../api.js";
import { h, icon } from "../dom.js";
import { addCharacter, characterLabel, openCharacters } from "./characters.js";

export class CharacterSelect {
  /** Takes the session, the name that is chosen first, and a function that is called when another one is. */
  constructor(session, chosen, onChoose) {
    this.session = session;
    this.onChoose = onChoose;
    this.select = h("select", { class: "field", name: "character" });
    this.element = h("div", { class: "character-choice" },
      h("label", {}, h("span", {}, "Character"), this.select),
      h("button", { type: "button", class: "round", "aria-label": "Your characters", title: "Your characters",
        onclick: () => this.#open() }, icon("plus")));
    this.#fill([], chosen);
    this.refresh(chosen);
  }

  /** Fetches one's own characters, and chooses one. */
  async refresh(chosen = this.select.value) {
    const own = await listCharacters().catch(() => []);
    this.#fill(own, chosen);
  }

  #fill(own, chosen) {
    const option = (name, text) => h("option", { value: name, selected: name === chosen }, text);
    const groups = own.length ? [h("optgroup", { label: "Yours" }, own.map(({ name, title }) => option(name, title)))] : [];
    this.select.replaceChildren(...this.session.characters.map((name) => option(name, characterLabel(name))), ...groups);
  }

  #choose(name) {
    this.select.value = name;
    this.onChoose();
  }

  #open() {
    openCharacters({ session: this.session, chosen: this.select.value, title: "Choose a character",
      onChoose: (name) => this.refresh(name).then(() => this.#choose(name)), onChange: () => this.refresh() });
  }

  /** Adds dropped files and chooses the last one that works. */
  async add(files) {
    for (const file of files) {
      const character = await addCharacter(file, this.session);
      if (character) await this.refresh(character.name).then(() => this.#choose(character.name));
    }
  }
}
