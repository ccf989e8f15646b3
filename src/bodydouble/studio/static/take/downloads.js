/** Dialog with the formats of a take; one file comes as it is, several as a zip. */

import { prepareDownload } from "../api.js";
import { openDialog } from "../dialogs.js";
import { h, icon, toast } from "../dom.js";

const FIRST_CHOICE = ["film", "glb", "bvh"];

export function showDownloads(take, formats) {
  if (document.querySelector("dialog.downloads")) return;
  const offered = formats.filter((format) => take.formats.includes(format.name));
  const groups = Map.groupBy ? Map.groupBy(offered, (format) => format.group) : groupBy(offered);
  const boxes = new Map();
  const sections = [...groups].map(([group, members]) => h("fieldset", {}, h("legend", {}, group), members.map((format) => {
    const box = h("input", { type: "checkbox", name: format.name, checked: FIRST_CHOICE.includes(format.name), onchange: update });
    boxes.set(format.name, box);
    return h("label", { class: "format" }, box, h("i", {}, icon("check")), h("span", {}, format.label));
  })));
  const button = h("button", { type: "button", class: "button primary", onclick: download }, icon("download"), h("span", {}));
  const all = h("button", { type: "button", class: "button", onclick: chooseAll }, "All");
  const isOutdated = ["outdated", "drawing"].includes(take.film_state);
  const note = isOutdated ? h("p", {}, "The film shows the motion of before the corrections. Draw it again above the video.") : null;
  const dialog = openDialog("Download", h("div", {}, note, h("div", { class: "formats" }, sections),
    h("div", { class: "dialog-actions" }, all, button)), "downloads");
  let isBusy = false;
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
    button.disabled = isBusy || count === 0;
    const text = count > 1 ? `Download ${count} formats as a zip` : "Download";
    button.lastChild.textContent = isBusy ? "Writing the files …" : text;
  }

  async function download() {
    isBusy = true;
    update();
    try {
      const { url } = await prepareDownload(take.id, chosen());
      h("a", { href: url, download: "" }).click();
      dialog.close();
    } catch (error) {
      toast(error.message, "bad");
    }
    isBusy = false;
    update();
  }
}

function groupBy(formats) {
  const groups = new Map();
  for (const format of formats) groups.set(format.group, [...(groups.get(format.group) ?? []), format]);
  return groups;
}
