/**
 * Contacts of a person while they are edited. What the automatic result says and what corrections say is kept apart, so
 * that an edit that takes another one back leaves no correction behind.
 *
 * Columns are those of the scene: left heel, left toes, right heel, right toes.
 */

export const SIDES = ["left", "right"];
export const PARTS = ["heel", "toes"];
const MOTION_KINDS = ["contact", "keyframe", "exchange_sides", "unreliable", "smoothing"];
const RESTING = 0.5;

/** What corrections say of a frame: nothing, that the foot rests, or that it does not. */
const [OPEN, RESTS, LIFTED] = [0, 1, -1];

/** Returns the index of the first of the corrections that follow all corrections of people and of the world. */
export function findTail(list) {
  return list.findLastIndex(({ kind }) => !MOTION_KINDS.includes(kind)) + 1;
}

/** Returns the columns of a side, or of one of its parts. */
export function columnsOf(side, part = "foot") {
  const first = PARTS.length * SIDES.indexOf(side);
  return part === "foot" ? PARTS.map((_, k) => first + k) : [first + PARTS.indexOf(part)];
}

export class ContactSheet {
  /** Takes a person of a scene, the corrections that the scene has, and the sheet of the scene before, if there is one. */
  static ofScene(person, list, before = null) {
    const sheet = new ContactSheet(person, list);
    const known = before?.first === sheet.first && before.length === sheet.length ? before.automatic : null;
    sheet.automatic = sheet.states.map((states, column) => Uint8Array.from(states, (state, row) => {
      if (state === OPEN) return person.contacts.row(row)[column] >= RESTING;
      return known ? known[column][row] : state === LIFTED;
    }));
    return sheet;
  }

  constructor({ name, first_frame: first, frames }, list) {
    Object.assign(this, { name, first, length: frames });
    this.states = [...SIDES, ...SIDES].map(() => new Int8Array(frames));
    this.#read(list);
  }

  #read(list) {
    for (const states of this.states) states.fill(OPEN);
    for (const edit of list.slice(findTail(list)).filter((one) => this.#isOwn(one))) {
      for (const column of columnsOf(edit.side, edit.part)) {
        const state = edit.resting === false ? LIFTED : RESTS;
        this.states[column].fill(state, Math.max(0, edit.first_frame - this.first), Math.max(0, edit.last_frame + 1 - this.first));
      }
    }
  }

  #isOwn({ kind, person }) {
    return kind === "contact" && person === this.name;
  }

  /** Returns the sheet with other corrections of the same motion. */
  withCorrections(list) {
    const sheet = this.copy();
    sheet.#read(list);
    return sheet;
  }

  copy() {
    const { name, first, length, automatic } = this;
    const sheet = new ContactSheet({ name, first_frame: first, frames: length }, []);
    sheet.automatic = automatic;
    sheet.states = this.states.map((states) => states.slice());
    return sheet;
  }

  /** Returns whether a part of a foot rests in a frame. */
  rests(column, frame) {
    const row = frame - this.first;
    const state = this.states[column][row];
    return state === OPEN ? Boolean(this.automatic[column][row]) : state === RESTS;
  }

  /** Returns the contacts of some columns, in which at least one of them rests, and whether a correction made them. */
  listContacts(columns) {
    const contacts = this.#listSpans((frame) => columns.some((column) => this.rests(column, frame)));
    return contacts.map((contact) => ({ ...contact, isByHand: columns.some((column) => this.#has(column, contact, RESTS)) }));
  }

  /** Returns the spans without a contact in which corrections have removed one. */
  listErased(columns) {
    return this.#listSpans((frame) => columns.some((column) => this.states[column][frame - this.first] === LIFTED)
      && !columns.some((column) => this.rests(column, frame)));
  }

  #has(column, { first, last }, state) {
    return this.states[column].subarray(first - this.first, last + 1 - this.first).includes(state);
  }

  /** Returns the spans of frames for which a condition holds. */
  #listSpans(condition) {
    const spans = [];
    for (let frame = this.first; frame < this.first + this.length; frame += 1) {
      if (!condition(frame)) continue;
      if (spans.at(-1)?.last === frame - 1) spans.at(-1).last = frame;
      else spans.push({ first: frame, last: frame });
    }
    return spans;
  }

  /** Draws a contact; the soles then rest at one place, also where the automatic result has a contact. */
  draw(columns, first, last) {
    for (const column of columns) this.states[column].fill(RESTS, Math.max(0, first - this.first), Math.max(0, last + 1 - this.first));
  }

  /** Removes contacts. */
  erase(columns, first, last) {
    for (const column of columns) for (let frame = first; frame <= last; frame += 1) this.#set(column, frame, false);
  }

  /** Moves a contact by some frames. */
  move(columns, { first, last }, shift) {
    const old = this.copy();
    const has = (column, frame) => frame >= first && frame <= last && old.rests(column, frame);
    for (const column of columns) {
      for (let frame = Math.min(first, first + shift); frame <= Math.max(last, last + shift); frame += 1) {
        const isInside = frame - shift >= first && frame - shift <= last;
        if (isInside || has(column, frame)) this.#set(column, frame, isInside && has(column, frame - shift));
      }
    }
  }

  /** Gives a contact other ends. Where it grows, those parts of the foot rest that rest at its end. */
  resize(columns, { first, last }, to) {
    const atFirst = columns.filter((column) => this.rests(column, first));
    const atLast = columns.filter((column) => this.rests(column, last));
    this.erase(columns, first, to.first - 1);
    this.erase(columns, to.last + 1, last);
    for (let frame = to.first; frame < first; frame += 1) for (const column of atFirst) this.#set(column, frame, true);
    for (let frame = last + 1; frame <= to.last; frame += 1) for (const column of atLast) this.#set(column, frame, true);
  }

  /** Changes a frame with a correction only if the automatic result differs. */
  #set(column, frame, isResting) {
    const row = frame - this.first;
    if (row < 0 || row >= this.length || this.rests(column, frame) === isResting) return;
    const isAutomatic = Boolean(this.automatic[column][row]) === isResting;
    this.states[column][row] = isAutomatic ? OPEN : isResting ? RESTS : LIFTED;
  }

  /** Returns corrections with the contacts of this sheet in place of those that the person had. */
  applyTo(list) {
    const tail = findTail(list);
    const isOld = (correction, index) => index >= tail && this.#isOwn(correction);
    const place = list.findIndex(isOld);
    const kept = list.filter((correction, index) => !isOld(correction, index));
    kept.splice(place < 0 ? kept.length : place, 0, ...this.#listEdits());
    return kept;
  }

  #listEdits() {
    return SIDES.flatMap((side) => [LIFTED, RESTS].flatMap((state) => {
      const [heel, toes] = columnsOf(side).map((column) => this.#listRuns(column, state));
      const both = heel.filter((run) => includes(toes, run));
      const single = [heel, toes].flatMap((runs, part) => runs.filter((run) => !includes(both, run)).map((run) => ({ ...run, part: PARTS[part] })));
      return [...both, ...single].map((run) => ({ kind: "contact", person: this.name, side, ...run, resting: state === RESTS }));
    }));
  }

  #listRuns(column, state) {
    return this.#listSpans((frame) => this.states[column][frame - this.first] === state)
      .map(({ first, last }) => ({ first_frame: first, last_frame: last }));
  }
}

function includes(runs, { first_frame: first, last_frame: last }) {
  return runs.some((run) => run.first_frame === first && run.last_frame === last);
}
