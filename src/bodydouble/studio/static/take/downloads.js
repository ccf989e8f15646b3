/** Dialog with the formats of a take; one file comes as it is, several as a zip. */

import { beginDownload, cancelDownload, getDownload } from "../api.js";
import { openDialog } from "../dialogs.js";
import { h, icon, toast } from "../dom.js";

const FIRST_CHOICE = ["film", "glb", "bvh"];
const POLL_MS = 400;

export function showDownloads(take, formats) {
  if (document.querySelector("dialog.downloads")) return;
  const offered = formats.filter((format) => take.formats.includes(format.name));
  const groups = Map.groupBy ? Map.groupBy(offered, (format) => format.group) : groupBy(offered);
  const boxes = new Map();
  const sections = [...groups].map(([group, members]) => h("fieldset", {}, h("legend", {}, group), members.map((format) => {
    const box = h("input", { type: "checkbox", name: format.name, checked: FIRST_CHOICE.includes(format.name), onchange: update });
    boxes.set(format.name, box);
    return h("label", { class: "format" }, box, h("i", {}, icon("check")), h("span", {}, format.label, h("small", {}, format.opens)));
  })));
  const button = h("button", { type: "button", class: "button primary", onclick: download }, icon("download"), h("span", {}));
  const all = h("button", { type: "button", class: "button", onclick: chooseAll }, "All");
  const text = h("span", { role: "status" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of the download" });
  const progress = h("div", { class: "download-progress", hidden: true }, text, bar);
  const stop = h("button", { type: "button", class: "button", hidden: true, onclick: () => cancel() }, "Cancel");
  const isOutdated = ["outdated", "drawing"].includes(take.film_state);
  const note = isOutdated ? h("p", {}, "The film shows the motion of before the corrections. Draw it again above the video.") : null;
  const dialog = openDialog("Download", h("div", {}, note, h("div", { class: "formats" }, sections),
    h("div", { class: "dialog-actions" }, progress, stop, all, button)), "downloads");
  dialog.addEventListener("close", () => cancel());
  let running = null;
  update();

  function chosen() {
    return [...boxes].filter(([, box]) => box.checked).map(([name]) => name);
  }

  function chooseAll() {
    const value = chosen().length < boxes.size;
    for (const box of boxes.values()) box.checked = value;
    update();
  }

  function update() {
    const count = chosen().length;
    button.disabled = count === 0;
    button.hidden = all.hidden = running !== null;
    progress.hidden = stop.hidden = running === null;
    button.lastChild.textContent = count > 1 ? `Download ${count} formats as a zip` : "Download";
  }

  async function download() {
    let own = null;
    try {
      own = running = await beginDownload(take.id, chosen());
      let written = own;
      while (running === own && written.state === "running") {
        [text.textContent, bar.value] = [written.text, written.progress];
        update();
        await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
        if (running === own) written = await getDownload(own.id);
      }
      if (running === own) finish(written);
    } catch (error) {
      if (running === own) toast(error.message, "bad");
    }
    if (running === own) running = null;
    update();
  }

  /** Fetches a download that is written; tells why one failed. */
  function finish(written) {
    running = null;
    if (written.state === "failed") toast(written.error, "bad");
    if (written.state !== "done") return;
    h("a", { href: written.url, download: "" }).click();
    dialog.close();
  }

  function cancel() {
    const stopped = running;
    running = null;
    update();
    if (stopped) cancelDownload(stopped.id).catch(() => {});
  }
}

function groupBy(formats) {
  const groups = new Map();
  for (const format of formats) groups.set(format.group, [...(groups.get(format.group) ?? []), format]);
  return groups;
}
