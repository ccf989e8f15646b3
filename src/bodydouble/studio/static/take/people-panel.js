/** Panel with the people of the take: colour, name, and how much of the clip they were seen. */

import { h } from "../dom.js";

export class PeoplePanel {
  constructor({ scene }) {
    this.list = h("ul", { class: "people" });
    this.element = h("section", { class: "panel", "aria-label": "People" }, h("h2", {}, "People"), this.list);
    this.onScene(scene);
  }

  onScene(scene) {
    this.list.replaceChildren(...scene.people.map((person) => {
      const dot = h("i", { class: "dot" });
      dot.style.background = person.color;
      const seen = Math.round(100 * person.coverage);
      return h("li", {}, dot, h("div", {}, h("b", {}, person.label),
        h("span", {}, `${person.stature.toFixed(2)} m tall · seen in ${seen} % of the clip`)));
    }));
  }

  attach() {}

  show() {}

  close() {}
}
