/** Time lines of what is corrected: the selected span, and for each person keyframes and contacts. */

import { h, icon, replaceControls } from "../dom.js";
import { TimeAxis } from "../take/time-axis.js";
import { ContactLanes } from "./contact-lanes.js";
import { ContactSheet } from "./contact-sheet.js";
import { KeyframeLane } from "./keyframe-lane.js";
import { SpanLane } from "./span-lane.js";

/** Maximum number of people whose lanes are all shown; of more people, those of the selected one are. */
const MAX_OPEN = 3;

export class TimeLines {
  place = "strip";

  constructor({ scene, corrections, selection }, falloff) {
    Object.assign(this, { scene, corrections, selection, falloff });
    this.expanded = new Set();
    this.sheets = new Map();
    this.status = h("output", { class: "track-status" });
    this.rows = h("div", { class: "track-rows" });
    this.element = h("section", { class: "time-lines", "aria-label": "Contacts and keyframes" },
      h("div", { class: "track-head" }, h("h2", {}, "Contacts and keyframes"), this.status, falloff.element), this.rows);
    this.ended = new AbortController();
    const { signal } = this.ended;
    corrections.addEventListener("change", () => this.#onCorrections(), { signal });
    selection.addEventListener("change", () => this.#onSelection(), { signal });
    falloff.element.addEventListener("input", () => this.#showFrame(), { signal });
  }

  attach(player) {
    this.player = player;
    const { corrections, selection, falloff } = this;
    const status = (text) => { this.status.textContent = text; };
    this.tools = { axis: new TimeAxis(player.frames), rate: player.fps, player, corrections, selection, falloff, status };
    this.span = new SpanLane(this.tools);
    this.tools.span = this.span;
    this.cursor = h("i", { class: "track-cursor" });
    this.onScene(this.scene);
  }

  close() {
    this.#commit();
    this.ended.abort();
  }

  onScene(scene) {
    const { list } = this.corrections;
    const isSame = this.people && describePeople(scene) === describePeople(this.scene);
    this.scene = scene;
    this.sheets = new Map(scene.people.map((person) => [person.name, ContactSheet.ofScene(person, list, this.sheets.get(person.name))]));
    this.#commit();
    if (isSame) this.#showSheets();
    else this.#build();
  }

  /** Makes corrections of what was done by keys. */
  #commit() {
    for (const { contacts } of this.people ?? []) contacts?.commit();
  }

  #build() {
    this.selected = this.selection.person;
    this.people = this.scene.people.map((person) => this.#createPerson(person));
    this.#showSheets();
    replaceControls(this.rows, this.span.element, ...this.people.map(({ element }) => element), this.span.shade, this.cursor);
    this.show();
  }

  #createPerson(person) {
    const isOpen = this.scene.people.length <= MAX_OPEN || this.selected === person.name;
    const isExpanded = this.expanded.has(person.name);
    const name = h("button", { type: "button", class: "track-person", "aria-pressed": this.selected === person.name,
      onclick: () => { this.selection.person = person.name; } }, h("i", { class: "dot" }), person.label);
    const expand = h("button", { type: "button", class: "track-expand", "aria-expanded": isExpanded,
      onclick: () => this.#toggle(person.name) }, icon("expand"), "heel and toes");
    const keyframes = isOpen ? new KeyframeLane(this.tools, person) : null;
    const contacts = isOpen ? new ContactLanes(this.tools, person, isExpanded) : null;
    const element = h("div", { class: "track-group" }, h("div", { class: "track-names" }, name, isOpen ? expand : null),
      keyframes?.element, contacts?.element);
    element.style.setProperty("--person", person.color);
    return { person, element, keyframes, contacts, name };
  }

  #toggle(name) {
    if (!this.expanded.delete(name)) this.expanded.add(name);
    this.#commit();
    this.#build();
  }

  #onCorrections() {
    const { list } = this.corrections;
    if (list === this.shown) return;
    for (const [name, sheet] of this.sheets) this.sheets.set(name, sheet.withCorrections(list));
    this.#showSheets();
  }

  #showSheets() {
    this.shown = this.corrections.list;
    for (const { person, contacts, keyframes } of this.people) {
      contacts?.setSheet(this.sheets.get(person.name));
      keyframes?.onCorrections();
    }
  }

  #onSelection() {
    if (this.selected !== this.selection.person && this.scene.people.length > MAX_OPEN) {
      this.#commit();
      this.#build();
    }
    this.selected = this.selection.person;
    for (const { person, name } of this.people) name.setAttribute("aria-pressed", person.name === this.selected);
    this.show();
  }

  /** Shows the frame of the player. */
  show() {
    this.falloff.show(this.player.frame);
    this.#showFrame();
  }

  #showFrame() {
    if (!this.player) return;
    this.tools.axis.place(this.cursor, this.player.frame);
    this.span.show();
    for (const { keyframes } of this.people) keyframes?.show();
  }
}

/** Returns a text that differs if the time lines of the people differ in more than their contacts. */
function describePeople({ people }) {
  return JSON.stringify(people.map(({ name, color, first_frame: first, frames }) => [name, color, first, frames]));
}
