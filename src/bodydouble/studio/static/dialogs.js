/** Dialogs: question, text, keyboard shortcuts. They return promises of the answer. */

import { h, iconButton } from "./dom.js";

/** Opens a dialog. The button, a click beside it and Escape close it, unless a listener of "cancel" prevents that. */
export function openDialog(title, content, extra = "") {
  const cancel = () => { if (dialog.dispatchEvent(new Event("cancel", { cancelable: true }))) dialog.close(); };
  const close = iconButton("close", "Close", cancel);
  const dialog = h("dialog", { class: `dialog ${extra}`, "aria-label": title, tabindex: "-1" },
    h("div", { class: "dialog-head" }, h("h2", {}, title), close), content);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) cancel(); });
  document.body.append(dialog);
  dialog.showModal();
  dialog.focus();
  return dialog;
}

export function confirmAction(title, text, action) {
  return new Promise((resolve) => {
    let answer = false;
    const dialog = openDialog(title, h("div", {}, h("p", {}, text), h("div", { class: "dialog-actions" },
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Keep"),
      h("button", { type: "button", class: "button danger", onclick: () => { answer = true; dialog.close(); } }, action))));
    dialog.addEventListener("close", () => resolve(answer));
  });
}

export function askText(title, value, action) {
  return new Promise((resolve) => {
    let answer = null;
    const input = h("input", { type: "text", class: "field", value, maxlength: 120, "aria-label": title });
    const submit = (event) => { event.preventDefault(); answer = input.value; dialog.close(); };
    const form = h("form", { onsubmit: submit }, input, h("div", { class: "dialog-actions" },
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
      h("button", { type: "submit", class: "button primary" }, action)));
    const dialog = openDialog(title, form);
    dialog.addEventListener("close", () => resolve(answer));
    input.select();
  });
}

const SHORTCUTS = [
  ["Anywhere", [["?", "this list"], ["Esc", "close, or back to the library"], ["T", "light or dark"]]],
  ["Library", [["U", "choose videos"], ["R", "record with the camera"]]],
  ["Take", [
    ["Space", "play or pause"], ["← →", "one frame back or forward"], ["Shift ← →", "one second"],
    ["Home End", "first or last frame"], ["[ ]", "slower or faster"], ["L", "loop"],
    ["1 2 3", "orbit, follow, the video's camera"], ["B U M", "skeletons, uncertainty, paths in 3D"],
    ["K", "skeletons on the video"], ["V", "video or film"], ["+ - 0", "closer to the video, away, all of it"],
    ["G", "plots"], ["N", "next finding"], ["D", "download"], ["A", "annotate"], ["C", "correct"],
  ]],
  ["Annotate", [
    ["Tab", "next landmark, in the picture"], ["← → ↑ ↓", "move by 1 px, with Shift by 10"], ["I", "key the landmark, Shift I: all"],
    ["H", "hidden"], ["X", "absent"], ["Delete", "remove the key"], [", .", "previous or next keyed frame"],
    ["< >", "one frame back or forward"], ["Esc", "select no landmark"], ["Ctrl Z", "undo"], ["Ctrl Y", "redo"],
  ]],
  ["Correct", [["Ctrl Z", "undo"], ["Ctrl Y", "redo"], ["I O", "first and last frame of the span"], ["P", "next person"]]],
  ["Contact on a time line", [
    ["Enter", "add one at the frame, or in the span"], ["← →", "move it"], ["Shift ← →", "move its end"],
    ["Ctrl ← →", "move its beginning"], ["Del", "delete it, or a keyframe"],
  ]],
];

export function showShortcuts() {
  if (document.querySelector("dialog.shortcuts")) return;
  const groups = SHORTCUTS.map(([title, rows]) => h("section", {}, h("h3", {}, title), h("dl", {},
    rows.flatMap(([keys, text]) => [h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))), h("dd", {}, text)]))));
  openDialog("Keyboard shortcuts", h("div", { class: "shortcut-groups" }, groups), "shortcuts");
}
