/** Elements, icons and small texts. Text is always set as text, never as HTML. */

/** Creates an element: properties starting with "on" are listeners, others attributes; children are nodes or texts. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * Replaces the children of an element that can hold the keyboard. The keyboard stays on the control that is the same by
 * its key or text, or else on the one at the same place, as after the deletion of an entry of a list.
 */
export function replaceControls(parent, ...children) {
  const listControls = () => [...parent.querySelectorAll("button, input, select, [tabindex]")];
  const place = listControls().indexOf(document.activeElement);
  const key = place >= 0 ? controlKey(document.activeElement) : "";
  parent.replaceChildren(...children);
  if (place < 0) return;
  const controls = listControls();
  const atPlace = controls[Math.min(place, controls.length - 1)];
  const same = atPlace && controlKey(atPlace) === key ? atPlace : controls.find((control) => controlKey(control) === key);
  (same ?? atPlace)?.focus({ preventScroll: true });
}

function controlKey(control) {
  return control.dataset.key ?? control.getAttribute("aria-label") ?? control.textContent;
}

const PATHS = {
  back: "M15 5l-7 7 7 7",
  play: "M8 5.500v13l11-6.500z",
  pause: "M8 5.500v13M16 5.500v13",
  previous: "M17 6l-8 6 8 6zM6.500 6v12",
  next: "M7 6l8 6-8 6zM17.500 6v12",
  loop: "M17 3l3 3-3 3M4 11V9a3 3 0 013-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 01-3 3H4",
  download: "M12 4v11m-5-5l5 5 5-5M5 20h14",
  upload: "M12 16V5m-5 5l5-5 5 5M5 20h14",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13M10.500 11v5M13.500 11v5",
  pencil: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  close: "M6 6l12 12M18 6L6 18",
  retry: "M5 12a7 7 0 107-7H7m3-3L7 5l3 3",
  sun: "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 019.500 4a8.500 8.500 0 1010.500 10.500z",
  orbit: "M12 9.500a2.500 2.500 0 100 5 2.500 2.500 0 000-5zM3.500 12c0-2.500 3.800-4.500 8.500-4.500s8.500 2 8.500 4.500-3.800 4.500-8.500 4.500",
  follow: "M12 4.500a2 2 0 100 4 2 2 0 000-4zM12 9.500v5l-3 5.500M12 14.500l3 5.500M8 12l4-2 4 2",
  camera: "M3.500 8h4l1.500-2.500h6L16.500 8h4v11h-17zM12 10.500a3 3 0 100 6 3 3 0 000-6z",
  bones: "M12 4v7M7 7l5-1 5 1M12 11l-4 9M12 11l4 9",
  uncertainty: "M12 10.500a1.500 1.500 0 100 3 1.500 1.500 0 000-3zM12 4a8 8 0 100 16 8 8 0 000-16z",
  path: "M4 18c4 0 3-10 8-10s4 6 8 2M4 18v.100M20 10v.100",
  expand: "M7 9.500l5 5 5-5",
  chart: "M4 4v16h16M7.500 15l3.500-5 3.500 3 4-7",
  check: "M5 12.500l4.500 4.500L19 7.500",
  warning: "M12 4L2.500 20h19zM12 10v4.500M12 17.200v.100",
  plus: "M12 5v14M5 12h14",
  person: "M12 4a3.500 3.500 0 100 7 3.500 3.500 0 000-7zM5 20c0-4 3-6.500 7-6.500s7 2.500 7 6.500",
  record: "M12 3.500a8.500 8.500 0 100 17 8.500 8.500 0 000-17zM12 9a3 3 0 100 6 3 3 0 000-6z",
  eye: "M2.500 12c2.500-4.500 5.500-6.500 9.500-6.500s7 2 9.500 6.500c-2.500 4.500-5.500 6.500-9.500 6.500s-7-2-9.500-6.500zM12 9a3 3 0 100 6 3 3 0 000-6z",
  wand: "M5 19L15.500 8.500M14 7l3 3M18.500 3v4M16.500 5h4M6.500 4v3M5 5.500h3M18.500 14v3M17 15.500h3",
  undo: "M9 6L4.500 10.500 9 15M4.500 10.500H14a5 5 0 010 10h-3",
  redo: "M15 6l4.500 4.500L15 15M19.500 10.500H10a5 5 0 000 10h3",
  points: "M6 4.500a1.500 1.500 0 100 3 1.500 1.500 0 000-3zM18 7.500a1.500 1.500 0 100 3 1.500 1.500 0 000-3zM9 16.500a1.500 1.500 0 100 3 1.500 1.500 0 000-3zM7.500 6.500l9 2M17 10.500l-6.500 6.500M6.500 7.500l2 9",
  plus: "M12 5v14M5 12h14",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.700h4M4 14.300h4M16 9.700h4M16 14.300h4",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, extra = "") {
  return h("button", { type: "button", class: `round ${extra}`, "aria-label": label, title: label, onclick }, icon(name));
}

/** Formats a duration for people: "about 3 min", "40 s". */
export function formatLeft(seconds) {
  if (seconds < 8) return "a few seconds left";
  if (seconds < 90) return `about ${Math.round(seconds / 5) * 5} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

/** Formats a time in a clip: "0:06". */
export function formatTime(seconds, digits = 0) {
  const minutes = Math.floor(seconds / 60);
  const rest = seconds - 60 * minutes;
  return `${minutes}:${rest.toFixed(digits).padStart(digits ? 3 + digits : 2, "0")}`;
}

export function formatBytes(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Parses an exact rate such as 30000/1001. */
export function parseRate(text) {
  const [numerator, denominator = 1] = text.split("/").map(Number);
  return numerator / denominator;
}

/** Colours of people, the same in all panels. */
export const PERSON_COLORS = ["#16b3a4", "#ff8a4c", "#4c9dff", "#e85d9e", "#a5b52c", "#b07bff"];

export function personColor(index) {
  return PERSON_COLORS[index % PERSON_COLORS.length];
}

/** Name of a person for people: "person1" -> "Person 1". */
export function personLabel(name) {
  const match = /^person(\d+)$/.exec(name);
  return match ? `Person ${match[1]}` : name;
}

export function toast(text, kind = "") {
  const element = h("div", { class: `toast ${kind}`, dir: "auto" }, text);
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), kind === "bad" ? 9000 : 4000);
}
