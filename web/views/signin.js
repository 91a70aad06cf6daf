// Signing in with a token: the one of the printed address, or a person's own.
import { html, useLayoutEffect, useRef, useState } from "../vendor/preact-htm-3.1.1.js";
import { post } from "../core/api.js";
import { session, state } from "../core/session.js";
import { useSignal } from "../core/signal.js";
import { Dialog, Glyph, sends, useTitle } from "../parts/basic.js";

export function SignIn() {
  const { why } = useSignal(state);
  useTitle("Sign in");
  return html`<main class="signin" id="main"><div class="brand"><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M7 8l8 8-8 8" /><path class="bar" d="M17 24h9" /></svg><b>Commander</b></div>
    <h1>Sign in</h1>
    <p>Open the address that <code>commander serve</code> prints: it signs you in, once. Or paste a token.</p>
    <${TokenForm} why=${why} />
    <p class="dim">Whoever started the server makes a token for you: <code>commander token create NAME</code></p></main>`;
}

export const SignInAgain = ({ close }) => html`<${Dialog} title="Sign in here" close=${close}>
  <p>The value that changes need lives in the tab that signed in. Paste a token to get one here too.</p><${TokenForm} why="" done=${close} /></${Dialog}>`;

function TokenForm({ why, done }) {
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const input = useRef(null);
  // The browser's own autofocus works once in a page's life.
  useLayoutEffect(() => input.current.focus(), []);
  const submit = async () => {
    // A whole address is what people copy; the token is what stands behind its last sign.
    const token = input.current.value.trim().replace(/^.*#t=/, "");
    if (!token || busy) return;
    setBusy(true);
    try {
      session.opened(await post("/api/session", { token }));
      done?.();
    } catch (error) {
      setFailure(error.message);
      input.current.select();
    } finally {
      setBusy(false);
    }
  };
  const said = failure || why;
  return html`<form class="token" onSubmit=${sends(submit)}>
    <label for="token">Token or address</label>
    <input id="token" ref=${input} type="password" autocomplete="current-password" autofocus spellcheck=${false} aria-invalid=${Boolean(failure)} aria-describedby="token-why" data-test="token" />
    <button type="submit" class="primary" disabled=${busy} data-test="sign-in">Sign in</button>
    <p id="token-why" class="t-bad" role="alert">${said && html`<${Glyph} shape="cross" tone="bad" />${said}`}</p></form>`;
}
