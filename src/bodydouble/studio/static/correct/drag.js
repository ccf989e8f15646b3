/** Dragging with mouse, pen or finger. */

/** Distance in px within which a press is a click. */
const CLICK_DISTANCE = 3;

/**
 * Follows a pointer from its press to its release. ``onMove(event)`` is called while it is dragged, ``onDrop(event)`` at
 * the end, ``onClick(event)`` if it was not dragged, and ``onCancel()`` if the system or Escape breaks it off.
 */
export function followPointer(element, press, { onMove, onDrop, onClick, onCancel }) {
  const end = new AbortController();
  const { signal } = end;
  let isDragged = false;
  element.setPointerCapture(press.pointerId);
  const listen = (target, kind, action, options = {}) => target.addEventListener(kind, (event) => {
    if (event.pointerId === undefined || event.pointerId === press.pointerId) action(event);
  }, { signal, ...options });
  listen(element, "pointermove", (event) => {
    isDragged ||= Math.hypot(event.clientX - press.clientX, event.clientY - press.clientY) > CLICK_DISTANCE;
    if (isDragged) onMove(event);
  });
  listen(element, "pointerup", (event) => {
    end.abort();
    if (isDragged) onDrop(event);
    else onClick?.(event);
  });
  const cancel = () => {
    end.abort();
    if (isDragged) onCancel?.();
  };
  listen(element, "pointercancel", cancel);
  listen(window, "keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopImmediatePropagation();
    event.preventDefault();
    cancel();
  }, { capture: true });
}

/** Returns the end of a bar that a pointer has hold of, "first" or "last", or "both" in its middle. */
export function findGrip(bar, clientX, reach) {
  const { left, right } = bar.getBoundingClientRect();
  const near = Math.min(reach, (right - left) / 3);
  if (clientX - left < near) return "first";
  return right - clientX < near ? "last" : "both";
}
