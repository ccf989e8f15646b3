/**
 * Zoom of a picture: the part of an image that an element shows. Wheel and pinch come closer, dragging moves, a double
 * click shows the whole image again. A pointer event whose default was prevented belongs to somebody else.
 *
 * Image coordinates are px of the image, from its top-left corner; client coordinates are those of pointer events.
 */

const MAX_ZOOM = 16;
const WHEEL_SPEED = 0.0016;
/** Trackpads send a pinch as a wheel with the control key, in smaller steps. */
const PINCH_SPEED = 0.01;
const LINE_HEIGHT = 16;

/** Event "change": another part is shown. */
export class Zoom extends EventTarget {
  constructor(element, imageSize) {
    super();
    this.element = element;
    this.imageSize = imageSize;
    this.pointers = new Map();
    this.zoom = 1;
    this.center = imageSize.map((side) => side / 2);
    element.classList.add("zoomable");
    element.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    element.addEventListener("dblclick", () => this.reset());
    element.addEventListener("pointerdown", (event) => this.#onDown(event));
    element.addEventListener("pointermove", (event) => this.#onMove(event));
    for (const kind of ["pointerup", "pointercancel"]) element.addEventListener(kind, (event) => this.pointers.delete(event.pointerId));
  }

  /** Size of an image pixel in px of the page, while the whole image is shown. */
  get #fit() {
    return Math.min(this.element.clientWidth / this.imageSize[0], this.element.clientHeight / this.imageSize[1]);
  }

  /** Size of an image pixel in px of the page. */
  get scale() {
    return this.#fit * this.zoom;
  }

  /** Place of the image's top-left corner in the element, px of the page. */
  get corner() {
    const { clientWidth, clientHeight } = this.element;
    return [clientWidth / 2 - this.center[0] * this.scale, clientHeight / 2 - this.center[1] * this.scale];
  }

  /** Returns the image coordinates of client coordinates. */
  toImage(x, y) {
    const { left, top } = this.element.getBoundingClientRect();
    const [cornerX, cornerY] = this.corner;
    return [(x - left - cornerX) / this.scale, (y - top - cornerY) / this.scale];
  }

  /** Returns the client coordinates of image coordinates. */
  toClient(x, y) {
    const { left, top } = this.element.getBoundingClientRect();
    const [cornerX, cornerY] = this.corner;
    return [left + cornerX + x * this.scale, top + cornerY + y * this.scale];
  }

  /** Comes closer by a factor; the image stays in place at the client coordinates. */
  zoomAt(x, y, factor) {
    const [imageX, imageY] = this.toImage(x, y);
    this.zoom = Math.min(MAX_ZOOM, Math.max(1, this.zoom * factor));
    const [movedX, movedY] = this.toImage(x, y);
    this.#moveCenter(imageX - movedX, imageY - movedY);
  }

  /** Comes closer by a factor to the middle of what is shown. */
  zoomBy(factor) {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    this.zoomAt(left + width / 2, top + height / 2, factor);
  }

  /** Shows the whole image. */
  reset() {
    this.zoom = 1;
    this.#moveCenter(0, 0);
  }

  /** Moves a video or a still picture, which fills the element as ``object-fit: contain`` does. */
  moveMedia(media) {
    const { clientWidth, clientHeight } = this.element;
    const x = clientWidth / 2 - this.zoom * (clientWidth / 2) + (this.imageSize[0] / 2 - this.center[0]) * this.scale;
    const y = clientHeight / 2 - this.zoom * (clientHeight / 2) + (this.imageSize[1] / 2 - this.center[1]) * this.scale;
    media.style.transformOrigin = "0 0";
    media.style.transform = this.zoom === 1 ? "" : `translate(${x}px, ${y}px) scale(${this.zoom})`;
  }

  /** Sets the transform of a canvas that fills the element: it then draws in image coordinates. */
  moveContext(context, ratio) {
    const [x, y] = this.corner;
    context.setTransform(this.scale * ratio, 0, 0, this.scale * ratio, x * ratio, y * ratio);
  }

  /** Moves the middle in image px, but not beyond the edges of the image. */
  #moveCenter(x, y) {
    const sides = [this.element.clientWidth, this.element.clientHeight];
    this.center = [x, y].map((shift, axis) => {
      const half = Math.min(sides[axis] / this.scale, this.imageSize[axis]) / 2;
      return Math.min(this.imageSize[axis] - half, Math.max(half, this.center[axis] + shift));
    });
    this.element.classList.toggle("zoomed", this.zoom > 1);
    this.dispatchEvent(new Event("change"));
  }

  #onWheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_HEIGHT : 1;
    this.zoomAt(event.clientX, event.clientY, Math.exp(-event.deltaY * lines * (event.ctrlKey ? PINCH_SPEED : WHEEL_SPEED)));
  }

  #onDown(event) {
    if (event.defaultPrevented || event.target.closest("button")) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.element.setPointerCapture(event.pointerId);
  }

  #onMove(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const point = [event.clientX, event.clientY];
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, point);
    const share = other ? 2 : 1;
    if (other) this.zoomAt((last[0] + other[0]) / 2, (last[1] + other[1]) / 2, distance(point, other) / Math.max(1, distance(last, other)));
    this.#moveCenter((last[0] - point[0]) / this.scale / share, (last[1] - point[1]) / this.scale / share);
  }
}

function distance([ax, ay], [bx, by]) {
  return Math.hypot(ax - bx, ay - by);
}
