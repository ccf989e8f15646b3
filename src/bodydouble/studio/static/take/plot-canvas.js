/** Drawing of one plot: axes with units, and curves over the frames of the clip. */

import { formatTime } from "../dom.js";

/** Distance in px between the edge of the canvas and the first frame, as that of the slider of the transport. */
export const INSET = 9;
const MARGIN = { top: 16, bottom: 20 };
const FONT = "11.5px system-ui, sans-serif";
const MIN_TICK_DISTANCE = { x: 70, y: 26 };
/** Minimum range of values: 5 cm or 5 degrees, so that noise does not look like motion. */
const MIN_RANGE = { m: 0.05, "°": 5 };

/** Returns a step of 1, 2 or 5 times a power of ten that is at least as large as a value. */
export function roundStep(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value * 0.999);
}

/**
 * Draws curves into a canvas. A curve has ``first`` (frame of its first value), ``values``, ``color`` and ``isFaint``
 * (for what is compared with).
 */
export function drawPlot(canvas, curves, { frames, rate, unit, colors }) {
  const ratio = Math.min(2, devicePixelRatio);
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width) return;
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.font = FONT;
  const [low, high] = findRange(curves, unit);
  const area = { left: INSET, right: width - INSET, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const x = (frame) => area.left + ((frame + 0.5) / frames) * (area.right - area.left);
  const y = (value) => area.bottom - ((value - low) / (high - low)) * (area.bottom - area.top);
  drawTimes(context, area, x, { frames, rate, colors });
  for (const curve of curves) drawCurve(context, curve, x, y);
  drawValues(context, area, y, { low, high, unit, colors });
}

function findRange(curves, unit) {
  let [low, high] = [Infinity, -Infinity];
  for (const { values } of curves) {
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  const gap = Math.max(MIN_RANGE[unit] - (high - low), 0.08 * (high - low)) / 2;
  return [low - gap, high + gap];
}

function drawTimes(context, area, x, { frames, rate, colors }) {
  const count = Math.max(1, Math.floor((area.right - area.left) / MIN_TICK_DISTANCE.x));
  const step = roundStep(frames / rate / count);
  context.textAlign = "center";
  context.textBaseline = "bottom";
  for (let k = 0; k * step * rate < frames - 0.5; k += 1) {
    const at = x(k * step * rate);
    line(context, colors.line, at, area.top, at, area.bottom);
    context.fillStyle = colors.faint;
    if (k) context.fillText(formatTime(k * step, step < 1 ? 1 : 0), at, area.bottom + MARGIN.bottom - 3);
  }
  context.textAlign = "left";
  context.fillText("min:s", area.left - 3, area.bottom + MARGIN.bottom - 3);
}

function drawValues(context, area, y, { low, high, unit, colors }) {
  const step = roundStep(((high - low) * MIN_TICK_DISTANCE.y) / (area.bottom - area.top));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  context.textAlign = "left";
  context.textBaseline = "bottom";
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    const text = `${value.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1")}${unit === "m" ? " m" : unit}`;
    line(context, colors.line, area.left, y(value), area.right, y(value));
    context.fillStyle = colors.surface;
    context.globalAlpha = 0.75;
    context.fillRect(area.left, y(value) - 14, context.measureText(text).width + 4, 13);
    context.globalAlpha = 1;
    context.fillStyle = colors.faint;
    context.fillText(text, area.left + 2, y(value) - 1);
  }
}

function drawCurve(context, { first, values, color, isFaint }, x, y) {
  context.strokeStyle = color;
  context.globalAlpha = isFaint ? 0.6 : 1;
  context.lineWidth = isFaint ? 1.2 : 2;
  context.lineJoin = "round";
  context.setLineDash(isFaint ? [4, 3] : []);
  context.beginPath();
  values.forEach((value, k) => context.lineTo(x(first + k), y(value)));
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function line(context, color, ...[fromX, fromY, toX, toY]) {
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
