/** Joints of the motion over the video: dragging one makes a keyframe at a place in the image. */

import { h } from "../dom.js";
import { jointLabel } from "./describe.js";
import { followPointer } from "./drag.js";
import { findJoint, isSameJoint, listJoints, readPoints } from "./joints.js";
import { findKeyframe, putKeyframe } from "./keyframes.js";
import { bendPose } from "./limb-preview.js";
import { VideoCamera } from "./video-camera.js";

const RADIUS = 4;
const PREVIEW_COLOR = "#8d77ff";

export class ImageJoints {
  place = "pictures";

  constructor({ view, scene, corrections, selection }, falloff) {
    Object.assign(this, { view, scene, corrections, selection, falloff });
    this.canvas = h("canvas", { class: "overlay", "aria-hidden": "true" });
    this.label = h("span", { class: "joint-label", hidden: true });
    this.ended = new AbortController();
  }

  attach(player) {
    this.player = player;
    const { picture, zoom } = this.view.video;
    this.zoom = zoom;
    picture.append(this.canvas, this.label);
    const { signal } = this.ended;
    picture.addEventListener("pointermove", (event) => this.#hover(event), { signal });
    picture.addEventListener("pointerleave", () => this.#setHovered(null), { signal });
    picture.addEventListener("pointerdown", (event) => this.#onDown(event), { signal, capture: true });
    picture.addEventListener("touchstart", (event) => { if (this.#findAt(event.touches[0], "touch")) event.preventDefault(); },
      { signal, passive: false });
    zoom.addEventListener("change", () => this.show(), { signal });
    this.corrections.addEventListener("failed", () => { this.preview = null; this.show(); }, { signal });
    this.corrections.addEventListener("change", () => this.show(), { signal });
    this.selection.addEventListener("change", () => this.show(), { signal });
    this.observer = new ResizeObserver(() => this.show());
    this.observer.observe(picture);
  }

  close() {
    this.ended.abort();
    this.observer.disconnect();
    this.canvas.remove();
    this.label.remove();
  }

  onScene(scene) {
    this.scene = scene;
    this.preview = null;
    this.hovered = null;
  }

  get #camera() {
    return new VideoCamera(this.scene, this.player.frame);
  }

  #listJoints() {
    if (this.view.video.showsFilm) return [];
    const camera = this.#camera;
    return listJoints(this.scene, this.player.frame, (point) => camera.project(point));
  }

  #findAt({ clientX, clientY }, pointerType) {
    const [x, y] = this.zoom.toImage(clientX, clientY);
    const distanceTo = ([placeX, placeY]) => this.zoom.scale * Math.hypot(placeX - x, placeY - y);
    return findJoint(this.#listJoints(), pointerType, distanceTo, this.selection.person);
  }

  #hover(event) {
    if (!this.isDragging && !event.buttons) this.#setHovered(this.#findAt(event, event.pointerType));
  }

  #setHovered(joint) {
    if (this.isDragging || isSameJoint(joint, this.hovered)) return;
    this.hovered = joint;
    this.view.video.picture.classList.toggle("on-joint", Boolean(joint));
    this.show();
  }

  #onDown(event) {
    if (event.button !== 0 || event.target.closest("button")) return;
    const joint = this.#findAt(event, event.pointerType);
    if (!joint) return;
    event.preventDefault();
    if (this.player.isPlaying) this.player.pause();
    this.selection.person = joint.person.name;
    this.selection.joint = joint.name;
    const [pressX, pressY] = this.zoom.toImage(event.clientX, event.clientY);
    const placeAt = (move) => {
      const [x, y] = this.zoom.toImage(move.clientX, move.clientY);
      return [joint.place[0] + x - pressX, joint.place[1] + y - pressY];
    };
    followPointer(this.view.video.picture, event, {
      onMove: (move) => this.#drag(joint, placeAt(move)),
      onDrop: (drop) => this.#drop(joint, placeAt(drop)),
      onCancel: () => this.#end(null),
    });
  }

  #drag(joint, place) {
    this.isDragging = true;
    this.hovered = joint;
    const point = this.#camera.unproject(place, joint.place[2]);
    const { person, name, positions } = joint;
    this.preview = { person, frame: this.player.frame, positions: bendPose(positions, this.scene.joint_names, name, point) };
    this.show();
  }

  #drop(joint, place) {
    this.#drag(joint, place);
    this.#end(this.preview);
    putKeyframe(this.corrections, {
      person: joint.person.name, joint: joint.name, frame: this.player.frame,
      pixel: place.map((value) => Math.round(100 * value) / 100), falloff: this.falloff.seconds,
    });
  }

  #end(preview) {
    this.isDragging = false;
    this.preview = preview;
    this.show();
  }

  /** Shows the frame of the player. */
  show() {
    const ratio = Math.min(2, devicePixelRatio);
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const context = this.canvas.getContext("2d");
    this.zoom.moveContext(context, ratio);
    const joints = this.#listJoints();
    for (const joint of joints) this.#drawJoint(context, joint);
    if (this.preview?.frame === this.player.frame) this.#drawPreview(context);
    this.#showLabel(joints.find((joint) => isSameJoint(joint, this.hovered)));
  }

  #drawJoint(context, joint) {
    const isSelected = joint.person.name === this.selection.person;
    const isHovered = isSameJoint(joint, this.hovered);
    const isChosen = isSelected && joint.name === this.selection.joint;
    const radius = (RADIUS * (isHovered || isChosen ? 1.7 : isSelected ? 1 : 0.7)) / this.zoom.scale;
    const [x, y] = joint.place;
    context.globalAlpha = isSelected || isHovered ? 1 : 0.5;
    context.beginPath();
    if (findKeyframe(this.corrections.list, joint.person.name, joint.name, this.player.frame) >= 0) context.roundRect(x - 1.2 * radius, y - 1.2 * radius, 2.4 * radius, 2.4 * radius, radius / 3);
    else context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = isChosen ? PREVIEW_COLOR : joint.person.color;
    context.strokeStyle = "#14101f";
    context.lineWidth = 1.6 / this.zoom.scale;
    context.fill();
    context.stroke();
    context.globalAlpha = 1;
  }

  #drawPreview(context) {
    const camera = this.#camera;
    const places = readPoints(this.preview.positions).map((point) => camera.project(point));
    context.strokeStyle = PREVIEW_COLOR;
    context.lineWidth = 3 / this.zoom.scale;
    context.lineCap = "round";
    context.beginPath();
    this.scene.parents.forEach((parent, joint) => {
      if (!places[parent] || !places[joint]) return;
      context.moveTo(places[parent][0], places[parent][1]);
      context.lineTo(places[joint][0], places[joint][1]);
    });
    context.stroke();
  }

  #showLabel(joint) {
    this.label.hidden = !joint || this.isDragging;
    if (this.label.hidden) return;
    const [cornerX, cornerY] = this.zoom.corner;
    this.label.textContent = jointLabel(joint.name);
    this.label.style.left = `${cornerX + joint.place[0] * this.zoom.scale}px`;
    this.label.style.top = `${cornerY + joint.place[1] * this.zoom.scale}px`;
  }
}
