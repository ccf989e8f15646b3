/** Panel of the annotation mode: person, set of landmarks, list, states, saving, applying, files. */

import { h, icon, iconButton } from "../dom.js";
import { LandmarkList } from "./landmark-list.js";

const STATES = { visible: "Visible", hidden: "Hidden", absent: "Absent" };
const SAVING = { saved: "Saved", changed: "Not saved yet", saving: "Saving", failed: "Not saved" };

export class AnnotatePanel {
  /** Takes the actions of its buttons, and the sets of landmarks. */
  constructor(actions, sets) {
    this.actions = actions;
    const button = (text, action, kind = "") => h("button", { type: "button", class: `button small ${kind}`, onclick: action }, text);
    this.list = new LandmarkList(actions.select);
    this.people = h("select", { class: "field", "aria-label": "Person", onchange: () => actions.choosePerson(this.people.value) });
    this.sets = h("select", { class: "field", "aria-label": "Landmarks", onchange: () => actions.chooseSet(this.sets.value) },
      sets.map(({ name, label }) => h("option", { value: name }, label)));
    this.note = h("p", { class: "annotate-note", hidden: true });
    this.states = Object.fromEntries(Object.entries(STATES).map(([state, label]) => [state,
      h("button", { type: "button", class: "chip", "aria-pressed": "false", onclick: () => actions.setState(state) }, label)]));
    this.unkey = button("Unkey", actions.unkey);
    this.keyAll = button("Key all", actions.keyAll);
    this.status = h("p", { class: "annotate-status", role: "status" });
    this.undo = iconButton("undo", "Undo", actions.undo, "small");
    this.redo = iconButton("redo", "Redo", actions.redo, "small");
    this.saving = h("span", { class: "annotate-saving", role: "status" });
    this.apply = button("Apply", actions.apply, "primary");
    this.files = h("input", { type: "file", class: "hidden", id: "annotation-file", accept: ".json,application/json",
      "aria-label": "File of annotations", tabindex: "-1", onchange: () => this.#import() });
    this.element = h("section", { class: "panel annotate", "aria-label": "Annotations" },
      h("div", { class: "annotate-row" }, this.people, iconButton("plus", "Add a person", actions.addPerson, "small"), this.sets),
      this.note,
      h("div", { class: "annotate-row" },
        iconButton("previous", "Previous keyed frame", actions.previousKey, "small"),
        iconButton("next", "Next keyed frame", actions.nextKey, "small"),
        h("span", { class: "gap" }), this.unkey, this.keyAll),
      this.list.element, this.status,
      h("div", { class: "group annotate-states", role: "group", "aria-label": "State of the landmark" }, Object.values(this.states)),
      h("div", { class: "annotate-row annotate-apply" }, this.undo, this.redo, this.saving, this.apply),
      h("div", { class: "annotate-row annotate-files" },
        h("button", { type: "button", class: "button small", onclick: () => this.files.click() }, icon("upload"), "Import"),
        h("button", { type: "button", class: "button small", onclick: () => actions.download("annotations.json") }, icon("download"), "JSON"),
        h("button", { type: "button", class: "button small", onclick: () => actions.download("annotations_coco.json") }, icon("download"), "COCO"),
        this.files));
  }

  #import() {
    const [file] = this.files.files;
    this.files.value = "";
    if (file) this.actions.importFile(file);
  }

  /** Shows people as {name, label}. */
  showPeople(people, person) {
    const names = people.map(({ name }) => name).join("/");
    if (names !== this.names) this.people.replaceChildren(...people.map(({ name, label }) => h("option", { value: name }, label)));
    this.names = names;
    this.people.value = person;
  }

  showSet(name) {
    this.sets.value = name;
  }

  /** Shows a line about the person; empty: none. */
  showNote(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
  }

  /** Shows the landmarks of a frame, the selected one, and a line about it. */
  showPose(points, selected, status) {
    this.list.show(points, selected);
    if (this.status.textContent !== status) this.status.textContent = status;
    const point = points.get(selected);
    for (const [state, button] of Object.entries(this.states)) {
      button.disabled = !point || (point.kind === "none" && state !== "absent");
      button.setAttribute("aria-pressed", Boolean(point) && point.kind !== "none" && point.state === state);
    }
    this.unkey.disabled = point?.kind !== "keyed";
    this.keyAll.disabled = ![...points.values()].some(({ kind }) => kind === "guess" || kind === "interpolated");
  }

  showHistory({ canUndo, canRedo }) {
    this.undo.disabled = !canUndo;
    this.redo.disabled = !canRedo;
  }

  /**
   * Shows how far annotations are saved (states of ``Autosave``), whether the motion is fitted to them, and a text about
   * those that concern no motion.
   */
  showSaving({ state, problem }, isApplied, isApplying, unused) {
    const rest = isApplied && unused ? `Not used: ${unused}` : "";
    this.saving.textContent = problem ? `${SAVING[state]}: ${problem}` : rest || SAVING[state];
    this.saving.dataset.state = state;
    this.apply.disabled = isApplying || isApplied;
    const text = isApplying ? "Applying …" : isApplied ? "Applied" : "Apply";
    if (this.apply.textContent !== text) this.apply.textContent = text;
  }

  attach() {}

  show() {}

  onScene() {}

  close() {}
}
