/** The library: where videos are dropped, and cards of all takes. */

import { cancelTake, removeTake, renameTake, restartTake } from "../api.js";
import { askText, confirmAction } from "../dialogs.js";
import { isCharacterFile } from "../characters/characters.js";
import { CharacterSelect } from "../characters/select.js";
import { formatBytes, formatLeft, formatTime, h, icon, iconButton, replaceControls, toast } from "../dom.js";
import { showRecorder } from "../record/record-dialog.js";
import { Uploads } from "./uploads.js";

const CHOICES = "studio-options";

/** Uploads go on while a take is looked at, so they outlive the view. */
let uploads = null;

export class LibraryView {
  constructor({ main, session }) {
    this.session = session;
    this.takes = null;
    this.cards = new Map();
    uploads ??= new Uploads(session, () => {});
    uploads.onChange = () => this.#show();
    this.#build(main);
    this.#listen();
    this.#show();
  }

  close() {
    this.listeners.abort();
    uploads.onChange = () => {};
  }

  onTakes(takes) {
    this.takes = takes;
    this.#show();
  }

  onKey(event) {
    const action = { u: () => this.input.click(), r: () => this.#record() }[event.key];
    action?.();
    return Boolean(action);
  }

  #build(main) {
    this.input = h("input", { type: "file", id: "files", class: "hidden", multiple: true, tabindex: "-1",
      accept: "video/*,.mkv,.avi,.mts,.m2ts,.wmv,.flv,.gif", "aria-label": "Videos to upload",
      onchange: () => { this.#add(this.input.files); this.input.value = ""; } });
    this.drop = h("section", { class: "drop", "aria-label": "Upload" },
      h("div", { class: "drop-art" }, icon("upload")),
      h("div", { class: "drop-text" },
        h("h1", {}, "Drop a video here"),
        h("p", {}, "Everybody in it becomes an animated 3D character. ",
          this.session.is_local ? "Nothing leaves this computer." : "Everything stays on the computer that runs the studio.")),
      h("div", { class: "drop-buttons" },
        h("button", { type: "button", class: "button", onclick: () => this.#record() }, icon("record"), "Record"),
        h("button", { type: "button", class: "button primary", onclick: () => this.input.click() }, "Choose videos")),
      h("small", {}, `MP4, MOV, WebM, MKV, AVI and others, up to ${formatBytes(this.session.upload_bytes)} each`),
      this.#buildOptions(), this.input);
    this.grid = h("div", { class: "cards" });
    this.heading = h("h2", { class: "library-title" }, "Your takes");
    main.replaceChildren(h("div", { class: "library" }, this.drop, this.heading, this.grid));
  }

  #buildOptions() {
    const stored = JSON.parse(localStorage.getItem(CHOICES) || "{}");
    const select = (name, labels, fallback) => {
      const value = stored[name] in labels ? stored[name] : fallback;
      return h("select", { class: "field", name }, Object.entries(labels).map(([key, text]) =>
        h("option", { value: key, selected: key === value }, text)));
    };
    const keep = () => localStorage.setItem(CHOICES, JSON.stringify(this.#choices()));
    this.characters = new CharacterSelect(this.session, stored.character ?? "like-me", keep);
    this.options = h("form", { class: "options", onchange: keep }, this.characters.element,
      h("label", {}, h("span", {}, "Quality"), select("quality", { fast: "Fast", balanced: "Balanced", best: "Best" }, "balanced")),
      h("label", { class: "switch" }, h("input", { type: "checkbox", name: "film", checked: stored.film !== "0" }),
        h("i", {}), h("span", {}, "Make a film, too")));
    return this.options;
  }

  #choices() {
    const data = new FormData(this.options);
    return { character: data.get("character"), quality: data.get("quality"), film: data.has("film") ? "1" : "0" };
  }

  #add(files) {
    const all = [...files];
    this.characters.add(all.filter(isCharacterFile));
    uploads.add(all.filter((file) => !isCharacterFile(file)), this.#choices());
  }

  #record() {
    showRecorder(this.session.upload_bytes, (file) => this.#add([file]));
  }

  #listen() {
    this.listeners = new AbortController();
    const options = { signal: this.listeners.signal };
    let depth = 0;
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const mark = () => document.body.classList.toggle("dropping", depth > 0);
    addEventListener("dragenter", (event) => { if (hasFiles(event)) { depth += 1; mark(); } }, options);
    addEventListener("dragleave", (event) => { if (hasFiles(event)) { depth -= 1; mark(); } }, options);
    addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); }, options);
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      mark();
      this.#add(event.dataTransfer.files);
    }, options);
  }

  #show() {
    document.body.classList.toggle("uploading", uploads.items.length > 0);
    const isEmpty = this.takes?.length === 0 && uploads.items.length === 0;
    this.drop.classList.toggle("hero", isEmpty);
    this.heading.hidden = this.takes === null || isEmpty;
    const wanted = new Map();
    for (const item of uploads.items) wanted.set(item, () => new UploadCard(item));
    for (const take of this.takes ?? []) wanted.set(take.id, () => new TakeCard());
    for (const [key, card] of this.cards) if (!wanted.has(key)) { card.element.remove(); this.cards.delete(key); }
    const takes = new Map((this.takes ?? []).map((take) => [take.id, take]));
    let previous = null;
    for (const [key, create] of wanted) {
      if (!this.cards.has(key)) this.cards.set(key, create());
      const card = this.cards.get(key);
      card.update(takes.get(key));
      const place = previous ? previous.nextSibling : this.grid.firstChild;
      if (place !== card.element) this.grid.insertBefore(card.element, place);
      previous = card.element;
    }
  }
}

