/**
 * Detail of the 3D view. A renderer without a graphics card leaves out the outlines of drawn characters while something
 * moves, and draws the still picture again in full, with smooth edges.
 */

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const STILL_DELAY = 350;
const MAX_RATIO = 2;

/** Returns whether WebGL runs without a graphics card; null if there is no WebGL. */
export function hasSoftwareRenderer() {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return null;
  const information = gl.getExtension("WEBGL_debug_renderer_info");
  const name = gl.getParameter(information ? information.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return SOFTWARE.test(name);
}

export class Detail {
  /** Takes the renderer, a function that draws, and whether detail is left out while something moves. */
  constructor(renderer, draw, isReduced) {
    this.renderer = renderer;
    this.draw = draw;
    this.isReduced = isReduced;
    this.outlines = [];
    this.setRatio(this.isReduced ? 1 : Math.min(MAX_RATIO, devicePixelRatio));
  }

  setRatio(ratio) {
    if (this.renderer.getPixelRatio() !== ratio) this.renderer.setPixelRatio(ratio);
  }

  /** Notes the outlines of a model. */
  add(root) {
    root.traverse(({ material }) => {
      for (const one of [material].flat()) if (one?.isOutline) this.outlines.push(one);
    });
  }

  /** Forgets the outlines of a model, and frees the memory of what it is made of. */
  remove(root) {
    root.traverse(({ geometry, material }) => {
      geometry?.dispose();
      for (const one of [material].flat()) one?.dispose();
      this.outlines = this.outlines.filter((outline) => ![material].flat().includes(outline));
    });
  }

  /** Draws while something moves. */
  drawMoving() {
    if (this.isReduced) {
      this.#set(1, false);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#drawStill(), STILL_DELAY);
    }
    this.draw();
  }

  #drawStill() {
    this.#set(MAX_RATIO, true);
    this.draw();
  }

  #set(ratio, hasOutlines) {
    this.setRatio(ratio);
    for (const material of this.outlines) material.visible = hasOutlines;
  }

  close() {
    clearTimeout(this.timer);
  }
}
