/** Characters: names for people, and the dialog in which one is chosen, added, renamed or removed. */

import { listCharacters, removeCharacter, renameCharacter, uploadCharacter } from "../api.js";
import { askText, confirmAction, openDialog } from "../dialogs.js";
import { formatBytes, h, icon, iconButton, replaceControls, toast } from "../dom.js";

const FILES = /\.(vrm|glb|gltf|fbx)$/i;

/** Returns whether a file looks like that of a character. */
export const isCharacterFile = (file) => FILES.test(file.name);

/** Text for the name of a character of the program: "anime:tall-man" -> "Anime: tall man". */
export function characterLabel(name) {
  if (name === "like-me") return "Look-alike of each person";
  const [kind, rest] = name.split(":");
  const text = (rest ?? kind).replace(/[-_]/g, " ");
  return rest ? `Anime: ${text}` : text[0].toUpperCase() + text.slice(1);
}

/** Adds a character; returns it, or null after it has told why that did not work. */
export async function addCharacter(file, session, onProgress = () => {}) {
  if (file.size > session.character_bytes) {
    toast(`${file.name} has ${formatBytes(file.size)}; at most ${formatBytes(session.character_bytes)} can be uploaded`, "bad");
    return null;
  }
  try {
    const character = await uploadCharacter(file, onProgress).done;
    toast(`${character.title} can be chosen now`);
    return character;
  } catch (error) {
    toast(`${file.name}: ${error.message}`, "bad");
    return null;
  }
}

/**
 * Opens the dialog. Calls ``onChoose(name)`` when a character is chosen, and ``onChange()`` when one was added, renamed
 * or removed.
 */
export function openCharacters({ session, chosen, title = "Characters", note = "", onChoose, onChange = () => {} }) {
  if (document.querySelector("dialog.characters")) return;
  const grid = h("div", { class: "tiles", role: "group", "aria-label": "Characters" });
  const meter = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Upload of the character" });
  const input = h("input", { type: "file", class: "hidden", accept: ".vrm,.glb,.fbx", "aria-label": "File of a character",
    tabindex: "-1", onchange: () => { add([...input.files]); input.value = ""; } });
  const button = h("button", { type: "button", class: "button", onclick: () => input.click() }, icon("plus"), "Add a character");
  const dialog = openDialog(title, h("div", {}, note ? h("p", {}, note) : null, grid,
    h("p", { class: "tiles-note" }, "VRM, glTF (.glb) or binary FBX with humanoid bones. It stays on the computer that runs the studio."),
    h("div", { class: "dialog-actions" }, meter, input, button)), "characters");
  show();

  async function show() {
    const own = await listCharacters().catch((error) => { toast(error.message, "bad"); return []; });
    replaceControls(grid, ...own.map(createOwnTile), ...session.characters.map((name) => createTile(name, characterLabel(name))));
  }

  function createTile(name, text, picture = null) {
    const art = picture ? h("img", { src: picture, alt: "", loading: "lazy", width: 160, height: 160 }) : icon("person");
    return h("button", { type: "button", class: "tile", "aria-pressed": name === chosen, "data-name": name, onclick: () => choose(name) },
      h("span", { class: "tile-art" }, art), h("bdi", {}, text));
  }

  function createOwnTile(character) {
    const { id, name, title: text, takes, notes } = character;
    const picture = character.has_picture ? `/characters/${id}/picture.png` : null;
    return h("div", { class: "tile-box", title: notes.join("\n") }, createTile(name, text, picture),
      h("div", { class: "tile-buttons" },
        iconButton("pencil", `Rename the character ${text}`, () => rename(character), "small"),
        iconButton("trash", `Remove the character ${text}`, () => remove(character, takes), "small")));
  }

  function choose(name) {
    dialog.close();
    if (name !== chosen) onChoose(name);
  }

  async function add(files) {
    button.disabled = true;
    meter.hidden = false;
    for (const file of files) await addCharacter(file, session, (part) => { meter.value = part; });
    button.disabled = false;
    meter.hidden = true;
    changed();
  }

  async function rename({ id, title: old }) {
    const answer = await askText("Rename", old, "Rename");
    if (answer?.trim()) await attempt(renameCharacter(id, answer));
  }

  async function remove({ id, title: text }, takes) {
    const uses = takes === 1 ? "A take uses it and keeps it" : `${takes} takes use it and keep it`;
    const what = takes ? `${uses}; it can no longer be chosen for others.` : "Its file is removed from the studio.";
    if (await confirmAction(`Remove “${text}”?`, what, "Remove")) await attempt(removeCharacter(id));
  }

  async function attempt(action) {
    try {
      await action;
    } catch (error) {
      toast(error.message, "bad");
    }
    changed();
  }

  function changed() {
    show();
    onChange();
  }
}
