/**
 * Joints in the 3D view: dragging one makes a keyframe at a place in the world. It moves in the plane through the joint
 * that is parallel to the screen; with Shift, up and down move it away and towards the viewer.
 */

import { Vector3 } from "../vendor/three.js";
import { followPointer } from "./drag.js";
import { JointMarks } from "./joint-marks.js";
import { findJoint, isSameJoint, listJoints } from "./joints.js";
import { findKeyframe, putKeyframe } from "./keyframes.js";
import { bendPose } from "./limb-preview.js";

export class SceneJoints {
  place = "pictures";

  constructor({ view, scene, corrections, selection }, falloff) {
    Object.assign(this, { view, scene, corrections, selection, falloff });
    this.ended = new AbortController();
  }

  attach(player) {
    this.player = player;
    this.panel = this.view.scene3d;
    const picture = this.panel.canvas.parentElement;
    this.#createMarks();
    const { signal } = this.ended;
    picture.addEventListener("pointermove", (event) => this.#hover(event), { signal });
    picture.addEventListener("pointerdown", (event) => this.#onDown(event), { signal, capture: true });
    this.corrections.addEventListener("failed", () => { this.preview = null; this.show(); }, { signal });
    this.corrections.addEventListener("change", () => this.show(), { signal });
    this.selection.addEventListener("change", () => this.show(), { signal });
  }

  close() {
    this.ended.abort();
    this.#removeMarks();
    this.panel.canvas.style.cursor = "";
  }

  onScene(scene) {
    this.scene = scene;
    this.preview = null;
    this.hovered = null;
    this.#removeMarks();
    this.#createMarks();
  }

  #createMarks() {
    this.marks = new JointMarks(this.scene);
    this.panel.stage.scene.add(this.marks.root);
  }

  #removeMarks() {
    this.panel.stage.scene.remove(this.marks.root);
    this.marks.dispose();
    this.panel.needsDraw = true;
  }

  /** Returns where a point is: x and y in px of the canvas, and its depth between -1 and 1; null behind the camera. */
  #project(point) {
    const { clientWidth, clientHeight } = this.panel.canvas;
    const { x, y, z } = point.clone().project(this.panel.cameras.active);
    return Math.abs(z) < 1 ? [((1 + x) / 2) * clientWidth, ((1 - y) / 2) * clientHeight, z] : null;
  }

  #unproject([x, y, z]) {
    const { clientWidth, clientHeight } = this.panel.canvas;
    return new Vector3((2 * x) / clientWidth - 1, 1 - (2 * y) / clientHeight, z).unproject(this.panel.cameras.active);
  }

  #listJoints() {
    return this.panel.cameras ? listJoints(this.scene, this.player.frame, (point) => this.#project(point)) : [];
  }

  #findAt({ clientX, clientY, pointerType }) {
    const { left, top } = this.panel.canvas.getBoundingClientRect();
    const distanceTo = ([x, y]) => Math.hypot(x - clientX + left, y - clientY + top);
    return findJoint(this.#listJoints(), pointerType, distanceTo, this.selection.person);
  }

  #hover(event) {
    if (this.isDragging || event.buttons) return;
    const joint = this.#findAt(event);
    if (isSameJoint(joint, this.hovered)) return;
    this.hovered = joint;
    this.panel.canvas.style.cursor = joint ? "pointer" : "";
    this.show();
  }

  #onDown(event) {
    if (event.button !== 0 || event.target !== this.panel.canvas) return;
    const joint = this.#findAt(event);
    if (!joint) return;
    event.stopPropagation();
    if (this.player.isPlaying) this.player.pause();
    this.selection.person = joint.person.name;
    this.selection.joint = joint.name;
    const point = joint.point.clone();
    let last = event;
    const move = (next) => {
      this.#movePoint(point, next.clientX - last.clientX, next.clientY - last.clientY, next.shiftKey);
      last = next;
      this.#drag(joint, point);
    };
    followPointer(this.panel.canvas, event, {
      onMove: move,
      onDrop: (drop) => {
        move(drop);
        this.#drop(joint, point);
      },
      onCancel: () => this.#end(null),
    });
  }

  /** Moves a point by px of the canvas: across, or along the ray from the camera. */
  #movePoint(point, x, y, isAlong) {
    const [placeX, placeY, depth] = this.#project(point);
    const across = this.#unproject([placeX + x, placeY + y, depth]);
    if (!isAlong) {
      point.copy(across);
      return;
    }
    const metres = this.#unproject([placeX, placeY + 1, depth]).distanceTo(this.#unproject([placeX, placeY, depth]));
    const camera = new Vector3().setFromMatrixPosition(this.panel.cameras.active.matrixWorld);
    point.addScaledVector(point.clone().sub(camera).normalize(), -y * metres);
  }

  #drag({ person, name, positions }, point) {
    this.isDragging = true;
    this.preview = { person, frame: this.player.frame, positions: bendPose(positions, this.scene.joint_names, name, point) };
    this.show();
  }

  #drop({ person, name }, point) {
    this.#end(this.preview);
    putKeyframe(this.corrections, {
      person: person.name, joint: name, frame: this.player.frame,
      position: point.toArray().map((value) => Math.round(1e4 * value) / 1e4), falloff: this.falloff.seconds,
    });
  }

  #end(preview) {
    this.isDragging = false;
    this.preview = preview;
    this.show();
  }

  /** Shows the frame of the player. */
  show() {
    const { frame } = this.player;
    const { person, joint } = this.selection;
    const joints = this.#listJoints();
    this.marks.show(frame, {
      hovered: joints.find((one) => isSameJoint(one, this.hovered)),
      chosen: joints.find((one) => one.person.name === person && one.name === joint),
      keyframes: joints.filter((one) => findKeyframe(this.corrections.list, one.person.name, one.name, frame) >= 0),
      preview: this.preview?.frame === frame ? this.preview.positions : null,
    });
    this.panel.needsDraw = true;
  }
}
