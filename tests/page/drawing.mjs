// A view as a small SVG: what Chromium has laid out, drawn again with text as text, boxes as
// rectangles and its own shapes, in the colours of both themes, of which the reader's is shown.
// It runs in the page; nothing in it knows what it draws.

/**
 * @param {import("playwright-core").Page} page
 * @param {{width: number, height: number, without: string}} of what is left out, as a selector
 */
export async function drawing(page, { width, height, without }) {
  const themes = {};
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    themes[colorScheme] = await page.evaluate(drawn, [width, height, without]);
  }
  const { light, dark } = themes;
  if (light.length !== dark.length) throw new Error("the page has changed between the two themes");
  /** @type {Map<string, string>} */
  const classes = new Map();
  const named = (kind, pair) => {
    const key = `${kind}:${pair.join(" ")}`;
    if (!classes.has(key)) classes.set(key, `${kind[0]}${classes.size.toString(36)}`);
    return classes.get(key);
  };
  const body = light.map((one, n) => {
    // A colour stands in braces, as @{fill|rgb(...)}.
    let at = 0;
    const others = [...dark[n].matchAll(/@\{(\w+)\|([^}]*)\}/g)].map((m) => m[2]);
    const used = [];
    const text = one.replace(/@\{(\w+)\|([^}]*)\}/g, (_, kind, colour) => (used.push(named(kind, [colour, others[at++]])), ""));
    if (text.includes("@mono")) used.push("m");
    return text.replace("@mono", "").replace("@class", `class="${used.join(" ")}"`);
  });
  const rules = (n) => [...classes].map(([key, name]) => {
    const [kind, pair] = key.split(/:(.*)/);
    return `.${name}{${kind}:${short(pair.split(/ (?=rgb)/)[n])}}`;
  }).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="The overview of DevOps Commander">
<style>text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;white-space:pre}.m{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}${rules(0)}@media(prefers-color-scheme:dark){${rules(1)}}</style>
${body.join("\n")}
</svg>
`;
}

const short = (colour) => {
  const [r, g, b, a] = colour.match(/[\d.]+/g).map(Number);
  const hex = `#${[r, g, b].map((c) => c.toString(16).padStart(2, "0")).join("")}`;
  return a === undefined ? hex : `rgb(${r} ${g} ${b}/${a})`;
};

