/** Keypoints over the video, which are dragged to where they belong: hollow guesses, solid keys, dashed interpolation. */

const HIT_DISTANCE = { mouse: 14, pen: 16, touch: 26 };
const CLICK_DISTANCE = 4;
const RADIUS = 4.5;
const FAINT = 0.45;
const LENS_RADIUS = 62;
const LENS_ZOOM = 5;
const EDGE = "rgb(10 8 24 / 70%)";

/**
 * Events: "select" (detail: a landmark), "place" (detail: {landmark, x, y, name}; name is the same during a drag), "drop"
 * when a drag has ended.
 */
export class KeypointEditor extends EventTarget {
  /** Takes the video panel, and a function that returns {points, edges, color, selected, others} of the shown frame. */
  constructor(video, getPose) {
    super();
    this.video = video;
    this.getPose = getPose;
    this.drag = null;
    this.drags = 0;
    this.listeners = new AbortController();
    const listen = (kind, act) => video.picture.addEventListener(kind, act, { signal: this.listeners.signal, capture: true });
    listen("pointerdown", (event) => this.#onDown(event));
    listen("pointermove", (event) => this.#onMove(event));
    listen("pointerup", (event) => this.#onUp(event));
    listen("pointercancel", () => this.#end());
    listen("dblclick", (event) => { if (this.#findNear(event)) event.stopPropagation(); });
    Object.assign(video.picture, { tabIndex: 0 });
    video.setPainter((context, scale) => this.#paint(context, scale));
  }

  close() {
    this.listeners.abort();
    this.video.picture.removeAttribute("tabindex");
    this.video.setPainter(null);
  }

  #toImage(event) {
    const [width, height] = this.video.zoom.imageSize;
    const [x, y] = this.video.zoom.toImage(event.clientX, event.clientY);
    return [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
  }

  /** Returns the landmark near a pointer, the selected one first; null if there is none. */
  #findNear(event) {
    const { zoom } = this.video;
    const [x, y] = zoom.toImage(event.clientX, event.clientY);
    const { points, selected } = this.getPose();
    const reach = HIT_DISTANCE[event.pointerType] ?? HIT_DISTANCE.mouse;
    const near = [...points].filter(([, point]) => point.x !== undefined)
      .map(([landmark, point]) => ({ landmark, point, distance: Math.hypot(point.x - x, point.y - y) * zoom.scale }))
      .filter(({ distance }) => distance <= reach).sort((a, b) => a.distance - b.distance);
    return near.find(({ landmark }) => landmark === selected) ?? near[0] ?? null;
  }

  #onDown(event) {
    if (event.button !== 0 || this.drag || event.target.closest("button") || this.video.player.isPlaying) return;
    const found = this.#findNear(event);
    const start = [event.clientX, event.clientY];
    this.press = start;
    if (!found) return;
    event.preventDefault(); // the zoom leaves it alone
    this.video.picture.focus({ preventScroll: true });
    this.video.picture.setPointerCapture(event.pointerId);
    const [x, y] = this.video.zoom.toImage(...start);
    this.drags += 1;
    this.drag = { landmark: found.landmark, offset: [found.point.x - x, found.point.y - y], start, hasMoved: false, name: `drag ${this.drags}` };
    if (!this.#unplaced) this.#tell("select", found.landmark);
  }

  /** The selected landmark if it has no place yet: a click places it, also where others are near. */
  get #unplaced() {
    const { points, selected } = this.getPose();
    return points.get(selected)?.kind === "none" ? selected : null;
  }

  #onMove(event) {
    const { drag } = this;
    if (!drag) {
      this.video.picture.classList.toggle("over-point", !event.buttons && this.#findNear(event) !== null);
      return;
    }
    event.preventDefault();
    if (!drag.hasMoved && distance(drag.start, event) < CLICK_DISTANCE) return;
    if (!drag.hasMoved) this.#tell("select", drag.landmark);
    drag.hasMoved = true;
    const [x, y] = this.#toImage({ clientX: event.clientX + drag.offset[0] * this.video.zoom.scale,
      clientY: event.clientY + drag.offset[1] * this.video.zoom.scale });
    this.#tell("place", { landmark: drag.landmark, x, y, name: drag.name });
  }

  #onUp(event) {
    const { press, drag } = this;
    this.press = null;
    if (drag) this.#end();
    const landmark = this.#unplaced;
    if (!landmark || !press || drag?.hasMoved || distance(press, event) >= CLICK_DISTANCE) return;
    const [x, y] = this.#toImage(event);
    this.#tell("place", { landmark, x, y, name: "" });
  }

  #end() {
    this.drag = null;
    this.#tell("drop");
    this.video.draw();
  }

  #tell(kind, detail = null) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  #paint(context, scale) {
    const { points, edges, color, selected } = this.getPose();
    context.lineCap = "round";
    for (const [a, b] of edges) {
      const [from, to] = [points.get(a), points.get(b)];
      if (from?.x !== undefined && to?.x !== undefined) paintEdge(context, from, to, color, scale);
    }
    for (const [landmark, point] of points) {
      if (point.x !== undefined) paintPoint(context, point, color, scale, landmark === selected);
    }
    const held = this.drag?.hasMoved ? points.get(this.drag.landmark) : null;
    if (held?.x !== undefined) this.#paintLens(context, held, color, scale);
  }

  /** Paints what is under a point that is dragged, larger, in the corner that is farthest from it. */
  #paintLens(context, point, color, scale) {
    const { zoom, still, video } = this.video;
    const source = still.hidden ? video : still;
    const [width, height] = zoom.imageSize;
    const pixels = (source.naturalWidth || source.videoWidth) / width;
    if (!pixels) return;
    const { clientWidth, clientHeight } = zoom.element;
    const [left, top] = zoom.corner;
    const [pageX, pageY] = [left + point.x * scale, top + point.y * scale];
    const margin = LENS_RADIUS + 10;
    const lens = [pageX < clientWidth / 2 ? clientWidth - margin : margin, pageY < clientHeight / 2 ? clientHeight - margin : margin];
    const half = LENS_RADIUS / (scale * LENS_ZOOM);
    context.save();
    context.translate((lens[0] - left) / scale, (lens[1] - top) / scale);
    context.scale(LENS_ZOOM, LENS_ZOOM);
    context.beginPath();
    context.arc(0, 0, half, 0, 2 * Math.PI);
    context.fillStyle = "#000";
    context.fill();
    context.save();
    context.clip();
    context.drawImage(source, (point.x - half) * pixels, (point.y - half) * pixels, 2 * half * pixels, 2 * half * pixels,
      -half, -half, 2 * half, 2 * half);
    context.restore();
    const unit = 1 / (scale * LENS_ZOOM);
    paintRing(context, half, color, 3 * unit);
    context.lineWidth = 1.5 * unit;
    context.strokeStyle = color;
    context.beginPath();
    for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(4 * x * unit, 4 * y * unit);
      context.lineTo(18 * x * unit, 18 * y * unit);
    }
    context.stroke();
    context.restore();
  }

  /** Shows another pose or selection. */
  show() {
    this.video.draw();
  }
}

