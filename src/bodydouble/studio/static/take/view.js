/**
 * The view of one take. Its panels are modules with the same four methods: ``attach(player)``, ``show()`` for another
 * frame, ``close()`` and, where colours matter, ``onTheme(isDark)``. A further panel is one more entry of PANELS.
 */

import { getTake, renameTake } from "../api.js";
import { askText } from "../dialogs.js";
import { h, icon, iconButton, toast } from "../dom.js";
import { showDownloads } from "./downloads.js";
import { FindingsPanel } from "./findings-panel.js";
import { PeoplePanel } from "./people-panel.js";
import { Player } from "./player.js";
import { loadScene } from "./scene-data.js";
import { ScenePanel } from "./scene-panel.js";
import { Transport } from "./transport.js";
import { VideoPanel } from "./video-panel.js";

/** Panels below the pictures, from left to right. */
const PANELS = [PeoplePanel, FindingsPanel];
/** Factor by which a key comes closer to the video. */
const KEY_ZOOM = 1.5;

export class TakeView {
  constructor(context, id) {
    this.context = context;
    this.id = id;
    this.panels = [];
    context.main.replaceChildren(h("div", { class: "loading" }, "Loading the take"));
    this.#load();
  }

  async #load() {
    try {
      const [take, scene] = await Promise.all([getTake(this.id), loadScene(this.id)]);
      if (!this.isClosed) this.#build(take, scene);
    } catch (error) {
      if (this.isClosed) return;
      this.context.main.replaceChildren(h("div", { class: "loading" }, h("p", {}, error.message),
        h("a", { class: "button", href: "#/" }, "Back to the library")));
    }
  }

  #build(take, scene) {
    this.take = take;
    const shared = { take, scene, isDark: this.context.isDark };
    this.video = new VideoPanel(shared);
    this.scene3d = new ScenePanel(shared);
    this.transport = new Transport(shared);
    const further = PANELS.map((Panel) => new Panel(shared));
    this.findings = further.find((panel) => panel instanceof FindingsPanel);
    this.panels = [this.video, this.scene3d, this.transport, ...further];
    this.player = new Player(this.video.video, scene.frames, scene.rate);
    this.context.main.replaceChildren(h("div", { class: "take" },
      h("div", { class: "panes" }, this.video.element, this.scene3d.element), this.transport.element,
      h("div", { class: "panels" }, further.map((panel) => panel.element))));
    this.#buildBar();
    const [width, height] = scene.image_size;
    this.context.main.firstChild.style.setProperty("--shape", Math.min(1.78, Math.max(1.2, width / height)));
    for (const panel of this.panels) panel.attach(this.player);
    this.player.addEventListener("frame", () => this.#show());
    this.player.addEventListener("state", () => this.video.show());
    this.#show();
  }

  #buildBar() {
    const { title, actions } = this.context.bar;
    this.heading = h("h1", {}, this.take.title);
    title.replaceChildren(h("a", { class: "round", href: "#/", "aria-label": "Back to the library", title: "Back to the library" }, icon("back")),
      this.heading, iconButton("pencil", "Rename", () => this.#rename(), "small"));
    actions.replaceChildren(h("button", { type: "button", class: "button primary download", "aria-label": "Download",
      onclick: () => this.#download() }, icon("download"), h("span", {}, "Download")));
  }

  async #rename() {
    const answer = await askText("Rename", this.take.title, "Rename");
    if (!answer?.trim()) return;
    try {
      this.take = { ...this.take, ...(await renameTake(this.id, answer)) };
      this.heading.textContent = this.take.title;
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  #download() {
    showDownloads(this.take, this.context.session.formats);
  }

  #show() {
    for (const panel of this.panels) panel.show();
  }

  onTakes() {}

  onTheme(isDark) {
    for (const panel of this.panels) panel.onTheme?.(isDark);
  }

  /** Returns whether a key did something. */
  onKey(event) {
    const { player } = this;
    if (!player) return false;
    const isControl = event.target.closest?.("button, a, input[type=checkbox]");
    if (event.key === " " && isControl) return false;
    const second = Math.round(player.fps);
    const actions = {
      " ": () => player.toggle(),
      ArrowLeft: () => player.step(event.shiftKey ? -second : -1),
      ArrowRight: () => player.step(event.shiftKey ? second : 1),
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
      p: () => this.scene3d.toggleLayer("paths"),
      k: () => this.video.toggleSkeletons(),
      v: () => this.video.toggleFilm(),
      "+": () => this.video.zoom.zoomBy(KEY_ZOOM),
      "-": () => this.video.zoom.zoomBy(1 / KEY_ZOOM),
      0: () => this.video.zoom.reset(),
      n: () => this.findings.next(),
      d: () => this.#download(),
    };
    const action = actions[event.key];
    action?.();
    return Boolean(action);
  }

  close() {
    this.isClosed = true;
    this.player?.close();
    for (const panel of this.panels) panel.close?.();
  }
}
