/** Corrections of a take: the list, its history, and the server that applies it. docs/corrections.md shows every kind. */

import { getCorrections, saveCorrections } from "../api.js";
import { loadScene } from "../take/scene-data.js";

const CONFLICT = 409;

/**
 * Events: "change" when the list, its history or ``isResolving`` changes; "resolved" when the motion is that of the list
 * (detail: the new scene); "failed" when the server refuses the list (detail: the message). What is refused is taken
 * back. A list that another tab has changed in the meantime is loaded anew.
 */
export class Corrections extends EventTarget {
  #id;
  #state = { list: [], past: [], future: [] };
  #saved = this.#state;
  #version = "";
  #isResolving = false;

  constructor(id) {
    super();
    this.#id = id;
  }

  /** Loads the list. Each correction of it can be undone, the last one first. */
  async load() {
    const { corrections, version } = await getCorrections(this.#id);
    const past = corrections.map((_, count) => corrections.slice(0, count));
    this.#state = { list: corrections, past, future: [] };
    this.#saved = this.#state;
    this.#version = version;
    this.#tell("change");
  }

  /** The corrections in order; they are objects as in corrections.json. */
  get list() {
    return this.#state.list;
  }

  get canUndo() {
    return this.#state.past.length > 0;
  }

  get canRedo() {
    return this.#state.future.length > 0;
  }

  /** Whether the motion is not yet that of the list. */
  get isResolving() {
    return this.#isResolving;
  }

  add(correction) {
    this.#change([...this.list, correction]);
  }

  removeAt(index) {
    this.#change(this.list.filter((_, k) => k !== index));
  }

  replaceAt(index, correction) {
    this.#change(this.list.map((old, k) => (k === index ? correction : old)));
  }

  /** Replaces the whole list in one step of the history. */
  replaceAll(list) {
    this.#change(list);
  }

  undo() {
    const { list, past, future } = this.#state;
    if (this.canUndo) this.#set({ list: past.at(-1), past: past.slice(0, -1), future: [...future, list] });
  }

  redo() {
    const { list, past, future } = this.#state;
    if (this.canRedo) this.#set({ list: future.at(-1), past: [...past, list], future: future.slice(0, -1) });
  }

  #change(list) {
    this.#set({ list, past: [...this.#state.past, this.list], future: [] });
  }

  #set(state) {
    this.#state = state;
    if (!this.#isResolving) this.#resolve();
    this.#tell("change");
  }

  /** Sends the list until the server has the present one: what is changed meanwhile is sent together. */
  async #resolve() {
    this.#isResolving = true;
    while (this.#state !== this.#saved) {
      const sent = this.#state;
      try {
        ({ version: this.#version } = await saveCorrections(this.#id, sent.list, this.#version));
        this.#saved = sent;
        const scene = await loadScene(this.#id);
        if (this.#state === sent) this.#tell("resolved", scene);
      } catch (error) {
        await this.#takeBack(error);
      }
    }
    this.#isResolving = false;
    this.#tell("change");
  }

  /** Takes back what was refused; where another window was faster, shows its list first, then tells why. */
  async #takeBack(error) {
    this.#state = this.#saved;
    try {
      if (error.status === CONFLICT) {
        await this.load();
        this.#tell("resolved", await loadScene(this.#id));
      }
      this.#tell("failed", error.message);
    } catch (failure) {
      this.#tell("failed", failure.message);
    }
  }

  #tell(kind, detail = null) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
