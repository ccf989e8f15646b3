/**
 * Places of a landmark between its keyed frames, as the fit has them (motion/annotations/annotated_track.py): a monotone
 * cubic passes through the keys, and goes nowhere beyond them.
 *
 * Source: F. N. Fritsch, J. Butland, "A method for constructing local monotone piecewise cubic interpolants" (1984).
 */

/**
 * Returns the state and place of a landmark between two keys; null where nothing is interpolated.
 *
 * keys: {frame, state, x, y} in the order of frames. rules: {maxGap, shotStarts} in frames.
 */
export function interpolate(keys, frame, rules) {
  const after = keys.findIndex((key) => key.frame > frame);
  if (after < 1 || keys[after - 1].frame === frame || !areJoined(keys[after - 1], keys[after], rules)) return null;
  const { state } = keys[after - 1];
  if (state === "absent") return { state };
  let [first, last] = [after - 1, after];
  while (first > 0 && areJoined(keys[first - 1], keys[first], rules)) first -= 1;
  while (last < keys.length - 1 && areJoined(keys[last], keys[last + 1], rules)) last += 1;
  const run = keys.slice(first, last + 1);
  const frames = run.map((key) => key.frame);
  const [x, y] = ["x", "y"].map((axis) => evaluateCubic(frames, run.map((key) => key[axis]), after - 1 - first, frame));
  return { state, x, y };
}

function areJoined(before, after, { maxGap, shotStarts }) {
  const isSameKind = (before.state === "absent") === (after.state === "absent");
  const isCut = shotStarts.some((start) => before.frame < start && start <= after.frame);
  return isSameKind && !isCut && after.frame - before.frame <= maxGap;
}

/** Evaluates the cubic through (frames, values) at a frame of the segment that begins with key ``k``. */
function evaluateCubic(frames, values, k, frame) {
  const steps = frames.slice(1).map((end, i) => end - frames[i]);
  const slopes = steps.map((step, i) => (values[i + 1] - values[i]) / step);
  const [from, to] = [k, k + 1].map((i) => slopeAt(steps, slopes, i));
  const step = steps[k];
  const t = (frame - frames[k]) / step;
  return (1 + 2 * t) * (1 - t) ** 2 * values[k] + t * (1 - t) ** 2 * step * from
    + t * t * (3 - 2 * t) * values[k + 1] + t * t * (t - 1) * step * to;
}

/** Returns the slope of the cubic at a key. */
function slopeAt(steps, slopes, i) {
  const last = slopes.length;
  if (last === 1) return slopes[0];
  if (i === 0) return slopeAtEnd(steps[0], steps[1], slopes[0], slopes[1]);
  if (i === last) return slopeAtEnd(steps[last - 1], steps[last - 2], slopes[last - 1], slopes[last - 2]);
  const [before, after] = [slopes[i - 1], slopes[i]];
  if (before * after <= 0) return 0;
  const [weightBefore, weightAfter] = [2 * steps[i] + steps[i - 1], steps[i] + 2 * steps[i - 1]];
  return (weightBefore + weightAfter) / (weightBefore / before + weightAfter / after);
}

/** Returns the slope at an end: that of a parabola through three keys, limited so that the cubic stays monotone. */
function slopeAtEnd(step, nextStep, slope, nextSlope) {
  const parabola = ((2 * step + nextStep) * slope - step * nextSlope) / (step + nextStep);
  if (parabola * slope <= 0) return 0;
  return slope * nextSlope < 0 && Math.abs(parabola) > 3 * Math.abs(slope) ? 3 * slope : parabola;
}
