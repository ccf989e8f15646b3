/** The mode in which 2D keypoints are annotated by hand in single frames. */

import { askText, confirmAction } from "../dialogs.js";
import { h, personColor, personLabel, toast } from "../dom.js";
import { AnnotatePanel } from "./annotate-panel.js";
import { AnnotationFiles } from "./annotation-files.js";
import { Annotations } from "./annotations.js";
import { Autosave } from "./autosave.js";
import { KeyLane } from "./key-lane.js";
import { KeypointEditor } from "./keypoint-editor.js";
import { loadKeypoints } from "./keypoints.js";
import { PoseEdits } from "./pose-edits.js";
import { describeLandmark, landmarkLabel, Poses } from "./poses.js";

const SET = "studio-landmarks";
const NUDGE = 1;
const FAST_NUDGE = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NOT_FOUND = "The network has not found this person: the annotations are kept and exported, but there is no motion that they could change.";
const NOT_HERE = "There is no motion of this person in this frame: keys here are kept and exported, but not used.";

let mode = null;

export function enter(view) {
  mode = new AnnotateMode(view);
}

export function leave() {
  mode.close();
  mode = null;
}

export function onKey(event) {
  return mode.onKey(event);
}

class AnnotateMode {
  constructor(view) {
    this.view = view;
    this.person = null;
    this.landmark = null;
    this.appliedVersion = "";
    /** Text about annotations that concern no motion; empty if there are none. */
    this.unused = "";
    this.annotations = new Annotations();
    this.saving = new Autosave(view.id, this.annotations);
    this.files = new AnnotationFiles(view.id, this.annotations, this.saving);
    view.player.pause();
    view.showPanels([]);
    view.below.replaceChildren(h("section", { class: "panel" }, "Loading the keypoints"));
    this.#load().catch((error) => {
      if (!this.isClosed) view.below.replaceChildren(h("section", { class: "panel" }, error.message));
    });
  }

  async #load() {
    const [network] = await Promise.all([loadKeypoints(this.view.id), this.saving.load()]);
    if (this.isClosed) return;
    this.network = network;
    this.poses = new Poses(this.annotations, network);
    this.edits = new PoseEdits(this.poses, this.view.shared.scene.image_size, () => ({ person: this.person, frame: this.#frame }));
    this.appliedVersion = network.applied;
    this.set = network.sets.find(({ name }) => name === localStorage.getItem(SET)) ?? network.sets[0];
    this.person = this.#firstPerson();
    this.#build();
    this.annotations.addEventListener("change", () => this.#show());
    this.saving.addEventListener("state", () => this.#showSaving());
    this.saving.addEventListener("conflict", () => this.#solveConflict());
    this.onFrame = () => this.#show();
    for (const kind of ["frame", "state"]) this.view.player.addEventListener(kind, this.onFrame);
    this.onUnload = (event) => { if (this.saving.state !== "saved") event.preventDefault(); };
    addEventListener("beforeunload", this.onUnload);
    this.#show();
    this.#showSaving();
  }

  #firstPerson() {
    const wanted = this.view.selection.person;
    const { people } = this.poses;
    return people.includes(wanted) ? wanted : people[0] ?? "person1";
  }

  #build() {
    const { view } = this;
    this.panel = new AnnotatePanel({
      select: (landmark) => this.#select(landmark),
      choosePerson: (name) => this.#choosePerson(name),
      addPerson: () => this.#addPerson(),
      chooseSet: (name) => this.#chooseSet(name),
      setState: (state) => this.edits.setState(this.landmark, state),
      unkey: () => this.edits.unkey(this.landmark),
      keyAll: () => this.edits.key(this.set.landmarks),
      previousKey: () => this.#seekKey(-1),
      nextKey: () => this.#seekKey(1),
      undo: () => this.annotations.undo(),
      redo: () => this.annotations.redo(),
      apply: () => this.#apply(),
      download: (name) => this.#download(name === "annotations_coco.json" ? `${name}?set=${this.set.name}` : name),
      importFile: (file) => this.#import(file),
    }, this.network.sets);
    this.panel.showSet(this.set.name);
    view.showPanels([this.panel]);
    this.lane = new KeyLane(view.shared.scene.frames, (frame) => this.#seek(frame));
    view.strip.append(this.lane.element);
    this.editor = new KeypointEditor(view.video, () => this.#describePose());
    this.editor.addEventListener("select", ({ detail }) => this.#select(detail));
    this.editor.addEventListener("place", ({ detail }) => this.#place(detail));
    this.editor.addEventListener("drop", () => this.annotations.endRow());
  }

  close() {
    this.isClosed = true;
    if (this.onFrame) for (const kind of ["frame", "state"]) this.view.player.removeEventListener(kind, this.onFrame);
    removeEventListener("beforeunload", this.onUnload);
    this.lane?.close();
    this.editor?.close();
    this.saving.flush().catch((error) => toast(`The annotations are not saved: ${error.message}`, "bad"));
    this.saving.close();
  }

  get #frame() {
    return this.view.player.frame;
  }

  #points() {
    return new Map(this.set.landmarks.map((name) => [name, this.poses.find(this.person, name, this.#frame)]));
  }

  #color() {
    return personColor(Math.max(0, this.poses.people.indexOf(this.person)));
  }

  #describePose() {
    const { landmarks } = this.network;
    const edges = this.view.shared.scene.edges_2d.map((edge) => edge.map((k) => landmarks[k]));
    return { points: this.#points(), edges, color: this.#color(), selected: this.landmark };
  }

  #show() {
    const points = this.#points();
    const people = this.poses.people.includes(this.person) ? this.poses.people : [...this.poses.people, this.person];
    this.panel.showPeople(people.map((name) => ({ name, label: personLabel(name) })), this.person);
    this.panel.showNote(this.#note());
    this.panel.showPose(points, this.landmark, this.#status(points.get(this.landmark)));
    this.panel.showHistory(this.annotations);
    const keys = this.landmark ? this.annotations.keysOf(this.person, this.landmark) : [];
    this.lane.show(this.annotations.framesOf(this.person), keys.map(({ frame }) => frame), this.#frame, this.#color());
    this.editor.show();
  }

  #note() {
    if (!this.poses.isFound(this.person)) return NOT_FOUND;
    return this.poses.isInMotion(this.person, this.#frame) ? "" : NOT_HERE;
  }

  #status(point) {
    if (!point) return "Select a landmark here or in the picture.";
    if (point.kind === "none") return `${landmarkLabel(this.landmark)}: click in the picture to place it.`;
    const place = point.x === undefined ? "" : `, x ${point.x.toFixed(1)} y ${point.y.toFixed(1)}`;
    return `${landmarkLabel(this.landmark)}: ${describeLandmark(point)}${place}`;
  }

  #showSaving() {
    const isApplied = this.saving.state === "saved" && this.saving.version === this.appliedVersion;
    this.panel.showSaving(this.saving, isApplied, this.isApplying, this.unused);
  }

  #select(landmark) {
    this.annotations.endRow();
    this.landmark = landmark;
    this.#show();
  }

  #choosePerson(name) {
    this.person = name;
    this.#show();
  }

  async #addPerson() {
    const taken = this.poses.people;
    let number = taken.length + 1;
    while (taken.includes(`person${number}`)) number += 1;
    const name = (await askText("Name of the person", `person${number}`, "Add"))?.trim();
    if (!name || this.isClosed) return;
    [this.landmark] = this.set.landmarks;
    this.#choosePerson(name);
  }

  #chooseSet(name) {
    this.set = this.network.sets.find((set) => set.name === name);
    localStorage.setItem(SET, name);
    if (!this.set.landmarks.includes(this.landmark)) this.landmark = null;
    this.#show();
  }

  /** Puts a landmark at a place; one that was not placed before is followed by the next one. */
  #place({ landmark, x, y, name }) {
    const { kind } = this.edits.find(landmark);
    this.edits.place(landmark, x, y, name);
    if (kind === "none") this.#step(1);
  }

  /** Selects the next landmark of the set; returns whether there is one. */
  #step(count) {
    const { landmarks } = this.set;
    const from = landmarks.indexOf(this.landmark);
    const next = landmarks[from < 0 ? (count > 0 ? 0 : landmarks.length - 1) : from + count];
    if (next) this.#select(next);
    return Boolean(next);
  }

  #seek(frame) {
    if (this.view.player.isPlaying) this.view.player.pause();
    this.view.player.seek(frame);
  }

  #seekKey(direction) {
    const frames = this.annotations.framesOf(this.person);
    const next = direction > 0 ? frames.find((frame) => frame > this.#frame) : frames.findLast((frame) => frame < this.#frame);
    if (next !== undefined) this.#seek(next);
  }

  async #solveConflict() {
    const text = "Another tab or device has saved other annotations of this take. Keep those of this tab, or load the others; "
      + "the ones that are not kept are lost.";
    const loadsTheirs = await confirmAction("Annotations were changed elsewhere", text, "Load the others");
    try {
      await (loadsTheirs ? this.saving.load() : this.saving.keepMine());
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  async #apply() {
    this.isApplying = true;
    this.#showSaving();
    try {
      const { applied, unused, scene } = await this.files.apply();
      this.appliedVersion = applied;
      this.unused = unused;
      if (!this.view.isClosed) this.view.showScene(scene);
      toast("The motion is fitted to the annotations");
    } catch (error) {
      toast(error.message, "bad");
    }
    this.isApplying = false;
    if (!this.isClosed) this.#showSaving();
  }

  async #download(name) {
    try {
      await this.files.download(name);
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  async #import(file) {
    try {
      const { poses, left_out: others } = await this.files.add(file);
      if (poses.length && !poses.some(({ person }) => person === this.person)) this.#choosePerson(poses[0].person);
      const rest = others ? `; ${others} show nobody of this take` : "";
      toast(`${poses.length} ${poses.length === 1 ? "pose was" : "poses were"} added${rest}`);
    } catch (error) {
      toast(`${file.name}: ${error.message}`, "bad");
    }
  }

  onKey(event) {
    if (!this.panel) return false;
    if (event.ctrlKey || event.metaKey) return this.#onCommand(event);
    if (event.key === "Tab") return event.target === this.view.video.picture && this.#step(event.shiftKey ? -1 : 1);
    const action = this.#actions()[event.key] ?? (this.landmark ? this.#actionsOnLandmark(event)[event.key] : null);
    action?.();
    return Boolean(action);
  }

  #actions() {
    return {
      I: () => this.edits.key(this.set.landmarks),
      ",": () => this.#seekKey(-1),
      ".": () => this.#seekKey(1),
      "<": () => this.view.player.step(-1),
      ">": () => this.view.player.step(1),
    };
  }

  #actionsOnLandmark(event) {
    const { edits, landmark } = this;
    const step = event.shiftKey ? FAST_NUDGE : NUDGE;
    const arrows = Object.entries(ARROWS).map(([key, [x, y]]) => [key, () => edits.nudge(landmark, [step * x, step * y])]);
    return {
      ...(event.target.closest?.("button, a, input") ? {} : Object.fromEntries(arrows)),
      h: () => edits.toggleState(landmark, "hidden"),
      x: () => edits.toggleState(landmark, "absent"),
      i: () => edits.key([landmark]),
      Delete: () => edits.unkey(landmark),
      Backspace: () => edits.unkey(landmark),
      Escape: () => this.#select(null),
    };
  }

  #onCommand(event) {
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) this.annotations.undo();
    else if (key === "y" || key === "z") this.annotations.redo();
    else return false;
    return true;
  }
}
