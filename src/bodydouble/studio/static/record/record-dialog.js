/** Dialog that records a video with the camera: look, record after a countdown, review, then use or discard it. */

import { confirmAction, openDialog } from "../dialogs.js";
import { formatTime, h } from "../dom.js";
import { closeCamera, explainMissing, listCameras, openCamera, Recording } from "./camera.js";

const COUNTDOWN = 3;
const CAMERA = "studio-camera";

/** Opens the dialog; ``onUse`` receives the recorded file. */
export function showRecorder(maxBytes, onUse) {
  if (!document.querySelector("dialog.recorder")) new Recorder(maxBytes, onUse);
}

/** States: "opening", "ready", "countdown", "recording", "review", "failed". */
class Recorder {
  constructor(maxBytes, onUse) {
    this.maxBytes = maxBytes;
    this.onUse = onUse;
    this.listeners = new AbortController();
    this.#build();
    this.dialog = openDialog("Record with the camera", this.content, "recorder");
    this.dialog.addEventListener("cancel", (event) => this.#onCancel(event));
    this.dialog.addEventListener("close", () => this.#close());
    addEventListener("beforeunload", (event) => { if (this.#hasSomethingToLose) event.preventDefault(); }, { signal: this.listeners.signal });
    this.#open();
  }

  get #hasSomethingToLose() {
    return this.state === "recording" || this.state === "review";
  }

  #build() {
    const button = (text, onclick, kind = "") => h("button", { type: "button", class: `button ${kind}`, onclick }, text);
    this.preview = h("video", { class: "mirrored", muted: true, autoplay: true, playsinline: true, "aria-label": "Camera, mirrored" });
    this.preview.muted = true;
    this.review = h("video", { controls: true, playsinline: true, hidden: true, "aria-label": "Recording" });
    this.count = h("div", { class: "countdown", "aria-hidden": "true" });
    this.clock = h("span", { class: "recording-time", hidden: true });
    this.message = h("p", { class: "recorder-message", role: "status" });
    this.cameras = h("select", { class: "field", hidden: true, "aria-label": "Camera", onchange: () => this.#chooseCamera() });
    this.sound = h("input", { type: "checkbox", name: "sound", onchange: () => this.#open() });
    this.options = h("div", { class: "recorder-options" }, this.cameras,
      h("label", { class: "switch" }, this.sound, h("i", {}), h("span", {}, "Sound")));
    this.buttons = {
      retry: button("Try again", () => this.#open()),
      start: button("Record", () => this.#countDown(), "primary"),
      stop: button("Stop", () => this.#stop(), "danger"),
      discard: button("Discard", () => this.#discard()),
      use: button("Use the recording", () => this.#use(), "primary"),
    };
    this.content = h("div", {}, h("div", { class: "viewfinder" }, this.preview, this.review, this.count, this.clock),
      this.message, h("div", { class: "recorder-controls" }, this.options, Object.values(this.buttons)));
  }

  /** Shows a state with its line of text and its buttons; the first button gets the focus. */
  #show(state, text, ...names) {
    this.state = state;
    this.dialog.dataset.state = state;
    this.message.textContent = text;
    this.options.hidden = state !== "ready" && state !== "failed";
    this.clock.hidden = state !== "recording";
    this.preview.hidden = state === "review";
    this.review.hidden = state !== "review";
    if (state !== "countdown") this.count.textContent = "";
    for (const [name, button] of Object.entries(this.buttons)) button.hidden = !names.includes(name);
    this.buttons[names[0]]?.focus();
  }

  async #open() {
    this.#closeStream();
    const problem = explainMissing();
    if (problem) {
      this.#show("failed", problem);
      this.options.hidden = true;
      return;
    }
    this.#show("opening", "Waiting for the camera. The browser may ask you to allow it.");
    const request = (this.request = {});
    try {
      const stream = await openCamera(localStorage.getItem(CAMERA), this.sound.checked).catch((error) => this.#openAny(error));
      if (request !== this.request) closeCamera(stream);
      else await this.#showStream(stream);
    } catch (error) {
      if (request === this.request) this.#show("failed", error.message, "retry");
    }
  }

  /** Opens another camera if the one that was chosen once is not connected. */
  #openAny(error) {
    if (!localStorage.getItem(CAMERA)) throw error;
    localStorage.removeItem(CAMERA);
    return openCamera(null, this.sound.checked);
  }

  async #showStream(stream) {
    this.stream = stream;
    this.preview.srcObject = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", () => this.#onLostCamera());
    const cameras = await listCameras();
    const used = track.getSettings().deviceId;
    this.cameras.replaceChildren(...cameras.map(({ deviceId, label }, index) =>
      h("option", { value: deviceId, selected: deviceId === used }, label || `Camera ${index + 1}`)));
    this.cameras.hidden = cameras.length < 2;
    this.#show("ready", "The picture is mirrored, the recording is not. Stand so that all of you is in it, with feet.", "start");
  }

  #chooseCamera() {
    localStorage.setItem(CAMERA, this.cameras.value);
    this.#open();
  }

  #onLostCamera() {
    this.#closeStream();
    if (this.state === "recording") this.recording.stop();
    else if (this.state !== "review") this.#show("failed", "The camera has stopped. Connect it again, then try again.", "retry");
  }

  #countDown() {
    let left = COUNTDOWN;
    const tick = () => {
      if (left === 0) {
        this.#record();
        return;
      }
      this.#show("countdown", `The recording starts in ${left}.`, "stop");
      this.count.textContent = left;
      left -= 1;
      this.timer = setTimeout(tick, 1000);
    };
    tick();
  }

  async #record() {
    this.recording = new Recording(this.stream, this.maxBytes);
    const start = performance.now();
    const showTime = () => { this.clock.textContent = formatTime((performance.now() - start) / 1000); };
    showTime();
    this.timer = setInterval(showTime, 250);
    this.#show("recording", "Recording.", "stop");
    this.file = await this.recording.file;
    clearInterval(this.timer);
    if (this.dialog.open) this.#showReview();
  }

  #stop() {
    if (this.state === "recording") {
      this.recording.stop();
      return;
    }
    clearTimeout(this.timer);
    this.#show("ready", "The recording was not started.", "start");
  }

  #showReview() {
    this.#closeStream();
    this.address = URL.createObjectURL(this.file);
    this.review.src = this.address;
    this.review.addEventListener("loadedmetadata", () => findDuration(this.review), { once: true });
    this.#show("review", "Use this recording, or discard it and record again.", "use", "discard");
  }

  #discard() {
    this.#forget();
    this.#open();
  }

  #use() {
    this.onUse(this.file);
    this.state = "used";
    this.dialog.close();
  }

  #forget() {
    if (this.address) URL.revokeObjectURL(this.address);
    this.review.removeAttribute("src");
    this.address = this.file = null;
  }

  async #onCancel(event) {
    if (!this.#hasSomethingToLose) return;
    event.preventDefault();
    if (await confirmAction("Discard the recording?", "It is not saved anywhere.", "Discard")) this.dialog.close();
  }

  #closeStream() {
    closeCamera(this.stream);
    this.stream = this.preview.srcObject = null;
  }

  #close() {
    this.request = null;
    this.listeners.abort();
    clearTimeout(this.timer);
    this.recording?.stop();
    this.#closeStream();
    this.#forget();
  }
}

/** Makes the browser find the duration of a recording, which has none written in it: it looks at the end of the file. */
function findDuration(video) {
  if (Number.isFinite(video.duration)) return;
  video.addEventListener("durationchange", () => { video.currentTime = 0; }, { once: true });
  video.currentTime = Number.MAX_SAFE_INTEGER;
}
