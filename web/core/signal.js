// A value that tells those who look at it when it changes.
import { useEffect, useRef, useState } from "../vendor/preact-htm-3.1.1.js";

/**
 * @template T
 * @param {T} value
 */
export function signal(value) {
  /** @type {Set<(value: T) => void>} */
  const listeners = new Set();
  return {
    get: () => value,
    /** @param {T} next */
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    /** @param {(value: T) => void} listener */
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/**
 * @template T
 * @param {{get: () => T, listen: (listener: (value: T) => void) => () => void}} of
 */
export function useSignal(of) {
  const value = of.get();
  const [, again] = useState({});
  const shown = useRef(value);
  shown.current = value;
  useEffect(() => {
    const look = () => Object.is(shown.current, of.get()) || again({});
    // It may have changed since it was drawn.
    look();
    return of.listen(look);
  }, [of]);
  return value;
}
