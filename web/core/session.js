// Who is signed in. The cookie reads; every change also needs the value that the sign-in answers
// with, which lives in this tab's sessionStorage and is handed on to other tabs of this page.
import { signal } from "./signal.js";

const KEY = "commander.csrf";
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("commander.session") : null;

/** Why somebody who was signed in is not any more. */
export const SIGNED_OUT = "You are signed out: the server was started anew, or this session was not used for twelve hours.";

/** @type {ReturnType<typeof signal<{phase: "starting" | "out" | "in", person: string, mayChange: boolean, why: string}>>} */
export const state = signal({ phase: "starting", person: "", mayChange: false, why: "" });

export const session = {
  csrf: () => sessionStorage.getItem(KEY) ?? "",

  /** @param {{csrf: string, person: string}} opened */
  opened({ csrf, person }) {
    sessionStorage.setItem(KEY, csrf);
    state.set({ phase: "in", person, mayChange: true, why: "" });
    channel?.postMessage({ kind: "have", csrf, person });
  },

  /** The cookie is good, whether or not this tab may change something. @param {string} person */
  known(person) {
    state.set({ phase: "in", person, mayChange: session.csrf() !== "", why: "" });
  },

  /** @param {{message: string}} error */
  ended(error) {
    // Why a person left stays as it was said first.
    if (state.get().phase === "out" && error.message === SIGNED_OUT) return;
    sessionStorage.removeItem(KEY);
    // Who never was in is not told of being out.
    const why = state.get().phase === "starting" && error.message === SIGNED_OUT ? "" : error.message;
    state.set({ phase: "out", person: "", mayChange: false, why });
  },

  /** This tab's value is not (any more) the session's. */
  cannotChange() {
    sessionStorage.removeItem(KEY);
    state.set({ ...state.get(), mayChange: false });
  },

  left() {
    channel?.postMessage({ kind: "left" });
    session.ended({ message: "" });
  },

  /** Asks the other tabs for the value; true where one has it. */
  async borrow() {
    if (session.csrf() || !channel) return session.csrf() !== "";
    channel.postMessage({ kind: "want" });
    await new Promise((done) => setTimeout(done, 250));
    return session.csrf() !== "";
  },
};

channel?.addEventListener("message", ({ data }) => {
  if (data.kind === "want" && session.csrf()) {
    channel.postMessage({ kind: "have", csrf: session.csrf(), person: state.get().person });
  } else if (data.kind === "have" && data.csrf !== session.csrf()) {
    sessionStorage.setItem(KEY, data.csrf);
    state.set({ phase: "in", person: data.person, mayChange: true, why: "" });
  } else if (data.kind === "left") {
    session.ended({ message: "" });
  }
});
