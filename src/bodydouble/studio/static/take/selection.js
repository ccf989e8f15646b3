/** What is selected in a take: a person, one of the joints, and a span of frames. All panels share one selection. */

/** Event: "change" when another person, joint or span is selected. */
export class Selection extends EventTarget {
  #person = null;
  #joint = null;
  #span = null;

  /** Name of a person, or null. */
  get person() {
    return this.#person;
  }

  set person(name) {
    if (name === this.#person) return;
    this.#person = name;
    this.#joint = null;
    this.#tell();
  }

  /** Name of a joint of the person, or null. */
  get joint() {
    return this.#joint;
  }

  set joint(name) {
    if (name === this.#joint) return;
    this.#joint = name;
    this.#tell();
  }

  /** First and last frame of the clip, or null. */
  get span() {
    return this.#span && [...this.#span];
  }

  set span(span) {
    if (String(span) === String(this.#span)) return;
    this.#span = span && [Math.min(...span), Math.max(...span)];
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
