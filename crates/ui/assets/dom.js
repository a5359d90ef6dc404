// Elements. Text is always text: nothing here or elsewhere on the page parses it as HTML.

/** An element with attributes (`on`: its listeners) and children; strings are text. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      Object.entries(value).forEach(([event, listener]) => node.addEventListener(event, listener));
    } else if (value !== undefined && value !== null && value !== false) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

const KEPT = new WeakMap();

/**
 * Shows a list of views in order. An element is made anew only if its view has changed; who had the focus in it has it again.
 */
export function keyed(container, views, keyOf, render) {
  const before = KEPT.get(container) ?? new Map();
  const now = new Map();
  const focus = document.activeElement?.dataset?.key;
  let place = container.firstElementChild;
  for (const view of views) {
    const key = keyOf(view);
    const text = JSON.stringify(view);
    const old = before.get(key);
    const node = old?.text === text ? old.node : render(view, old?.node);
    if (old && old.node !== node) {
      if (place === old.node) {
        place = place.nextElementSibling;
      }
      old.node.remove();
    }
    before.delete(key);
    now.set(key, { text, node });
    if (place === node) {
      place = place.nextElementSibling;
    } else {
      container.insertBefore(node, place);
    }
  }
  before.forEach(({ node }) => node.remove());
  KEPT.set(container, now);
  if (focus && document.activeElement?.dataset?.key !== focus) {
    container.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }
}

/**
 * Shows parts of one thing, each made anew only if it has changed: what is pressed while another part changes stays there until it is let go.
 */
export function parts(container, views, renders) {
  keyed(container, views.filter(Boolean), ({ part }) => part, (view) => renders[view.part](view));
  return container;
}

/** When something was; the page keeps what it says of that true. */
export function since(timestamp) {
  return el("time", { datetime: timestamp, title: timestamp, class: "since" });
}

/** A word with a colour; the word alone says it, too. */
export function badge(tone, word, title) {
  return el("span", { class: `badge ${tone}`, title }, word);
}

/** Shows a text for some seconds. */
let toastEnds = 0;
export function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => { box.hidden = true; }, 6000);
}
