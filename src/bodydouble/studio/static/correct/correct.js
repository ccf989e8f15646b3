/** The mode in which a take is corrected. A further panel is one more entry of PANELS. */

import { Falloff } from "./falloff.js";
import { ImageJoints } from "./image-joints.js";
import { ListPanel } from "./list-panel.js";
import { PeopleTools } from "./people-tools.js";
import { SceneJoints } from "./scene-joints.js";
import { SpanPanel } from "./span-panel.js";
import { TimeLines } from "./time-lines.js";
import { WorldPanel } from "./world-panel.js";

/** Panels below the pictures, from left to right; they have the methods of those of ``take/view.js``. */
const PANELS = [PeopleTools, SpanPanel, WorldPanel, ListPanel];
/** Tools in and under the pictures, which share the falloff of keyframes. */
const TOOLS = [TimeLines, ImageJoints, SceneJoints];

let view = null;
let span = null;

export function enter(entered) {
  view = entered;
  const falloff = new Falloff(view.shared);
  const panels = PANELS.map((Panel) => new Panel(view.shared));
  span = panels.find((panel) => panel instanceof SpanPanel);
  view.showPanels([...TOOLS.map((Tool) => new Tool(view.shared, falloff)), ...panels]);
}

export function leave() {
  view = null;
  span = null;
}

export function onKey(event) {
  const { corrections } = view;
  const key = event.key.toLowerCase();
  const actions = event.ctrlKey || event.metaKey
    ? { z: () => (event.shiftKey ? corrections.redo() : corrections.undo()), y: () => corrections.redo() }
    : { i: () => span.setEnd(0), o: () => span.setEnd(1), p: () => selectNext(), escape: () => view.setMode("look") };
  actions[key]?.();
  return key in actions;
}

function selectNext() {
  const names = view.shared.scene.people.map(({ name }) => name);
  view.selection.person = names[(names.indexOf(view.selection.person) + 1) % names.length];
}
