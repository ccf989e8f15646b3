/** The camera of the computer that shows the page: a live stream, and recordings of it. */

const TYPES = ["video/webm;codecs=vp8,opus", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const BITS_PER_SECOND = 8e6;
const PART_MILLISECONDS = 1000;
const REASONS = {
  NotAllowedError: "The browser refuses the camera to this page. Allow it with the symbol beside the address, then try again.",
  SecurityError: "The browser refuses the camera to this page. Allow it with the symbol beside the address, then try again.",
  NotFoundError: "There is no camera on this computer. Connect one, or choose a video file.",
  OverconstrainedError: "This camera is not connected any more. Choose another one, or a video file.",
  NotReadableError: "The camera does not start. Another program may be using it; close that, then try again.",
  AbortError: "The camera does not start. Another program may be using it; close that, then try again.",
};
const NO_MICROPHONE = "There is no microphone, or it is refused to this page. Switch the sound off to record without it.";
const INSECURE = "Browsers give the camera only to pages of this computer itself. Open the studio on the computer that "
  + "runs it, or record with a camera app and choose the video here.";

/** Returns a line that says why this page cannot use a camera at all; empty if it can. */
export function explainMissing() {
  if (!isSecureContext) return INSECURE;
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return "This browser cannot record. Choose a video file.";
  return "";
}

/** Opens a camera, any if no ID is given. Rejects with an error whose message is a line for people. */
export async function openCamera(deviceId, hasSound) {
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  if (deviceId) video.deviceId = { exact: deviceId };
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video });
  } catch (error) {
    throw new Error(REASONS[error.name] ?? `The camera does not start: ${error.message}`);
  }
  if (hasSound) await addMicrophone(stream);
  return stream;
}

async function addMicrophone(stream) {
  try {
    const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of sound.getAudioTracks()) stream.addTrack(track);
  } catch {
    closeCamera(stream);
    throw new Error(NO_MICROPHONE);
  }
}

export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Returns the cameras; browsers tell their names only after one of them was allowed. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
}

/** A recording of a stream. It ends by ``stop``, when the camera is unplugged, or at the maximum size. */
export class Recording {
  constructor(stream, maxBytes) {
    this.parts = [];
    this.size = 0;
    const type = TYPES.find((candidate) => MediaRecorder.isTypeSupported(candidate));
    this.recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: BITS_PER_SECOND });
    this.recorder.addEventListener("dataavailable", ({ data }) => this.#add(data, maxBytes));
    /** Resolves with the recorded file when the recording has ended. */
    this.file = new Promise((resolve) => { this.recorder.addEventListener("stop", () => resolve(this.#finish())); });
    this.recorder.start(PART_MILLISECONDS);
  }

  stop() {
    if (this.recorder.state !== "inactive") this.recorder.stop();
  }

  #add(data, maxBytes) {
    if (this.size + data.size > maxBytes) {
      this.stop();
      return;
    }
    this.parts.push(data);
    this.size += data.size;
  }

  #finish() {
    const [type] = this.recorder.mimeType.split(";");
    return new File(this.parts, `${nameNow()}.${type === "video/mp4" ? "mp4" : "webm"}`, { type });
  }
}

/** Name of a recording that ends now: "Recording 2026-05-01 14.03.22". */
function nameNow() {
  const pad = (number) => String(number).padStart(2, "0");
  const now = new Date();
  const day = [now.getFullYear(), pad(now.getMonth() + 1), pad(now.getDate())].join("-");
  return `Recording ${day} ${[now.getHours(), now.getMinutes(), now.getSeconds()].map(pad).join(".")}`;
}
