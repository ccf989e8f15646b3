/** Videos that are on their way to the server, one after the other. */

import { upload } from "../api.js";
import { formatBytes, toast } from "../dom.js";

const VIDEO_NAMES = /\.(mp4|m4v|mov|webm|mkv|avi|mpe?g|m?ts|m2ts|wmv|flv|3gp|ogv|gif)$/i;

export class Uploads {
  constructor(session, onChange) {
    this.session = session;
    this.onChange = onChange;
    /** Waiting and running uploads: {file, part, running, failed}. */
    this.items = [];
  }

  /** Adds files with the options that they get. */
  add(files, options) {
    for (const file of files) {
      if (!file.type.startsWith("video/") && !VIDEO_NAMES.test(file.name)) {
        toast(`${file.name} is no video`, "bad");
      } else if (file.size > this.session.upload_bytes) {
        toast(`${file.name} has ${formatBytes(file.size)}; at most ${formatBytes(this.session.upload_bytes)} can be uploaded`, "bad");
      } else {
        this.items.push({ file, options, part: 0, running: null });
      }
    }
    this.onChange();
    this.#startNext();
  }

  cancel(item) {
    if (item.running) item.running.abort();
    else this.#remove(item);
  }

  async #startNext() {
    const item = this.items[0];
    if (!item || item.running) return;
    item.running = upload(item.file, item.options, (part) => { item.part = part; this.onChange(); });
    try {
      await item.running.done;
    } catch (error) {
      if (error.message !== "cancelled") toast(`${item.file.name}: ${error.message}`, "bad");
    }
    this.#remove(item);
    this.#startNext();
  }

  #remove(item) {
    this.items = this.items.filter((other) => other !== item);
    this.onChange();
  }
}

addEventListener("beforeunload", (event) => {
  if (document.body.classList.contains("uploading")) event.preventDefault();
});
