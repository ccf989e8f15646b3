/** Edits of the pose of a person in a frame: each sets keys, which can be undone. */

const ABSENT = "absent";

export class PoseEdits {
  /** Takes the poses, the size of the image in px, and a function that returns {person, frame} of the edited pose. */
  constructor(poses, imageSize, getTarget) {
    this.poses = poses;
    this.imageSize = imageSize;
    this.getTarget = getTarget;
  }

  find(landmark) {
    const { person, frame } = this.getTarget();
    return this.poses.find(person, landmark, frame);
  }

  /** Puts a landmark at a place. Edits in a row with the same name are undone together. */
  place(landmark, x, y, name = "") {
    const { state } = this.find(landmark);
    const [inX, inY] = [x, y].map((value, axis) => Math.min(this.imageSize[axis], Math.max(0, value)));
    this.#set([[landmark, { state: state === ABSENT ? "visible" : state, x: inX, y: inY }]], name);
  }

  /** Moves a landmark by px. */
  nudge(landmark, [x, y]) {
    const point = this.find(landmark);
    const { person, frame } = this.getTarget();
    if (point.x !== undefined) this.place(landmark, point.x + x, point.y + y, `nudge ${person} ${landmark} ${frame}`);
  }

  /** Keys a landmark with a state, where it is shown; one that was absent gets the place that the network tells. */
  setState(landmark, state) {
    const { person, frame } = this.getTarget();
    const shown = this.find(landmark);
    const { x, y } = shown.x === undefined ? this.poses.guess(person, landmark, frame) ?? {} : shown;
    if (state === ABSENT) this.#set([[landmark, { state }]]);
    else if (x !== undefined) this.#set([[landmark, { state, x, y }]]);
  }

  /** Gives a landmark a state, or makes it visible if it has that state. */
  toggleState(landmark, state) {
    this.setState(landmark, this.find(landmark).state === state ? "visible" : state);
  }

  /** Keys landmarks where they are shown. */
  key(landmarks) {
    const shown = landmarks.map((landmark) => [landmark, this.find(landmark)]);
    this.#set(shown.filter(([, { kind }]) => kind === "guess" || kind === "interpolated")
      .map(([landmark, { state, x, y }]) => [landmark, state === ABSENT ? { state } : { state, x, y }]));
  }

  unkey(landmark) {
    if (this.find(landmark).kind === "keyed") this.#set([[landmark, null]]);
  }

  #set(keys, name = "") {
    const { person, frame } = this.getTarget();
    if (keys.length) this.poses.annotations.set(keys.map(([landmark, key]) => ({ person, landmark, frame, key: key && { frame, ...key } })), name);
  }
}