function drawn([width, height, without]) {
  const out = [];
  const n = (v) => String(+v.toFixed(1));
  const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
  // Chromium tells colours of light-dark() and color-mix() in other forms, too: a canvas knows them all.
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (text) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = text;
    brush.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
    return a === 0 ? null : a === 255 ? `rgb(${r},${g},${b})` : `rgb(${r},${g},${b},${(a / 255).toFixed(2)})`;
  };
  const rect = (x, y, w, h, fill, radius = 0) => {
    const c = fill && colour(fill);
    if (c && w > 0 && h > 0) out.push(`<rect @class x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}"${radius ? ` rx="${n(radius)}"` : ""}/>@{fill|${c}}`);
  };
  const words = (text, x, y, w, style) => {
    const c = colour(style.color);
    const mono = style.fontFamily.includes("monospace") && !style.fontFamily.startsWith("system-ui");
    out.push(`<text @class x="${n(x)}" y="${n(y)}" font-size="${n(parseFloat(style.fontSize))}"${+style.fontWeight > 400 ? ` font-weight="${style.fontWeight}"` : ""} textLength="${n(w)}" lengthAdjust="spacingAndGlyphs">${escape(text)}</text>@{fill|${c}}${mono ? "@mono" : ""}`);
  };
  const box = (style, at) => {
    rect(at.x, at.y, at.width, at.height, style.backgroundColor, Math.min(parseFloat(style.borderTopLeftRadius) || 0, at.height / 2));
    const sides = [["Top", 0, 0, 1, 0], ["Bottom", 0, 1, 1, 0], ["Left", 0, 0, 0, 1], ["Right", 1, 0, 0, 1]];
    const drawnSides = sides.filter(([side]) => style[`border${side}Style`] !== "none" && parseFloat(style[`border${side}Width`]) > 0);
    if (drawnSides.length === 4 && parseFloat(style.borderTopLeftRadius) > 0 && style.borderTopColor === style.borderLeftColor) {
      const c = colour(style.borderTopColor);
      if (c) out.push(`<rect @class x="${n(at.x + 0.5)}" y="${n(at.y + 0.5)}" width="${n(at.width - 1)}" height="${n(at.height - 1)}" rx="${n(parseFloat(style.borderTopLeftRadius))}" fill="none"/>@{stroke|${c}}`);
      return;
    }
    for (const [side, right, low, wide, tall] of drawnSides) {
      const thick = parseFloat(style[`border${side}Width`]);
      rect(right ? at.right - thick : at.x, low ? at.bottom - thick : at.y, wide ? at.width : thick, tall ? at.height : thick, style[`border${side}Color`]);
    }
  };
  const visit = (element) => {
    const style = getComputedStyle(element);
    const at = element.getBoundingClientRect();
    if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0" || at.top > height || at.left > width || element.matches(without) || element.matches("details:not([open]) > :not(summary), .unseen, .skip, .mirror, .toasts")) return;
    if (element.tagName === "svg") return shape(element, at);
    box(style, at);
    const before = getComputedStyle(element, "::before");
    if (before.content === '""' && before.position === "absolute") rect(at.x, at.y, at.width, at.height, before.backgroundColor, parseFloat(before.borderTopLeftRadius) || 0);
    if (element.tagName === "PROGRESS") {
      const accent = Object.assign(document.createElement("i"), { className: "t-busy" });
      document.body.append(accent);
      rect(at.x, at.y, (at.width * element.value) / element.max, at.height, getComputedStyle(accent).color);
      accent.remove();
      return;
    }
    if (element.placeholder && !element.value) {
      brush.font = `${style.fontSize} ${style.fontFamily}`;
      words(element.placeholder, at.x + parseFloat(style.paddingLeft) + 1, at.y + at.height / 2 + parseFloat(style.fontSize) * 0.36, brush.measureText(element.placeholder).width, { ...copy(style), color: getComputedStyle(element, "::placeholder").color });
      return;
    }
    if (element.tagName === "SELECT" || element.tagName === "INPUT") return;
    for (const child of element.childNodes) {
      if (child.nodeType === Node.ELEMENT_NODE) visit(child);
      else if (child.nodeType === Node.TEXT_NODE && child.data.trim()) text(child, style);
    }
  };
  const copy = (style) => ({ fontSize: style.fontSize, fontWeight: style.fontWeight, fontFamily: style.fontFamily });
  /** Line by line, as it is broken. */
  const text = (node, style) => {
    const range = document.createRange();
    let from = 0;
    const put = (to) => {
      const line = node.data.slice(from, to);
      range.setStart(node, from + line.length - line.trimStart().length);
      range.setEnd(node, Math.max(range.startOffset, from + line.trimEnd().length));
      from = to;
      const at = range.getBoundingClientRect();
      const said = range.toString().replace(/\s+/g, " ");
      if (!said || !at.width) return;
      words(said, at.x, at.bottom - (at.height - parseFloat(style.fontSize)) / 2 - parseFloat(style.fontSize) * 0.19, at.width, style);
      if (style.textDecorationLine.includes("underline")) rect(at.x, at.bottom, at.width, 1, style.textDecorationColor);
    };
    let low = null;
    for (let to = 1; to <= node.data.length; to++) {
      range.setStart(node, to - 1);
      range.setEnd(node, to);
      const { top, width: wide } = range.getBoundingClientRect();
      if (wide && low !== null && top > low + 4) put(to - 1);
      if (wide) low = top;
    }
    put(node.data.length);
  };
  const shape = (svg, at) => {
    const view = svg.getAttribute("viewBox");
    const [, , w, h] = view.split(" ").map(Number);
    const [sx, sy] = [at.width / w, at.height / h];
    for (const part of svg.querySelectorAll("path, circle, line, rect")) {
      const style = getComputedStyle(part);
      const attributes = ["d", "cx", "cy", "r", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "fill-rule"].filter((name) => part.hasAttribute(name)).map((name) => ` ${name}="${part.getAttribute(name)}"`).join("");
      const [fill, stroke] = [style.fill, style.stroke].map((c) => (c === "none" ? null : colour(c)));
      const even = style.vectorEffect === "none" ? "" : ` vector-effect="${style.vectorEffect}"`;
      const dashes = style.strokeDasharray === "none" ? "" : ` stroke-dasharray="${style.strokeDasharray.replaceAll("px", "")}"`;
      out.push(`<${part.tagName} @class${attributes} transform="translate(${n(at.x)} ${n(at.y)}) scale(${+sx.toFixed(3)} ${+sy.toFixed(3)})"${fill ? "" : ` fill="none"`}${stroke ? ` stroke-width="${n(parseFloat(style.strokeWidth))}"${dashes}${even}` : ""}/>${fill ? `@{fill|${fill}}` : ""}${stroke ? `@{stroke|${stroke}}` : ""}`);
    }
  };
  rect(0, 0, width, height, getComputedStyle(document.documentElement).backgroundColor);
  visit(document.getElementById("app"));
  return out;
}
