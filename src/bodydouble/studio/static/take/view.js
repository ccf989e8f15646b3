/**
 * The view of one take. Its panels are modules with the same methods: ``attach(player)``, ``show()`` for another frame,
 * ``onScene(scene)`` for a motion that was corrected, ``close()`` and, where colours matter, ``onTheme(isDark)``. They
 * are created with ``shared``. Pictures and transport are always there; the panels below them are those of the mode.
 */

import { getTake, renameTake } from "../api.js";
import { Corrections } from "../correct/corrections.js";
import { askText } from "../dialogs.js";
import { h, icon, iconButton, toast } from "../dom.js";
import { showDownloads } from "./downloads.js";
import { FIRST_MODE, MODES } from "./modes.js";
import { Player } from "./player.js";
import { PlotsPanel } from "./plots-panel.js";
import { loadScene } from "./scene-data.js";
import { ScenePanel } from "./scene-panel.js";
import { Selection } from "./selection.js";
import { Transport } from "./transport.js";
import { VideoPanel } from "./video-panel.js";

/** Factor by which a key comes closer to the video. */
const KEY_ZOOM = 1.5;

export class TakeView {
  constructor(context, id) {
    this.context = context;
    this.id = id;
    this.panels = [];
    this.modePanels = [];
    this.corrections = new Corrections(id);
    this.selection = new Selection();
    context.main.replaceChildren(h("div", { class: "loading" }, "Loading the take"));
    this.#load();
  }

