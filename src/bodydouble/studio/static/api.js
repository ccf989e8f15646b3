/** Requests to the server, and the stream of its events. */

const BINARY = "application/octet-stream";
/** Maximum length of a name in an address. */
const MAX_NAME = 80;

/** An answer that says that a request failed. */
class AnswerError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function read(response) {
  if (response.status === 204) return null;
  const body = await response.json().catch(() => ({ error: `the studio answered with ${response.status}` }));
  if (!response.ok) throw new AnswerError(body.error || `the studio answered with ${response.status}`, response.status);
  return body;
}

async function send(method, address, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Error("the studio does not answer; is it still running?");
  }
  return read(response);
}

export const getSession = () => send("GET", "/api/session");
export const getTake = (id) => send("GET", `/api/takes/${id}`);
export const renameTake = (id, title) => send("PATCH", `/api/takes/${id}`, { title });
export const removeTake = (id) => send("DELETE", `/api/takes/${id}`);
export const cancelTake = (id) => send("POST", `/api/takes/${id}/cancel`);
export const restartTake = (id) => send("POST", `/api/takes/${id}/restart`);
export const changeCharacter = (id, character) => send("POST", `/api/takes/${id}/character`, { character });
export const beginDownload = (id, formats) => send("POST", `/api/takes/${id}/downloads`, { formats });
export const getDownload = (id) => send("GET", `/api/downloads/${id}`);
export const cancelDownload = (id) => send("DELETE", `/api/downloads/${id}`);
export const listCharacters = () => send("GET", "/api/characters");
export const renameCharacter = (id, title) => send("PATCH", `/api/characters/${id}`, { title });
export const removeCharacter = (id) => send("DELETE", `/api/characters/${id}`);
export const getCorrections = (id) => send("GET", `/api/takes/${id}/corrections`);
export const saveCorrections = (id, corrections, version) =>
  send("PUT", `/api/takes/${id}/corrections`, { corrections, version });
export const drawFilm = (id) => send("POST", `/api/takes/${id}/film`);
export const getAnnotations = (id) => send("GET", `/api/takes/${id}/annotations`);
export const saveAnnotations = (id, poses, version) => send("PUT", `/api/takes/${id}/annotations`, { poses, version });
export const applyAnnotations = (id, version) => send("POST", `/api/takes/${id}/annotations/apply`, { version });
export const getScene = (id) => send("GET", `/takes/${id}/scene.json`);

/** Returns the annotations of a file as the studio has them: {poses}. */
export async function parseAnnotations(id, file) {
  const body = await file.arrayBuffer();
  return read(await fetch(`/api/takes/${id}/annotations/import`, { method: "POST", headers: { "Content-Type": "application/json" }, body }));
}

/** Returns JSON and numbers that the server has packed into one piece. */
async function getPacked(address, message) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(message);
  const buffer = await response.arrayBuffer();
  const size = new DataView(buffer).getUint32(0, true);
  return [JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size))), new Float32Array(buffer, 4 + size)];
}

/** Returns the description and the numbers of the keypoints that the network has found. */
export const getKeypoints = (id) => getPacked(`/takes/${id}/keypoints.bin`, "the keypoints cannot be loaded");

/** Returns the numbers of the scene of one version of the corrections. */
export async function getNumbers(id, version) {
  const response = await fetch(`/takes/${id}/scene.bin?version=${version}`);
  if (!response.ok) await read(response);
  return new Float32Array(await response.arrayBuffer());
}

/** Returns the plots of a take: as in plots.py, and for each person a function that returns the values of a column. */
export async function getPlots(id) {
  const [data, numbers] = await getPacked(`/takes/${id}/plots.bin`, "the plots cannot be loaded");
  const read = ({ values: { offset, shape: [frames, columns] }, ...person }) => ({
    ...person,
    column: (index) => Float32Array.from({ length: frames }, (_, row) => numbers[offset + row * columns + index]),
  });
  return { ...data, people: data.people.map(read), automatic: data.automatic.map(read) };
}

/** Sends a video. Returns an object with a promise of the take and a function that breaks it off. */
export function upload(file, options, onProgress) {
  const query = new URLSearchParams({ ...options, name: file.name.slice(-MAX_NAME) });
  return sendFile(`/api/takes?${query}`, file.type.startsWith("video/") ? file.type : BINARY, file, onProgress);
}

/** Sends a character. Returns an object with a promise of the character and a function that breaks it off. */
export function uploadCharacter(file, onProgress) {
  const query = new URLSearchParams({ name: file.name.slice(-MAX_NAME) });
  return sendFile(`/api/characters?${query}`, BINARY, file, onProgress);
}

/** Sends a file. XMLHttpRequest is used because fetch does not tell how much of a body was sent. */
function sendFile(address, type, file, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => onProgress(event.loaded / Math.max(1, event.total));
    request.onload = () => {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        body = { error: `the studio answered with ${request.status}` };
      }
      if (request.status < 300) resolve(body);
      else reject(new Error(body.error));
    };
    request.onerror = () => reject(new Error("the upload broke off; is the studio still running?"));
    request.onabort = () => reject(new Error("cancelled"));
  });
  request.open("POST", address);
  request.setRequestHeader("Content-Type", type);
  request.send(file);
  return { done, abort: () => request.abort() };
}

/** Calls back with the list of all takes whenever it changes, and with null while the server does not answer. */
export function watchTakes(onTakes) {
  const source = new EventSource("/api/events");
  source.addEventListener("takes", (event) => onTakes(JSON.parse(event.data)));
  source.addEventListener("error", () => onTakes(null));
  return source;
}
