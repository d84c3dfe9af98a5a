// Making elements. Text is always set as text: nothing of a history is ever read as markup.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * @param {string} label
 * @param {string} title
 * @param {() => void} onClick
 * @param {string} [kind]
 */
export function button(label, title, onClick, kind = "quiet") {
  const element = make("button", { type: "button", class: kind, title }, [label]);
  element.addEventListener("click", onClick);
  return element;
}

/**
 * Copy text, and say so on the button that asked for it.
 * @param {HTMLElement} asked
 * @param {string} text
 */
export async function copyText(asked, text) {
  const before = asked.textContent;
  try {
    await navigator.clipboard.writeText(text);
    asked.textContent = "Copied";
  } catch {
    asked.textContent = "Copying is not allowed here";
  }
  setTimeout(() => {
    asked.textContent = before;
  }, 1600);
}