function paintEdge(context, from, to, color, scale) {
  const isInterpolated = from.kind === "interpolated" || to.kind === "interpolated";
  context.setLineDash(isInterpolated ? [5 / scale, 6 / scale] : []);
  context.globalAlpha = from.kind === "guess" || to.kind === "guess" ? FAINT : 0.9;
  for (const [style, width] of [[EDGE, 4], [color, 2]]) {
    context.strokeStyle = style;
    context.lineWidth = width / scale;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function paintPoint(context, { x, y, kind, state }, color, scale, isSelected) {
  context.save();
  context.translate(x, y);
  context.scale(1 / scale, 1 / scale);
  if (isSelected) paintRing(context, RADIUS + 6, "#fff", 2);
  context.beginPath();
  if (state === "hidden") context.rect(-RADIUS, -RADIUS, 2 * RADIUS, 2 * RADIUS);
  else context.arc(0, 0, RADIUS, 0, 2 * Math.PI);
  context.strokeStyle = EDGE;
  context.lineWidth = 4;
  context.stroke();
  context.fillStyle = color;
  if (kind === "keyed") context.fill();
  context.setLineDash(kind === "interpolated" ? [3, 2.6] : []);
  context.strokeStyle = kind === "keyed" ? "#fff" : color;
  context.lineWidth = kind === "keyed" ? 1.5 : 2;
  context.stroke();
  context.restore();
}

function paintRing(context, radius, color, width) {
  for (const [style, line] of [[EDGE, 2.2 * width], [color, width]]) {
    context.beginPath();
    context.arc(0, 0, radius, 0, 2 * Math.PI);
    context.strokeStyle = style;
    context.lineWidth = line;
    context.stroke();
  }
}

function distance([x, y], event) {
  return Math.hypot(event.clientX - x, event.clientY - y);
}
