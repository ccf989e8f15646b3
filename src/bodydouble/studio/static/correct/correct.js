/** The mode in which a take is corrected. A further tool is one more entry of PANELS. */

/** Panels below the pictures, from left to right: as those of ``take/view.js``; the second is wide. */
const PANELS = [];

let view = null;

export function enter(entered) {
  view = entered;
  view.showPanels(PANELS.map((Panel) => new Panel(view.shared)));
}

export function leave() {
  view = null;
}

export function onKey(event) {
  const isCommand = event.ctrlKey || event.metaKey;
  if (!isCommand) return false;
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) view.corrections.undo();
  else if (key === "y" || key === "z") view.corrections.redo();
  else return false;
  return true;
}
