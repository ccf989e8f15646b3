/** Annotated keypoints of a take, with their history: places of landmarks of people in keyed frames. */

/** Number of changes that can be undone. */
const MAX_HISTORY = 500;

/**
 * A key is {frame, state, x, y}: state "visible", "hidden", or "absent", which has no place. A change is a list of
 * {person, landmark, frame, before, after}, of which null is no key.
 *
 * Event: "change" when keys or history have changed.
 */
export class Annotations extends EventTarget {
  /** Person -> landmark -> frame -> key. */
  #keys = new Map();
  #sorted = new Map();
  #past = [];
  #future = [];

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Names of the people who have keys. */
  get people() {
    return [...this.#keys].filter(([, landmarks]) => [...landmarks.values()].some((keys) => keys.size)).map(([name]) => name);
  }

  get(person, landmark, frame) {
    return this.#keys.get(person)?.get(landmark)?.get(frame) ?? null;
  }

  /** Returns the keys of a landmark in the order of their frames. */
  keysOf(person, landmark) {
    const name = `${person}/${landmark}`;
    if (!this.#sorted.has(name)) {
      const keys = [...(this.#keys.get(person)?.get(landmark)?.values() ?? [])];
      this.#sorted.set(name, keys.sort((a, b) => a.frame - b.frame));
    }
    return this.#sorted.get(name);
  }

  /** Returns the frames in which a person has keys, in order. */
  framesOf(person) {
    const frames = new Set();
    for (const keys of this.#keys.get(person)?.values() ?? []) for (const frame of keys.keys()) frames.add(frame);
    return [...frames].sort((a, b) => a - b);
  }

  /**
   * Sets keys: {person, landmark, frame, key}, with null in place of a key that is removed. Changes in a row with the
   * same name, such as those of one drag, are undone together.
   */
  set(entries, name = "") {
    const change = entries.map(({ person, landmark, frame, key }) =>
      ({ person, landmark, frame, before: this.get(person, landmark, frame), after: key }));
    const last = this.#past.at(-1);
    if (name && last?.name === name) last.change = joinChanges(last.change, change);
    else this.#past = [...this.#past.slice(1 - MAX_HISTORY), { name, change }];
    this.#future = [];
    this.#apply(change, "after");
  }

  /** Ends a row of changes that are undone together. */
  endRow() {
    const last = this.#past.at(-1);
    if (last) last.name = "";
  }

  undo() {
    const last = this.#past.pop();
    if (!last) return;
    this.#future.push({ ...last, name: "" });
    this.#apply(last.change, "before");
  }

  redo() {
    const next = this.#future.pop();
    if (!next) return;
    this.#past.push(next);
    this.#apply(next.change, "after");
  }

  /** Replaces everything by poses as in annotations.json, without history. */
  load(poses) {
    this.#keys = new Map();
    this.#sorted = new Map();
    this.#past = [];
    this.#future = [];
    for (const { person, landmark, frame, key } of listKeys(poses)) this.#put(person, landmark, frame, key);
    this.dispatchEvent(new Event("change"));
  }

  /** Adds poses as in annotations.json; keys of the same landmarks and frames are replaced. */
  add(poses) {
    this.set(listKeys(poses));
  }

  /** Returns the poses as annotations.json has them. */
  toPoses() {
    const poses = new Map();
    for (const [person, landmarks] of this.#keys) {
      for (const [landmark, keys] of landmarks) {
        for (const { frame, state, x, y } of keys.values()) {
          const name = `${person}/${frame}`;
          if (!poses.has(name)) poses.set(name, { person, frame });
          const pose = poses.get(name);
          if (state === "absent") pose.absent = [...(pose.absent ?? []), landmark];
          else pose[state] = { ...pose[state], [landmark]: [x, y] };
        }
      }
    }
    return [...poses.values()];
  }

  #apply(change, side) {
    for (const { person, landmark, frame, [side]: key } of change) this.#put(person, landmark, frame, key);
    this.dispatchEvent(new Event("change"));
  }

  #put(person, landmark, frame, key) {
    const landmarks = this.#keys.get(person) ?? this.#keys.set(person, new Map()).get(person);
    const keys = landmarks.get(landmark) ?? landmarks.set(landmark, new Map()).get(landmark);
    if (key) keys.set(frame, key);
    else keys.delete(frame);
    this.#sorted.delete(`${person}/${landmark}`);
  }
}

/** Returns one change that does what two in a row do. */
function joinChanges(first, second) {
  const isSame = (a, b) => a.person === b.person && a.landmark === b.landmark && a.frame === b.frame;
  const joined = second.map((entry) => ({ ...entry, before: (first.find((old) => isSame(old, entry)) ?? entry).before }));
  return [...first.filter((old) => !second.some((entry) => isSame(old, entry))), ...joined];
}

/** Returns the keys of poses as in annotations.json. */
function listKeys(poses) {
  return poses.flatMap(({ person, frame, visible = {}, hidden = {}, absent = [] }) => [
    ...Object.entries({ visible, hidden }).flatMap(([state, places]) => Object.entries(places).map(([landmark, [x, y]]) =>
      ({ person, landmark, frame, key: { frame, state, x, y } }))),
    ...absent.map((landmark) => ({ person, landmark, frame, key: { frame, state: "absent" } })),
  ]);
}
