// Escape sequences in output: colours are shown, nothing else is obeyed, and what could turn the
// order of the text around is made visible.

/** @typedef {{text: string, kind: string}} Piece */

// A sequence of the terminal: CSI, OSC up to its end, or a single escape.
const ESCAPE = /\u001b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]?)/g;
const HARMFUL = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** @param {string} text @returns {Piece[]} */
export function pieces(text) {
  if (!text.includes("\u001b")) return [{ text: shown(text), kind: "" }];
  /** @type {Piece[]} */
  const found = [];
  const state = { colour: "", bold: false, dim: false };
  let from = 0;
  const push = (part) => {
    if (part) found.push({ text: shown(part), kind: [state.colour, state.bold && "a-bold", state.dim && "a-dim"].filter(Boolean).join(" ") });
  };
  for (const match of text.matchAll(ESCAPE)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") colour(state, match[1]);
  }
  push(text.slice(from));
  return found;
}

/** As it is searched and downloaded. @param {string} text */
export const plain = (text) => shown(text.replace(ESCAPE, ""));

/** @param {string} text */
const shown = (text) => text.replace(HARMFUL, (c) => `⟨${c.codePointAt(0).toString(16).padStart(2, "0")}⟩`);

/** @param {{colour: string, bold: boolean, dim: boolean}} state @param {string} codes */
function colour(state, codes) {
  const all = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < all.length; i++) {
    const code = all[i];
    if (code === 0) Object.assign(state, { colour: "", bold: false, dim: false });
    else if (code === 1) state.bold = true;
    else if (code === 2) state.dim = true;
    else if (code === 22) state.bold = state.dim = false;
    else if (code === 39) state.colour = "";
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) state.colour = `a-${code % 10}`;
    else if (code === 38 || code === 48) i += all[i + 1] === 5 ? 2 : 4;
  }
}
