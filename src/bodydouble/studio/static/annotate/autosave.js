/** Saving of annotations to the server: a moment after each change, one request at a time. */

import { getAnnotations, saveAnnotations } from "../api.js";

const DELAY = 500;
const RETRY_DELAY = 4000;
const CONFLICT = 409;

/**
 * Events: "state" when ``state`` changes: "saved", "changed", "saving" or "failed" (then ``problem`` is a line);
 * "conflict" when somebody else has saved other annotations of the take: nothing is saved until ``keepMine`` or
 * ``loadTheirs``.
 */
export class Autosave extends EventTarget {
  #id;
  #annotations;
  #version = "";
  #timer = 0;
  #running = null;
  #isListening = true;

  constructor(id, annotations) {
    super();
    this.#id = id;
    this.#annotations = annotations;
    this.state = "saved";
    this.problem = "";
    annotations.addEventListener("change", () => { if (this.#isListening) this.#onChange(); });
  }

  /** Loads what the server has. */
  async load() {
    const { poses, version } = await getAnnotations(this.#id);
    clearTimeout(this.#timer);
    this.#version = version;
    this.#isListening = false;
    this.#annotations.load(poses);
    this.#isListening = true;
    this.#show("saved");
  }

  /** Version of the annotations on the server. */
  get version() {
    return this.#version;
  }

  /** Saves what is not saved yet; rejects with a line if that fails. */
  async flush() {
    clearTimeout(this.#timer);
    await this.#running;
    if (this.state !== "saved") await this.#save();
    if (this.state !== "saved") throw new Error(this.problem);
  }

  /** After a conflict: puts the annotations of this page in place of the others. */
  async keepMine() {
    ({ version: this.#version } = await getAnnotations(this.#id));
    await this.flush();
  }

  close() {
    clearTimeout(this.#timer);
  }

  #onChange() {
    this.#show("changed");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), DELAY);
  }

  /** Saves until the server has the present annotations. */
  #save() {
    if (this.state === "saved") return this.#running;
    this.#running ??= this.#saveAll().finally(() => { this.#running = null; });
    return this.#running;
  }

  async #saveAll() {
    do {
      this.#show("saving");
      try {
        ({ version: this.#version } = await saveAnnotations(this.#id, this.#annotations.toPoses(), this.#version));
      } catch (error) {
        this.#fail(error);
        return;
      }
    } while (this.state === "changed");
    this.#show("saved");
  }

  #fail(error) {
    this.#show("failed", error.message);
    clearTimeout(this.#timer);
    if (error.status === CONFLICT) this.dispatchEvent(new Event("conflict"));
    else if (!error.status) this.#timer = setTimeout(() => this.#save(), RETRY_DELAY);
  }

  #show(state, problem = "") {
    this.state = state;
    this.problem = problem;
    this.dispatchEvent(new Event("state"));
  }
}
