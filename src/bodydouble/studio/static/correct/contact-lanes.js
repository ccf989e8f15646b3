/** Time lines with the contacts of a person's feet: drawn, moved, resized and deleted by mouse or keyboard. */

import { h } from "../dom.js";
import { columnsOf, PARTS, SIDES } from "./contact-sheet.js";
import { findGrip, followPointer } from "./drag.js";

const GRIP = 8;
/** Duration in s of a contact that is added by the keyboard. */
const NEW_SECONDS = 0.2;
/** Time in ms without a key after which what was done by keys becomes a correction. */
const KEY_DELAY = 600;

/** Lane of a foot or of a part of it. */
class Lane {
  constructor(lanes, side, part) {
    this.lanes = lanes;
    this.columns = columnsOf(side, part);
    this.label = part === "foot" ? `${side} foot` : `${side} ${part}`;
    this.bars = [];
    this.erased = h("div", { class: "track-content" });
    this.element = h("div", { class: "track contacts", tabindex: "0", role: "group",
      "aria-label": `${lanes.person.label}, ${this.label}: contacts. Enter adds one at the frame.` },
    h("span", { class: "track-label" }, this.label), this.erased);
    this.element.addEventListener("pointerdown", (event) => this.#onDown(event));
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("focusout", (event) => { if (!this.element.contains(event.relatedTarget)) lanes.commit(); });
  }

  show(sheet) {
    this.contacts = sheet.listContacts(this.columns);
    while (this.bars.length > this.contacts.length) this.bars.pop().remove();
    this.contacts.forEach((contact, index) => this.#showBar(contact, index));
    this.erased.replaceChildren(...sheet.listErased(this.columns)
      .map(({ first, last }) => this.lanes.axis.place(h("i", { class: "erased" }), first, last)));
  }

  #showBar({ first, last, isByHand }, index) {
    const bar = this.bars[index] ?? h("button", { type: "button", class: "contact" });
    this.bars[index] = bar;
    this.lanes.axis.place(bar, first, last).classList.toggle("by-hand", isByHand);
    bar.setAttribute("aria-label", `${this.label} rests, frames ${first} to ${last}${isByHand ? ", by hand" : ""}`);
    bar.title = "Drag it or its ends; Delete removes it";
    if (!bar.isConnected) this.element.append(bar);
  }

  /** Puts the keyboard on the contact that has a frame. */
  focus(frame) {
    const index = this.contacts.findIndex(({ first, last }) => frame >= first && frame <= last);
    (this.bars[index] ?? this.element).focus({ preventScroll: true });
  }

  #onDown(event) {
    if (event.button !== 0) return;
    if (event.shiftKey) {
      this.lanes.span.drawIn(this.element, event);
      return;
    }
    const { axis } = this.lanes;
    const start = axis.frameAt(this.element, event.clientX);
    const contact = this.contacts[this.bars.indexOf(event.target)];
    const grip = contact && findGrip(event.target, event.clientX, GRIP);
    const edit = (move) => {
      const frame = axis.frameAt(this.element, move.clientX);
      return contact ? this.#stretch(contact, grip, frame - start) : this.#draw(Math.min(start, frame), Math.max(start, frame));
    };
    followPointer(this.element, event, {
      onMove: (move) => this.lanes.preview(edit(move)),
      onDrop: (drop) => {
        const [sheet, { first }] = edit(drop);
        this.lanes.commit(sheet);
        this.focus(first);
      },
      onClick: () => (contact ? this.focus(contact.first) : this.lanes.player.seek(start)),
      onCancel: () => this.lanes.show(),
    });
  }

  /** Returns the sheet with a new contact, and the contact. */
  #draw(first, last) {
    const sheet = this.lanes.sheet.copy();
    const to = this.#keepInside({ first, last });
    sheet.draw(this.columns, to.first, to.last);
    return [sheet, to];
  }

  /** Returns the sheet with a contact, or an end of it, moved by some frames, and the contact. */
  #stretch(contact, grip, shift) {
    const sheet = this.lanes.sheet.copy();
    const { first, length } = sheet;
    if (grip === "both") {
      const bounded = Math.max(first - contact.first, Math.min(first + length - 1 - contact.last, shift));
      sheet.move(this.columns, contact, bounded);
      return [sheet, { first: contact.first + bounded, last: contact.last + bounded }];
    }
    const to = { ...contact };
    to[grip] += shift;
    if (to.first > to.last) to[grip] = grip === "first" ? to.last : to.first;
    const kept = this.#keepInside(to);
    sheet.resize(this.columns, contact, kept);
    return [sheet, kept];
  }

  #keepInside({ first, last }) {
    const { first: start, length } = this.lanes.sheet;
    const bound = (frame) => Math.min(start + length - 1, Math.max(start, frame));
    return { first: bound(first), last: bound(last) };
  }

  #onKey(event) {
    const contact = this.contacts[this.bars.indexOf(event.target)];
    const edit = contact ? this.#editByKey(contact, event) : this.#addByKey(event);
    if (!edit) return;
    event.preventDefault();
    event.stopPropagation();
    const [sheet, { first }] = edit;
    this.lanes.editByKey(sheet);
    this.focus(first);
  }

  #editByKey(contact, { key, shiftKey, ctrlKey, metaKey }) {
    if (key === "Delete" || key === "Backspace") {
      const sheet = this.lanes.sheet.copy();
      sheet.erase(this.columns, contact.first, contact.last);
      return [sheet, contact];
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    return step && this.#stretch(contact, ctrlKey || metaKey ? "first" : shiftKey ? "last" : "both", step);
  }

  #addByKey({ key }) {
    if (key !== "Enter") return null;
    const { span, player } = this.lanes;
    const [first, last] = span.value ?? [player.frame, player.frame + Math.round(NEW_SECONDS * player.fps) - 1];
    return this.#draw(first, last);
  }
}

export class ContactLanes {
  /** Takes what the time lines share, the person, and whether heel and toes have lanes of their own. */
  constructor({ axis, span, player, corrections, status }, person, isExpanded) {
    Object.assign(this, { axis, span, player, corrections, status, person });
    const parts = isExpanded ? PARTS : ["foot"];
    this.lanes = SIDES.flatMap((side) => parts.map((part) => new Lane(this, side, part)));
    this.element = h("div", { class: "tracks" }, this.lanes.map((lane) => lane.element));
  }

  /** The contacts as they are shown; what was done by keys is not yet a correction. */
  get sheet() {
    return this.edited ?? this.saved;
  }

  /** Shows contacts. */
  setSheet(sheet) {
    clearTimeout(this.timer);
    this.edited = null;
    this.saved = sheet;
    this.show();
  }

  show(sheet = this.sheet) {
    for (const lane of this.lanes) lane.show(sheet);
  }

  /** Shows what an edit would lead to. */
  preview([sheet, { first, last }]) {
    this.show(sheet);
    this.status(`frames ${first} to ${last}`);
  }

  editByKey(sheet) {
    this.edited = sheet;
    this.show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.commit(), KEY_DELAY);
  }

  /** Makes corrections of an edit. */
  commit(sheet = this.edited) {
    clearTimeout(this.timer);
    this.edited = null;
    if (!sheet) return;
    const { list } = this.corrections;
    const changed = sheet.applyTo(list);
    if (JSON.stringify(changed) === JSON.stringify(list)) this.show();
    else this.corrections.replaceAll(changed);
  }
}
