"use strict";

// Videos further apart than this are brought together, in seconds.
const APART = 0.08;

const find = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const form = find("#answer");
let trial = null;
let sides = [];
let wantsToPlay = true;

const videos = () => sides.map((side) => find(`figure.${side} video`));
const sliders = (side) => all(`fieldset.${side} input`);
const longest = () => videos().reduce((a, b) => (b.duration > a.duration ? b : a));

function show(state) {
  find("#progress").textContent = `${Math.min(state.answered + 1, state.count)} of ${state.count}`;
  find("#problem").textContent = "";
  find("#trial").hidden = state.trial === null;
  find("#done").hidden = state.trial !== null;
  if (state.trial === null) {
    videos().forEach((video) => video.pause());
    find("#progress").textContent = `${state.answered} of ${state.count} rated`;
    return;
  }
  trial = state.trial;
  sides = state.sides;
  document.body.classList.toggle("one", sides.length === 1);
  find("#broken").hidden = true;
  form.reset();
  all("#scores input").forEach((slider) => slider.classList.remove("given"));
  all("output").forEach((output) => { output.textContent = "–"; });
  allowNext();
  wantsToPlay = true;
  all("video").forEach((video) => { video.removeAttribute("src"); video.load(); });
  videos().forEach((video, i) => { video.src = `/video/${trial}/${sides[i]}`; });
  window.scrollTo(0, 0);
}

// Playing in step

function ready() {
  const tall = videos().every((video) => video.videoHeight > video.videoWidth);
  find("#videos").classList.toggle("tall", tall);
  if (videos().every((video) => video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA)) play();
}

function play() {
  find("#play").textContent = wantsToPlay ? "Pause" : "Play";
  videos().forEach((video) => {
    if (!wantsToPlay) video.pause();
    else if (!video.ended) video.play().catch(() => {});
  });
}

function toggle() {
  wantsToPlay = !wantsToPlay;
  play();
}

function jump(seconds) {
  videos().forEach((video) => { video.currentTime = Math.min(seconds, video.duration); });
}

function keepTogether() {
  if (trial === null || !videos().every((video) => video.duration > 0)) return;
  const leader = longest();
  find("#time").value = leader.currentTime / leader.duration;
  videos().forEach((video) => {
    const wanted = Math.min(leader.currentTime, video.duration);
    if (video !== leader && !video.seeking && Math.abs(video.currentTime - wanted) > APART) video.currentTime = wanted;
  });
}

function again(event) {
  if (event.target !== longest()) return;
  jump(0);
  play();
}

all("video").forEach((video) => {
  video.addEventListener("loadeddata", ready);
  video.addEventListener("ended", again);
  video.addEventListener("error", () => { find("#broken").hidden = false; });
});
find("#play").addEventListener("click", toggle);
find("#time").addEventListener("input", (event) => jump(event.target.value * longest().duration));
setInterval(keepTogether, 100);

// Answering

function complete() {
  const scored = sides.every((side) => sliders(side).every((slider) => slider.classList.contains("given")));
  return trial !== null && scored && (sides.length === 1 || form.preferred.value !== "");
}

function allowNext() {
  find("#next").disabled = !complete();
}

function give(event) {
  event.target.classList.add("given");
  event.target.closest("label").querySelector("output").textContent = event.target.value;
  allowNext();
}

// A click on the middle changes no value but is an answer, too.
all("#scores input").forEach((slider) => ["input", "pointerup"].forEach((kind) => slider.addEventListener(kind, give)));
form.addEventListener("change", allowNext);

function answer() {
  const score = (side) => Object.fromEntries(sliders(side).map((slider) => [slider.name, Number(slider.value)]));
  return { trial, scores: sides.map(score), preferred: sides.length === 1 ? null : form.preferred.value };
}

async function send(address, value) {
  find("#next").disabled = true;
  try {
    const options = value && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
    const response = await fetch(address, options);
    if (!response.ok) throw new Error(await response.text());
    show(await response.json());
  } catch (error) {
    const lost = error instanceof TypeError ? "bodydouble user-study is not running any more; start it again to go on" : error.message;
    find("#problem").textContent = `Not saved: ${lost}.`;
    allowNext();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (complete()) send("/answer", answer());
});
find("#skip").addEventListener("click", () => send("/skip", { trial }));

document.addEventListener("keydown", (event) => {
  if (trial === null || event.ctrlKey || event.metaKey || event.altKey) return;
  const preferred = { 1: "left", 2: "same", 3: "right" }[event.key];
  if (event.key === " " && event.target.tagName !== "BUTTON" && event.target.type !== "radio") {
    event.preventDefault();
    toggle();
  } else if (event.key === "Enter" && event.target.tagName !== "BUTTON") {
    event.preventDefault();
    form.requestSubmit();
  } else if (preferred && sides.length === 2) {
    form.preferred.value = preferred;
    allowNext();
  }
});

send("/next");
