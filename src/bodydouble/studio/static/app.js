/** The page: theme, keyboard, and the choice between library and take by the hash of the address. */

import { getSession, watchTakes } from "./api.js";
import { showShortcuts } from "./dialogs.js";
import { icon, toast } from "./dom.js";
import { LibraryView } from "./library/library.js";

const main = document.getElementById("main");
const bar = { title: document.getElementById("bar-title"), actions: document.getElementById("bar-actions") };
const state = { session: null, takes: null, view: null, address: null };

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function showTheme() {
  document.getElementById("theme").replaceChildren(icon(isDark() ? "sun" : "moon"));
  state.view?.onTheme?.(isDark());
}

function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
  showTheme();
}

/** Shows the view that the address names. */
async function route() {
  const match = /^#\/take\/([0-9a-f]{16})$/.exec(location.hash);
  const address = match ? match[1] : "";
  if (address === state.address) return;
  state.address = address;
  state.view?.close();
  bar.title.replaceChildren();
  bar.actions.replaceChildren();
  const context = { main, bar, session: state.session, isDark, reopen };
  if (match) {
    const { TakeView } = await import("./take/view.js");
    if (state.address !== address) return;
    state.view = new TakeView(context, match[1]);
  } else {
    state.view = new LibraryView(context);
  }
  document.body.dataset.view = match ? "take" : "library";
  if (state.takes) state.view.onTakes(state.takes);
  main.focus({ preventScroll: true });
}

/** Shows the view anew, since what it shows was made again. */
function reopen() {
  state.address = null;
  route();
}

function onTakes(takes) {
  document.body.classList.toggle("offline", takes === null);
  if (takes === null) return;
  state.takes = takes;
  state.view?.onTakes(takes);
}

function onKey(event) {
  const isTyping = event.target.closest?.("input[type=text], input[type=number], .panel input[type=range], select, textarea");
  if (isTyping || event.altKey || document.querySelector("dialog[open]")) return;
  if (handleKey(event)) event.preventDefault();
}

/** Returns whether a key did something. */
function handleKey(event) {
  if (event.ctrlKey || event.metaKey) return Boolean(state.view?.onCommand?.(event));
  if (event.key === "?") showShortcuts();
  else if (event.key === "t") switchTheme();
  else if (state.view?.onKey(event)) return true;
  else if (event.key === "Escape" && location.hash !== "#/") location.hash = "#/";
  else return false;
  return true;
}

async function start() {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  showTheme();
  document.getElementById("theme").addEventListener("click", switchTheme);
  document.getElementById("help").addEventListener("click", showShortcuts);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
  try {
    state.session = await getSession();
  } catch (error) {
    toast(error.message, "bad");
    return;
  }
  addEventListener("hashchange", route);
  addEventListener("keydown", onKey);
  await route();
  watchTakes(onTakes);
  document.body.dataset.ready = "";
}

start();
