/** Panel with the source video or the film, and 2D skeletons over the video. */

import { drawFilm } from "../api.js";
import { h, icon, toast } from "../dom.js";
import { Zoom } from "./zoom.js";

const MIN_CONFIDENCE = 0.3;
const EXACT_DELAY = 150;

export class VideoPanel {
  constructor({ view, take, scene }) {
    this.view = view;
    this.scene = scene;
    this.showsSkeletons = true;
    this.showsFilm = false;
    this.painter = null;
    this.video = h("video", { src: `/takes/${take.id}/video.mp4`, playsinline: true, preload: "auto", muted: false,
      disablepictureinpicture: true, "aria-label": `Video of ${take.title}` });
    this.still = h("img", { class: "still", alt: "", hidden: true });
    this.canvas = h("canvas", { class: "overlay", "aria-hidden": "true" });
    this.skeletonButton = h("button", { type: "button", class: "chip", "aria-pressed": "true", onclick: () => this.toggleSkeletons() },
      icon("bones"), h("span", {}, "Skeletons"));
    this.filmButton = h("button", { type: "button", class: "chip", "aria-pressed": "false", onclick: () => this.toggleFilm() },
      icon("film"), h("span", {}, "Film"));
    this.drawButton = h("button", { type: "button", class: "chip", hidden: true, onclick: () => this.#drawFilm() });
    this.wholeButton = h("button", { type: "button", class: "chip", hidden: true, title: "Show the whole picture",
      "aria-label": "Show the whole picture", onclick: () => this.zoom.reset() });
    this.picture = h("div", { class: "picture" }, this.video, this.still, this.canvas);
    this.element = h("section", { class: "pane", "aria-label": "Video" },
      h("div", { class: "pane-tools" }, this.skeletonButton, this.wholeButton, this.drawButton, this.filmButton), this.picture);
    this.zoom = new Zoom(this.picture, scene.image_size);
    this.zoom.addEventListener("change", () => this.#showZoom());
    this.onTake(take);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
  }

  onScene(scene) {
    this.scene = scene;
  }

  /** Shows whether there is a film of the motion as it is now; an outdated one is not shown, but can be drawn again. */
  onTake(take) {
    this.take = take;
    const hasFilm = take.film_state === "current";
    if (!hasFilm && this.showsFilm) this.toggleFilm();
    this.filmButton.hidden = !hasFilm;
    this.drawButton.hidden = hasFilm || !take.film_state;
    this.drawButton.disabled = take.film_state === "drawing";
    this.drawButton.title = take.film_error || "The film shows the motion of before the corrections";
    this.drawButton.replaceChildren(icon("film"), take.film_state === "drawing" ? "Drawing the film …" : "Film outdated: draw it again");
  }

  async #drawFilm() {
    try {
      await drawFilm(this.take.id);
      await this.view.refresh();
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  attach(player) {
    this.player = player;
    this.video.addEventListener("loadeddata", () => this.draw());
    this.show();
  }

  close() {
    this.observer.disconnect();
    clearTimeout(this.timer);
    this.video.removeAttribute("src");
    this.video.load();
  }
  /** Sets a function that draws in image coordinates in place of the skeletons (context, scale); null: none. */
  setPainter(painter) {
    if (painter && this.showsFilm) this.toggleFilm();
    this.painter = painter;
    this.draw();
  }

  toggleSkeletons() {
    this.showsSkeletons = !this.showsSkeletons;
    this.skeletonButton.setAttribute("aria-pressed", this.showsSkeletons);
    this.draw();
  }

  #showZoom() {
    this.wholeButton.hidden = this.zoom.zoom === 1;
    this.wholeButton.textContent = `${this.zoom.zoom.toFixed(1)}×`;
    this.draw();
  }

  /** Exchanges video and film, at the same frame. */
  toggleFilm() {
    if (this.filmButton.hidden) return;
    this.showsFilm = !this.showsFilm;
    this.filmButton.setAttribute("aria-pressed", this.showsFilm);
    const { isPlaying } = this.player;
    if (isPlaying) this.player.pause();
    this.video.src = `/takes/${this.take.id}/${this.showsFilm ? `film.mp4?version=${this.scene.version}` : "video.mp4"}`;
    this.player.seek(this.player.frame);
    if (isPlaying) this.player.play();
    this.show();
  }

  /** Shows the frame of the player. */
  show() {
    this.draw();
    this.still.hidden = true;
    clearTimeout(this.timer);
    if (!this.player.isPlaying && !this.showsFilm) this.timer = setTimeout(() => this.#showExact(), EXACT_DELAY);
  }

  /** Puts the exact frame over a video that stands: browsers may be off by one when they seek. */
  async #showExact() {
    const { frame } = this.player;
    const image = new Image();
    image.src = `/takes/${this.take.id}/frames/${frame}.jpg`;
    try {
      await image.decode();
    } catch {
      return;
    }
    if (this.player.isPlaying || this.player.frame !== frame || this.showsFilm) return;
    this.still.src = image.src;
    this.still.hidden = false;
    this.still.dataset.frame = frame;
  }

  draw() {
    const ratio = Math.min(2, devicePixelRatio);
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    if (this.canvas.width !== Math.round(width * ratio)) this.canvas.width = Math.round(width * ratio);
    if (this.canvas.height !== Math.round(height * ratio)) this.canvas.height = Math.round(height * ratio);
    for (const media of [this.video, this.still]) this.zoom.moveMedia(media);
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.showsSkeletons || this.showsFilm || !this.player) return;
    this.zoom.moveContext(context, ratio);
    if (this.painter) {
      this.painter(context, this.zoom.scale);
      return;
    }
    for (const person of this.scene.people) {
      const row = person.rowAt(this.player.frame);
      if (row >= 0) this.#drawPerson(context, person, row, this.zoom.scale);
    }
  }

  #drawPerson(context, person, row, scale) {
    const points = person.keypoints.row(row);
    const { edges_2d: edges, sides_2d: sides } = this.scene;
    context.lineCap = "round";
    for (const [a, b] of edges) {
      const confidence = Math.min(points[3 * a + 2], points[3 * b + 2]);
      if (confidence < MIN_CONFIDENCE) continue;
      context.globalAlpha = 0.35 + 0.65 * confidence;
      for (const [style, line] of [["rgb(0 0 0 / 45%)", 5.5], [person.color, 3]]) {
        context.strokeStyle = style;
        context.lineWidth = line / scale;
        context.beginPath();
        context.moveTo(points[3 * a], points[3 * a + 1]);
        context.lineTo(points[3 * b], points[3 * b + 1]);
        context.stroke();
      }
    }
    for (const k of new Set(edges.flat())) {
      if (points[3 * k + 2] < MIN_CONFIDENCE) continue;
      context.globalAlpha = 0.35 + 0.65 * points[3 * k + 2];
      context.fillStyle = sides[k] === "right" ? person.color : "#fff";
      context.strokeStyle = person.color;
      context.lineWidth = 1.5 / scale;
      context.beginPath();
      context.arc(points[3 * k], points[3 * k + 1], 2.8 / scale, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}
