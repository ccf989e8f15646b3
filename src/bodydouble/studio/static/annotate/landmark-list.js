/** List of the landmarks of a person in the shown frame, with their state. */

import { h } from "../dom.js";
import { describeLandmark, landmarkLabel } from "./poses.js";

export class LandmarkList {
  /** Calls back with a landmark that is selected. */
  constructor(onSelect) {
    this.onSelect = onSelect;
    this.names = [];
    this.element = h("ul", { class: "landmarks", role: "listbox", "aria-label": "Landmarks", tabindex: "0",
      onkeydown: (event) => this.#onKey(event) });
  }

  /** Shows points (a map from landmarks to what ``Poses.find`` returns) and the selected landmark. */
  show(points, selected) {
    const names = [...points.keys()];
    if (names.join() !== this.names.join()) this.#build(names);
    for (const [name, point] of points) {
      const { row, state } = this.rows.get(name);
      const text = describeLandmark(point);
      if (state.textContent !== text) state.textContent = text;
      Object.assign(row.dataset, { kind: point.kind, state: point.state });
      row.setAttribute("aria-selected", name === selected);
    }
    const row = this.rows.get(selected)?.row;
    this.element.setAttribute("aria-activedescendant", row?.id ?? "");
    if (row && selected !== this.selected) row.scrollIntoView({ block: "nearest" });
    this.selected = selected;
  }

  #build(names) {
    this.names = names;
    this.rows = new Map(names.map((name) => {
      const state = h("small");
      const row = h("li", { role: "option", id: `landmark-${name}`, onclick: () => this.onSelect(name) },
        h("i", { "aria-hidden": "true" }), h("span", {}, landmarkLabel(name)), state);
      return [name, { row, state }];
    }));
    this.element.replaceChildren(...[...this.rows.values()].map(({ row }) => row));
  }

  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const next = this.names[this.names.indexOf(this.selected) + step];
    if (next) this.onSelect(next);
  }
}
