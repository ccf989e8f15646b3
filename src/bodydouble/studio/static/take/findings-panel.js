/** Panel with the findings of the report; each time range is a button that jumps to it. */

import { formatTime, h, icon, personLabel, replaceControls } from "../dom.js";

const MAX_SPANS = 4;

export class FindingsPanel {
  constructor({ take, scene }) {
    this.notes = take.warnings.map((text) => h("li", { class: "note" }, icon("warning"), h("div", {}, h("p", {}, text))));
    this.content = h("div");
    this.element = h("section", { class: "panel", "aria-label": "Findings" }, h("h2", {}, "Findings and advice"), this.content);
    this.onScene(scene);
  }

  onScene(scene) {
    this.scene = scene;
    this.buttons = [];
    const findings = scene.findings.map((finding) => this.#describe(finding));
    const good = h("p", { class: "all-good" }, icon("check"), "All measurements are within their limits.");
    replaceControls(this.content,
      findings.length + this.notes.length ? h("ul", { class: "findings" }, findings, this.notes) : good);
  }

  #describe(finding) {
    const person = this.scene.people.find(({ name }) => name === finding.person);
    const dot = h("i", { class: "dot" });
    dot.style.background = person?.color ?? "";
    const longest = [...finding.spans].sort((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, MAX_SPANS).sort((a, b) => a[0] - b[0]);
    const spans = longest.map(([from, to]) => {
      const button = h("button", { type: "button", class: "span", onclick: () => this.#jump(from) },
        formatTime(from / this.scene.rate, 1));
      button.setAttribute("aria-label", `Go to ${formatTime(from / this.scene.rate, 1)}`);
      this.buttons.push({ from, to, button });
      return button;
    });
    const more = finding.spans.length - spans.length;
    return h("li", {}, dot, h("div", {}, h("b", {}, `${personLabel(finding.person)}: ${finding.message.replace(/ %/g, "\u00a0%")}`), h("p", {}, finding.advice),
      spans.length ? h("div", { class: "spans" }, spans, more > 0 ? h("span", {}, `and ${more} more`) : null) : null));
  }

  #jump(frame) {
    if (this.player.isPlaying) this.player.pause();
    this.player.seek(frame);
  }

  /** Jumps to the next time range after the shown frame. */
  next() {
    const starts = [...new Set(this.buttons.map(({ from }) => from))].sort((a, b) => a - b);
    if (starts.length) this.#jump(starts.find((from) => from > this.player.frame) ?? starts[0]);
  }

  attach(player) {
    this.player = player;
  }

  show() {
    const { frame } = this.player;
    for (const { from, to, button } of this.buttons) button.classList.toggle("now", frame >= from && frame < to);
  }

  close() {}
}
