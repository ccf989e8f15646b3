/** Panel with two plots of a person below the time line: a joint angle, and heights above the floor. */

import { getPlots } from "../api.js";
import { h, personLabel, toast } from "../dom.js";
import { drawPlot, INSET } from "./plot-canvas.js";

const CURVE_COLORS = ["#4c9dff", "#ff8a4c", "#a5b52c"];
const DIGITS = { m: 2, "°": 0 };
const CHARTS = [["°", "Joint angle"], ["m", "Height"]];

export class PlotsPanel {
  constructor(shared) {
    this.shared = shared;
    this.isStale = true;
    this.person = h("select", { class: "field small", "aria-label": "Person of the plots",
      onchange: () => { shared.selection.person = this.person.value; } });
    this.note = h("span", { class: "plot-note", hidden: true }, "dashed: automatic");
    this.charts = CHARTS.map(([unit, label]) => this.#createChart(unit, label));
    this.element = h("section", { class: "plots", "aria-label": "Plots", hidden: true },
      h("div", { class: "plot-tools" }, this.person, this.note), this.charts.map((chart) => chart.element));
    this.onSelect = () => this.draw();
    shared.selection.addEventListener("change", this.onSelect);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
  }

  #createChart(unit, label) {
    const choice = h("select", { class: "field small", "aria-label": label, onchange: () => this.draw() });
    const legend = h("span", { class: "plot-legend" });
    const canvas = h("canvas", { role: "img", "aria-label": `${label} over time; click to go to a frame` });
    const cursor = h("i", { class: "plot-cursor" });
    const area = h("div", { class: "plot-area" }, canvas, cursor);
    for (const kind of ["pointerdown", "pointermove"]) area.addEventListener(kind, (event) => this.#onPointer(event, area));
    const element = h("div", { class: "plot" }, h("div", { class: "plot-head" }, choice, legend), area);
    return { unit, choice, legend, canvas, cursor, element, curves: [] };
  }

  attach(player) {
    this.player = player;
  }

  close() {
    this.observer.disconnect();
    this.shared.selection.removeEventListener("change", this.onSelect);
  }

  onTheme() {
    this.draw();
  }

  onScene() {
    this.isStale = true;
    if (!this.element.hidden) this.#load();
  }

  /** Returns whether the plots are shown now. */
  toggle() {
    this.element.hidden = !this.element.hidden;
    if (!this.element.hidden && this.isStale) this.#load();
    return !this.element.hidden;
  }

  /** Loads the curves of the motion as it is now. */
  async #load() {
    const { scene } = this.shared;
    try {
      const data = await getPlots(this.shared.take.id);
      if (scene !== this.shared.scene) return;
      this.data = data;
      this.isStale = false;
    } catch (error) {
      toast(error.message, "bad");
      return;
    }
    for (const chart of this.charts) this.#fillChoice(chart);
    this.draw();
  }

  #fillChoice({ unit, choice }) {
    const { value } = choice;
    choice.replaceChildren(...this.data.plots.filter((plot) => plot.unit === unit)
      .map((plot) => h("option", { value: plot.title }, plot.title)));
    if (value) choice.value = value;
  }

  draw() {
    if (this.element.hidden || !this.data) return;
    const { selection, scene } = this.shared;
    const { people } = this.data;
    const chosen = people.find(({ name }) => name === selection.person) ?? people[0];
    this.person.replaceChildren(...people.map(({ name }) => h("option", { value: name }, personLabel(name))));
    this.person.value = chosen?.name;
    this.person.hidden = people.length < 2;
    const before = this.data.automatic.find(({ name }) => name === chosen?.name);
    this.note.hidden = !before;
    const style = getComputedStyle(this.element);
    const colors = Object.fromEntries(["line", "faint", "surface"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    for (const chart of this.charts) {
      chart.curves = [...this.#curves(chart, before, true), ...this.#curves(chart, chosen, false)];
      drawPlot(chart.canvas, chart.curves, { frames: scene.frames, rate: scene.rate, unit: chart.unit, colors });
    }
    this.show();
  }

  /** Returns the curves of a person in the plot that is chosen. */
  #curves({ choice }, person, isFaint) {
    if (!person) return [];
    const index = this.data.plots.findIndex(({ title }) => title === choice.value);
    const column = this.data.plots.slice(0, index).reduce((count, plot) => count + plot.curves.length, 0);
    return this.data.plots[index].curves.map((name, k) => ({
      name, isFaint, first: person.first_frame, values: person.column(column + k), color: CURVE_COLORS[k],
    }));
  }

  /** Shows the frame of the player: a cursor, and the values there. */
  show() {
    if (this.element.hidden || !this.data) return;
    const { frame, frames } = this.player;
    for (const { unit, legend, cursor, curves } of this.charts) {
      cursor.style.left = `calc(${INSET}px + (100% - ${2 * INSET}px) * ${(frame + 0.5) / frames})`;
      legend.replaceChildren(...curves.filter(({ isFaint }) => !isFaint).map(({ name, first, values, color }) => {
        const dot = h("i", { class: "dot" });
        dot.style.background = color;
        const value = values[frame - first];
        const text = value === undefined ? "–" : `${value.toFixed(DIGITS[unit])}${unit === "m" ? " m" : unit}`;
        return h("span", {}, dot, name, h("b", {}, text));
      }));
    }
  }

  #onPointer(event, area) {
    if (!event.buttons) return;
    if (this.player.isPlaying) this.player.pause();
    const { left, width } = area.getBoundingClientRect();
    this.player.seek(Math.floor(((event.clientX - left - INSET) / (width - 2 * INSET)) * this.player.frames));
  }
}
