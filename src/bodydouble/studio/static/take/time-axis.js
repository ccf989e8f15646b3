/** Frames along the width of an element: each frame has a cell of the same width. */

export class TimeAxis {
  constructor(frames) {
    this.frames = frames;
  }

  /** Returns the frame at a client coordinate; beyond an end it is the first or the last one. */
  frameAt(element, clientX) {
    const { left, width } = element.getBoundingClientRect();
    return Math.min(this.frames - 1, Math.max(0, Math.floor(((clientX - left) / width) * this.frames)));
  }

  /** Places an element over the cells of the frames from ``first`` to ``last``. */
  place(element, first, last = first) {
    element.style.left = `${(100 * first) / this.frames}%`;
    element.style.width = `${(100 * (last + 1 - first)) / this.frames}%`;
    return element;
  }
}
