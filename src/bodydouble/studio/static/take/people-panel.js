/** Panel with the people of the take: colour, name, and how much of the clip they were seen. */

import { h, personLabel } from "../dom.js";

export class PeoplePanel {
  constructor({ take, scene }) {
    this.element = h("section", { class: "panel", "aria-label": "People" }, h("h2", {}, "People"),
      h("ul", { class: "people" }, scene.people.map((person) => {
        const dot = h("i", { class: "dot" });
        dot.style.background = person.color;
        const seen = Math.round(100 * (take.people[person.name] ?? 0));
        return h("li", {}, dot, h("div", {}, h("b", {}, personLabel(person.name)),
          h("span", {}, `${person.stature.toFixed(2)} m tall · seen in ${seen} % of the clip`)));
      })));
  }

  attach() {}

  show() {}

  close() {}
}
