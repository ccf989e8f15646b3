/** Corrections of which the last one counts, such as a height: setting a value again replaces it. */

/** Replaces the last correction for which ``isSame`` is true, or adds one if there is none; null removes it. */
export function replaceLast(corrections, correction, isSame) {
  const index = corrections.list.findLastIndex(isSame);
  if (index < 0 && correction) corrections.add(correction);
  else if (index >= 0 && correction) corrections.replaceAt(index, correction);
  else if (index >= 0) corrections.removeAt(index);
}
