"use strict";

// Maximum time difference of the videos in seconds before they are synchronized.
const MAX_DRIFT = 0.08;

const find = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const form = find("#answer");
let trial = null;
let sides = [];
let wantsToPlay = true;

const videos = () => sides.map((side) => find(`figure.${side} video`));
const sliders = (side) => all(`fieldset.${side} input`);
const longest = () => videos().reduce((a, b) => (b.duration > a.duration ? b : a));

function showTrial(state) {
  find("#progress").textContent = `${Math.min(state.answered + 1, state.count)} of ${state.count}`;
  find("#save-error").textContent = "";
  find("#trial").hidden = state.trial === null;
  find("#done").hidden = state.trial !== null;
  if (state.trial === null) {
    videos().forEach((video) => video.pause());
    find("#progress").textContent = `${state.answered} of ${state.count} rated`;
    return;
  }
  trial = state.trial;
  sides = state.sides;
  document.body.classList.toggle("single", sides.length === 1);
  find("#playback-error").hidden = true;
  form.reset();
  all("#scores input").forEach((slider) => slider.classList.remove("given"));
  all("output").forEach((output) => { output.textContent = "–"; });
  updateNextButton();
  wantsToPlay = true;
  all("video").forEach((video) => { video.removeAttribute("src"); video.load(); });
  videos().forEach((video, i) => { video.src = `/video/${trial}/${sides[i]}`; });
  window.scrollTo(0, 0);
}

// Synchronized playback

function onVideoLoaded() {
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

function togglePlayback() {
  wantsToPlay = !wantsToPlay;
  play();
}

function seek(seconds) {
  videos().forEach((video) => { video.currentTime = Math.min(seconds, video.duration); });
}

function synchronize() {
  if (trial === null || !videos().every((video) => video.duration > 0)) return;
  const leader = longest();
  find("#time").value = leader.currentTime / leader.duration;
  videos().forEach((video) => {
    const wanted = Math.min(leader.currentTime, video.duration);
    if (video !== leader && !video.seeking && Math.abs(video.currentTime - wanted) > MAX_DRIFT) video.currentTime = wanted;
  });
}

function restart(event) {
  if (event.target !== longest()) return;
  seek(0);
  play();
}

all("video").forEach((video) => {
  video.addEventListener("loadeddata", onVideoLoaded);
  video.addEventListener("ended", restart);
  video.addEventListener("error", () => { find("#playback-error").hidden = false; });
});
find("#play").addEventListener("click", togglePlayback);
find("#time").addEventListener("input", (event) => seek(event.target.value * longest().duration));
setInterval(synchronize, 100);

// Responses

function isComplete() {
  const scored = sides.every((side) => sliders(side).every((slider) => slider.classList.contains("given")));
  return trial !== null && scored && (sides.length === 1 || form.preferred.value !== "");
}

function updateNextButton() {
  find("#next").disabled = !isComplete();
}

function setScore(event) {
  event.target.classList.add("given");
  event.target.closest("label").querySelector("output").textContent = event.target.value;
  updateNextButton();
}

// A click on the default value fires no input event but is a score, too.
all("#scores input").forEach((slider) => ["input", "pointerup"].forEach((kind) => slider.addEventListener(kind, setScore)));
form.addEventListener("change", updateNextButton);

function collectResponse() {
  const score = (side) => Object.fromEntries(sliders(side).map((slider) => [slider.name, Number(slider.value)]));
  return { trial, scores: sides.map(score), preferred: sides.length === 1 ? null : form.preferred.value };
}

async function send(address, value) {
  find("#next").disabled = true;
  try {
    const options = value && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
    const response = await fetch(address, options);
    if (!response.ok) throw new Error(await response.text());
    showTrial(await response.json());
  } catch (error) {
    const stopped = "the server has stopped; start bodydouble user-study again to continue";
    find("#save-error").textContent = `Not saved: ${error instanceof TypeError ? stopped : error.message}.`;
    updateNextButton();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (isComplete()) send("/answer", collectResponse());
});
find("#skip").addEventListener("click", () => send("/skip", { trial }));

document.addEventListener("keydown", (event) => {
  if (trial === null || event.ctrlKey || event.metaKey || event.altKey) return;
  const preferred = { 1: "left", 2: "same", 3: "right" }[event.key];
  if (event.key === " " && event.target.tagName !== "BUTTON" && event.target.type !== "radio") {
    event.preventDefault();
    togglePlayback();
  } else if (event.key === "Enter" && event.target.tagName !== "BUTTON") {
    event.preventDefault();
    form.requestSubmit();
  } else if (preferred && sides.length === 2) {
    form.preferred.value = preferred;
    updateNextButton();
  }
});

send("/next");
