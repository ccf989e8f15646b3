/**
 * Modes of the view of a take. A mode is a module with three functions: ``enter(view)`` puts its panels below the
 * pictures with ``view.showPanels``, ``leave()`` takes back what else it has changed, and ``onKey(event)`` returns
 * whether a key did something.
 */

export const MODES = {
  look: { label: "Look", icon: "eye", load: () => import("./look.js") },
  annotate: { label: "Annotate", icon: "points", key: "a", load: () => import("../annotate/annotate.js") },
  correct: { label: "Correct", icon: "wand", key: "c", load: () => import("../correct/correct.js") },
};

/** Name of the mode in which a take opens, and to which the key of another mode leads back. */
export const FIRST_MODE = "look";
