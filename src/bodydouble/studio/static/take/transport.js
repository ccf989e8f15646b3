/** Panel under both pictures: playing, single frames, speed, loop, and a time line with the findings. */

import { formatTime, h, icon, iconButton } from "../dom.js";
import { SPEEDS } from "./player.js";

export class Transport {
  constructor({ view, scene }) {
    this.view = view;
    this.plots = iconButton("chart", "Plots", () => this.togglePlots());
    this.plots.setAttribute("aria-pressed", "false");
    this.play = iconButton("play", "Play", () => this.player.toggle(), "play");
    this.loop = iconButton("loop", "Loop", () => this.player.setLooping(!this.player.isLooping));
    this.speed = h("select", { class: "field speed", "aria-label": "Speed", onchange: () => this.player.setSpeed(Number(this.speed.value)) },
      SPEEDS.map((speed) => h("option", { value: speed }, `${speed}×`)));
    this.slider = h("input", { type: "range", min: 0, max: scene.frames - 1, value: 0, step: 1, "aria-label": "Frame",
      oninput: () => this.#scrub() });
    this.time = h("output", { class: "time" });
    this.lanes = h("div", { class: "lanes", "aria-hidden": "true" });
    this.element = h("section", { class: "transport", "aria-label": "Playback" },
      h("div", { class: "line" }, this.lanes, this.slider),
      h("div", { class: "buttons" },
        iconButton("previous", "One frame back", () => this.player.step(-1)),
        this.play,
        iconButton("next", "One frame forward", () => this.player.step(1)),
        this.time, h("span", { class: "gap" }), this.plots, this.speed, this.loop));
    this.onScene(scene);
  }

  /** Shows rows that tell when each person is there, with the time ranges of findings. */
  onScene(scene) {
    this.scene = scene;
    const { frames, people, findings } = scene;
    const place = (element, from, to) => {
      element.style.left = `${(100 * from) / frames}%`;
      element.style.width = `${(100 * Math.max(1, to - from)) / frames}%`;
      return element;
    };
    this.lanes.replaceChildren(...people.map((person) => {
      const lane = h("div", { class: "lane" }, place(h("i", {}), person.first_frame, person.first_frame + person.frames),
        findings.filter((finding) => finding.person === person.name)
          .flatMap((finding) => finding.spans).map(([from, to]) => place(h("i", { class: "mark" }), from, to)));
      lane.style.setProperty("--person", person.color);
      return lane;
    }));
  }

  attach(player) {
    this.player = player;
    player.addEventListener("state", () => this.showState());
    this.showState();
    this.show();
  }

  togglePlots() {
    this.plots.setAttribute("aria-pressed", this.view.plots.toggle());
  }

  #scrub() {
    if (this.player.isPlaying) this.player.pause();
    this.player.seek(Number(this.slider.value));
  }

  showState() {
    const { isPlaying, isLooping, speed } = this.player;
    this.play.replaceChildren(icon(isPlaying ? "pause" : "play"));
    this.play.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    this.loop.setAttribute("aria-pressed", isLooping);
    this.speed.value = String(speed);
  }

  show() {
    const { frame, frames } = this.player;
    const { rate } = this.scene;
    this.slider.value = frame;
    this.slider.setAttribute("aria-valuetext", `frame ${frame}, ${formatTime(frame / rate, 1)}`);
    this.slider.style.setProperty("--part", `${(100 * frame) / Math.max(1, frames - 1)}%`);
    this.time.replaceChildren(h("b", {}, formatTime(frame / rate, 2)), h("span", {}, `frame ${frame} of ${frames - 1}`));
  }
}
