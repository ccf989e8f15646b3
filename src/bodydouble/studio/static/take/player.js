/** The clock of a take: which frame is shown. The video runs it while it plays; all panels follow its frames. */

export const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2];

/** Events: "frame" when another frame is shown, "state" when playing, speed or looping change. */
export class Player extends EventTarget {
  constructor(video, frames, fps) {
    super();
    this.video = video;
    this.frames = frames;
    this.fps = fps;
    this.frame = 0;
    this.isPlaying = false;
    this.isLooping = true;
    this.speed = 1;
    this.isClosed = false;
    video.addEventListener("ended", () => this.#onEnd());
    video.addEventListener("pause", () => { if (this.isPlaying && !video.ended) this.pause(); });
    this.#follow();
  }

  close() {
    this.isClosed = true;
    this.video.pause();
  }

  async play() {
    if (this.frame >= this.frames - 1) this.seek(0);
    this.isPlaying = true;
    this.video.playbackRate = this.speed;
    this.#tell("state");
    try {
      await this.video.play();
    } catch {
      this.pause();
    }
  }

  pause() {
    this.isPlaying = false;
    this.video.pause();
    this.seek(this.frame);
    this.#tell("state");
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  /** Shows a frame; the video stands in its middle, so that rounding cannot show a neighbour. */
  seek(frame) {
    this.#show(Math.min(this.frames - 1, Math.max(0, Math.round(frame))));
    this.video.currentTime = (this.frame + 0.5) / this.fps;
  }

  step(count) {
    if (this.isPlaying) this.pause();
    this.seek(this.frame + count);
  }

  setSpeed(speed) {
    this.speed = speed;
    this.video.playbackRate = speed;
    this.#tell("state");
  }

  changeSpeed(steps) {
    const index = SPEEDS.indexOf(this.speed) + steps;
    this.setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, index))]);
  }

  setLooping(isLooping) {
    this.isLooping = isLooping;
    this.#tell("state");
  }

  /** Follows the frames that the video presents: the time of a frame is exact, that of the video is not. */
  #follow() {
    const onFrame = (_, { mediaTime }) => {
      if (this.isClosed) return;
      if (this.isPlaying) this.#show(Math.min(this.frames - 1, Math.round(mediaTime * this.fps)));
      this.video.requestVideoFrameCallback(onFrame);
    };
    if (this.video.requestVideoFrameCallback) {
      this.video.requestVideoFrameCallback(onFrame);
      return;
    }
    const onTick = () => {
      if (this.isClosed) return;
      if (this.isPlaying) this.#show(Math.min(this.frames - 1, Math.floor(this.video.currentTime * this.fps + 0.01)));
      requestAnimationFrame(onTick);
    };
    requestAnimationFrame(onTick);
  }

  #onEnd() {
    if (!this.isPlaying) return;
    if (this.isLooping) {
      this.seek(0);
      this.video.play().catch(() => this.pause());
    } else {
      this.#show(this.frames - 1);
      this.pause();
    }
  }

  #show(frame) {
    if (frame === this.frame) return;
    this.frame = frame;
    this.#tell("frame");
  }

  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}
