/** The mode in which a take is looked at: people and findings below the pictures. */

import { FindingsPanel } from "./findings-panel.js";
import { PeoplePanel } from "./people-panel.js";

let findings = null;

export function enter(view) {
  findings = new FindingsPanel(view.shared);
  view.showPanels([new PeoplePanel(view.shared), findings]);
}

export function leave() {
  findings = null;
}

export function onKey(event) {
  if (event.key !== "n" || event.ctrlKey || event.metaKey) return false;
  findings.next();
  return true;
}