class UploadCard {
  constructor(item) {
    this.item = item;
    this.meter = new Meter();
    this.element = h("article", { class: "card busy" },
      h("div", { class: "poster" }, h("div", { class: "poster-empty" }, icon("upload")), this.meter.element),
      h("div", { class: "card-text" }, h("h3", { dir: "auto" }, item.file.name),
        iconButton("close", `Cancel the upload of ${item.file.name}`, () => uploads.cancel(item), "small")));
  }

  update() {
    const { part, running } = this.item;
    this.meter.show(running ? (part < 1 ? "Uploading" : "Looking at the video") : "Waits for its upload", part,
      running && part < 1 ? `${Math.round(part * 100)} %` : "");
  }
}

/** A stage with a bar and a remark. */
class Meter {
  constructor() {
    this.stage = h("span", { class: "meter-stage" });
    this.left = h("span", { class: "meter-left" });
    this.bar = h("progress", { max: 1, value: 0, "aria-label": "Progress" });
    this.element = h("div", { class: "meter" }, h("div", { class: "meter-line" }, this.stage, this.left), this.bar);
  }

  show(stage, part, left) {
    if (this.stage.textContent !== stage) this.stage.textContent = stage;
    if (this.left.textContent !== left) this.left.textContent = left;
    this.bar.value = part;
  }
}

class TakeCard {
  constructor() {
    this.meter = new Meter();
    this.image = h("img", { alt: "", loading: "lazy", width: 320, height: 180 });
    this.badge = h("span", { class: "badge" });
    this.link = h("a", { class: "poster" }, this.image, this.badge, this.meter.element);
    this.title = h("h3", { dir: "auto" });
    this.facts = h("p", { class: "facts" });
    this.error = h("p", { class: "error", hidden: true });
    this.buttons = h("div", { class: "card-buttons" });
    this.element = h("article", { class: "card" }, this.link,
      h("div", { class: "card-text" }, h("div", {}, this.title, this.facts, this.error), this.buttons));
  }

  update(take) {
    const text = JSON.stringify(take);
    if (text === this.shown) return;
    this.shown = text;
    const { id, title, state } = take;
    const isBusy = state === "running" || state === "waiting";
    const address = `/takes/${id}/poster.jpg`;
    if (this.image.getAttribute("src") !== address) this.image.src = address;
    this.element.className = `card ${isBusy ? "busy" : state}`;
    this.element.dataset.take = id;
    if (take.made) this.link.href = `#/take/${id}`;
    else this.link.removeAttribute("href");
    this.link.setAttribute("aria-label", take.made ? `Look at ${title}` : title);
    this.title.textContent = title;
    this.badge.textContent = formatTime(take.seconds);
    this.badge.hidden = take.seconds === 0;
    this.facts.textContent = describe(take);
    this.error.textContent = take.error;
    this.error.hidden = !take.error;
    this.meter.element.hidden = !isBusy;
    if (isBusy) {
      const stage = take.error ? "Tries again soon" : state === "waiting" ? "Waits for its turn" : take.stage || "Starting";
      this.meter.show(stage, take.progress, take.seconds_left === null ? "" : formatLeft(take.seconds_left));
    }
    const kind = `${state} ${title}`;
    if (this.kind !== kind) {
      this.kind = kind;
      replaceControls(this.buttons, ...this.#createButtons(take));
    }
  }

  #createButtons({ id, title, state }) {
    const attempt = (action) => async () => { try { await action(); } catch (error) { toast(error.message, "bad"); } };
    const rename = iconButton("pencil", `Rename ${title}`, attempt(async () => {
      const answer = await askText("Rename", title, "Rename");
      if (answer?.trim()) await renameTake(id, answer);
    }), "small");
    const remove = iconButton("trash", `Delete ${title}`, attempt(async () => {
      const text = "The video and its results are removed from this computer.";
      if (await confirmAction(`Delete “${title}”?`, text, "Delete")) await removeTake(id);
    }), "small");
    const cancel = iconButton("close", `Cancel ${title}`, attempt(() => cancelTake(id)), "small");
    const retry = iconButton("retry", `Start ${title} again`, attempt(() => restartTake(id)), "small");
    if (state === "running" || state === "waiting") return [cancel];
    return state === "done" ? [rename, remove] : [retry, rename, remove];
  }
}

function describe(take) {
  const size = `${take.width} × ${take.height}`;
  if (take.state === "cancelled") return "Cancelled";
  if (take.state === "failed") return "Did not work";
  if (take.state !== "done") return size;
  const count = Object.keys(take.people).length;
  return [`${count} ${count === 1 ? "person" : "people"}`, take.film ? "with film" : ""].filter(Boolean).join(" · ");
}
