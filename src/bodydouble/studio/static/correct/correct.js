/** The mode in which a take is corrected. A further tool is one more entry of PANELS. */

import { Falloff } from "./falloff.js";
import { TimeLines } from "./time-lines.js";

/** Panels below the pictures, from left to right: as those of ``take/view.js``; the second is wide. */
const PANELS = [];
/** Tools in and under the pictures, which share the falloff of keyframes. */
const TOOLS = [TimeLines];

let view = null;

export function enter(entered) {
  view = entered;
  const falloff = new Falloff(view.shared);
  view.showPanels([...TOOLS.map((Tool) => new Tool(view.shared, falloff)), ...PANELS.map((Panel) => new Panel(view.shared))]);
}

export function leave() {
  view = null;
}

export function onKey(event) {
  const isCommand = event.ctrlKey || event.metaKey;
  if (!isCommand) return view.modePanels.some((panel) => panel.onKey?.(event));
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) view.corrections.undo();
  else if (key === "y" || key === "z") view.corrections.redo();
  else return false;
  return true;
}