  async #load() {
    try {
      const [take, scene] = await Promise.all([getTake(this.id), loadScene(this.id), this.corrections.load(), MODES[FIRST_MODE].load()]);
      if (!this.isClosed) await this.#build(take, scene);
    } catch (error) {
      if (this.isClosed) return;
      this.context.main.replaceChildren(h("div", { class: "loading" }, h("p", {}, error.message),
        h("a", { class: "button", href: "#/" }, "Back to the library")));
    }
  }

  async #build(take, scene) {
    const { corrections, selection } = this;
    const { isDark } = this.context;
    /** What all panels know; ``take`` and ``scene`` are always those that are shown. */
    this.shared = { view: this, take, scene, corrections, selection, isDark };
    this.video = new VideoPanel(this.shared);
    this.scene3d = new ScenePanel(this.shared);
    this.transport = new Transport(this.shared);
    this.plots = new PlotsPanel(this.shared);
    this.panels = [this.video, this.scene3d, this.transport, this.plots];
    this.player = new Player(this.video.video, scene.frames, scene.rate);
    /** Place of further time lines, below the transport. */
    this.strip = h("div", { class: "strip" });
    this.below = h("div", { class: "panels" });
    this.context.main.replaceChildren(h("div", { class: "take" },
      h("div", { class: "panes" }, this.video.element, this.scene3d.element), this.transport.element, this.strip,
      this.plots.element, this.below));
    this.#buildBar();
    const [width, height] = scene.image_size;
    this.context.main.firstChild.style.setProperty("--shape", Math.min(1.78, Math.max(1.2, width / height)));
    for (const panel of this.panels) panel.attach(this.player);
    this.player.addEventListener("frame", () => this.#show());
    this.player.addEventListener("state", () => this.video.show());
    corrections.addEventListener("resolved", (event) => this.showScene(event.detail));
    await this.setMode(FIRST_MODE);
    this.#show();
  }

  #buildBar() {
    const { title, actions } = this.context.bar;
    this.heading = h("h1", {}, this.shared.take.title);
    title.replaceChildren(h("a", { class: "round", href: "#/", "aria-label": "Back to the library", title: "Back to the library" }, icon("back")),
      this.heading, iconButton("pencil", "Rename", () => this.#rename(), "small"));
    this.modeButtons = Object.fromEntries(Object.entries(MODES).filter(([name]) => name !== FIRST_MODE)
      .map(([name, mode]) => [name, h("button", { type: "button", class: "button mode", "aria-pressed": "false",
        "aria-label": mode.label, onclick: () => this.#switchMode(name) }, icon(mode.icon), h("span", {}, mode.label))]));
    actions.replaceChildren(...Object.values(this.modeButtons), h("button", { type: "button", class: "button primary download",
      "aria-label": "Download", onclick: () => this.#download() }, icon("download"), h("span", {}, "Download")));
  }

  /** Enters a mode of MODES and leaves the one before. */
  async setMode(name) {
    this.modeName = name;
    const mode = await MODES[name].load();
    if (this.isClosed || this.modeName !== name || this.mode === mode) return;
    this.mode?.leave();
    this.mode = mode;
    mode.enter(this);
    this.context.main.firstChild.dataset.mode = name;
    for (const [key, button] of Object.entries(this.modeButtons)) button.setAttribute("aria-pressed", key === name);
  }

  #switchMode(name) {
    this.setMode(name === this.modeName ? FIRST_MODE : name);
  }

  /**
   * Shows the panels of a mode in place of those of the mode before: below the pictures, or where ``place`` says:
   * "strip" below the transport, "pictures" if the panel itself puts something into the pictures.
   */
  showPanels(panels) {
    for (const panel of this.modePanels) panel.close?.();
    this.modePanels = panels;
    const elementsAt = (place) => panels.filter((panel) => (panel.place ?? "below") === place).map((panel) => panel.element);
    this.strip.replaceChildren(...elementsAt("strip"));
    this.below.replaceChildren(...elementsAt("below"));
    for (const panel of panels) {
      panel.attach(this.player);
      panel.show();
    }
  }

  async #rename() {
    const answer = await askText("Rename", this.shared.take.title, "Rename");
    if (!answer?.trim()) return;
    try {
      this.#setTake(await renameTake(this.id, answer));
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  /** Loads what the server knows of the take again. */
  async refresh() {
    this.#setTake(await getTake(this.id));
  }

  #setTake(changes) {
    this.shared.take = { ...this.shared.take, ...changes };
    this.heading.textContent = this.shared.take.title;
    this.video.onTake(this.shared.take);
  }

  /** Shows another motion of the take. */
  showScene(scene) {
    if (this.isClosed) return;
    this.shared.scene = scene;
    if (!scene.people.some(({ name }) => name === this.selection.person)) this.selection.person = null;
    for (const panel of [...this.panels, ...this.modePanels]) panel.onScene(scene);
    this.#show();
    this.refresh().catch((error) => toast(error.message, "bad"));
  }

  #download() {
    showDownloads(this.shared.take, this.context.session.formats);
  }

  #show() {
    for (const panel of [...this.panels, ...this.modePanels]) panel.show();
  }

  /** Follows the film, which may be drawn while the take is open. */
  onTakes(takes) {
    const take = takes.find(({ id }) => id === this.id);
    if (!take || !this.shared || take.film_state === this.shared.take.film_state) return;
    if (take.film_error) toast(take.film_error, "bad");
    this.refresh().catch((error) => toast(error.message, "bad"));
  }

  onTheme(isDark) {
    for (const panel of [...this.panels, ...this.modePanels]) panel.onTheme?.(isDark);
  }

  /** Returns whether a key with Ctrl or Cmd did something. */
  onCommand(event) {
    return Boolean(this.mode?.onKey(event));
  }

  /** Returns whether a key did something. */
  onKey(event) {
    if (!this.mode) return false;
    if (this.mode.onKey(event)) return true;
    const isControl = event.target.closest?.("button, a, input[type=checkbox]");
    if (event.key === " " && isControl) return false;
    const mode = Object.keys(MODES).find((name) => MODES[name].key === event.key);
    const action = mode ? () => this.#switchMode(mode) : this.#actions(event.shiftKey)[event.key];
    action?.();
    return Boolean(action);
  }

  #actions(isFast) {
    const { player } = this;
    const step = isFast ? Math.round(player.fps) : 1;
    return {
      " ": () => player.toggle(),
      ArrowLeft: () => player.step(-step),
      ArrowRight: () => player.step(step),
      Home: () => player.seek(0),
      End: () => player.seek(player.frames - 1),
      "[": () => player.changeSpeed(-1),
      "]": () => player.changeSpeed(1),
      l: () => player.setLooping(!player.isLooping),
      1: () => this.scene3d.setCamera("orbit"),
      2: () => this.scene3d.setCamera("follow"),
      3: () => this.scene3d.setCamera("video"),
      b: () => this.scene3d.toggleBones(),
      u: () => this.scene3d.toggleLayer("uncertainty"),
      m: () => this.scene3d.toggleLayer("paths"),
      g: () => this.transport.togglePlots(),
      k: () => this.video.toggleSkeletons(),
      v: () => this.video.toggleFilm(),
      "+": () => this.video.zoom.zoomBy(KEY_ZOOM),
      "-": () => this.video.zoom.zoomBy(1 / KEY_ZOOM),
      0: () => this.video.zoom.reset(),
      d: () => this.#download(),
    };
  }

  close() {
    this.isClosed = true;
    this.mode?.leave();
    this.player?.close();
    for (const panel of [...this.panels, ...this.modePanels]) panel.close?.();
  }
}
