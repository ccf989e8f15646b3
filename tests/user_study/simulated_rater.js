
// A simulated rater: it watches the videos, scores them and continues. Failed checks are reported as requests of
// /failed/..., which the test records.

const fail = (what) => fetch(`/failed/${encodeURIComponent(what)}`);
const noted = new Set();
const expect = (fact, what) => { if (!fact && !noted.has(what)) { noted.add(what); fail(what); } };
window.addEventListener("error", (event) => fail(event.message));

let rated = null;
let loops = 0;
let last = 0;

function move(slider, value) {
  slider.value = value;
  slider.dispatchEvent(new Event(Number(value) === 5 ? "pointerup" : "input", { bubbles: true }));
}

function watch() {
  if (trial !== null && !find("#playback-error").hidden) find("#skip").click();
  if (trial === null || trial === rated || !videos().every((video) => video.duration > 0)) return;
  const leader = longest();
  if (leader.currentTime < last) loops += 1;
  last = leader.currentTime;
  const steady = last > 0.4 && last < leader.duration - 0.2 && videos().every((video) => !video.seeking && !video.paused);
  if (loops < 1 || !steady) return;
  rated = trial;
  last = loops = 0;
  rate();
}

function rate() {
  const times = videos().map((video) => video.currentTime);
  expect(Math.max(...times) - Math.min(...times) < 0.15, `not in step: ${times}`);
  expect(videos().every((video) => video.videoWidth === 160), "a video shows no picture");
  expect(!/method|clip/.test(document.documentElement.outerHTML), "the page names a method or a clip");
  expect(all(".right").every((part) => (part.offsetParent !== null) === (sides.length === 2)), "B is where it should not be");
  expect(document.documentElement.scrollWidth <= window.innerWidth, "the page is wider than the window");
  expect(find("#next").disabled, "next before any score");
  const values = { left: [1.5, 2], right: [5, 9.5] };
  sides.forEach((side) => sliders(side).forEach((slider, i) => move(slider, values[side][i])));
  if (sides.length === 2) {
    expect(find("#next").disabled, "next without a preference");
    if (trial % 2) document.dispatchEvent(new KeyboardEvent("keydown", { key: "3", bubbles: true }));
    else find("#preferred input[value=right]").click();
  }
  expect(!find("#next").disabled, "no next after all scores");
  find("#next").click();
}

setInterval(watch, 50);
