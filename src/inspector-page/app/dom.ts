type Attribute = string | number | boolean | undefined
type Child = Node | string | false | undefined

/**
 * Makes an element. Attributes that are `undefined` or `false` are left out; texts become text nodes, so that nothing of a
 * project is ever read as HTML.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value)
  element.append(...children.filter(isThere))
  return element
}

/** Sets an attribute, or removes it where its value is `undefined` or `false`. */
export function setAttribute(element: Element, name: string, value: Attribute): void {
  if (value === undefined || value === false) element.removeAttribute(name)
  else element.setAttribute(name, value === true ? '' : String(value))
}

/** Listens, and returns the element. */
export function on<E extends Element, K extends keyof HTMLElementEventMap>(
  element: E,
  type: K,
  listener: (event: HTMLElementEventMap[K]) => void,
): E {
  element.addEventListener(type, listener as EventListener)
  return element
}

/** A button that does something. */
export function button(
  attributes: Readonly<Record<string, Attribute>>,
  onClick: () => void,
  ...children: Child[]
): HTMLButtonElement {
  return on(h('button', { type: 'button', ...attributes }, ...children), 'click', onClick)
}

/** Replaces what is in an element. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter(isThere))
}

/** Writes a text where it is another than before: live regions announce what is written. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** Two terms of a `<dl>`. */
export function term(name: string, ...value: Child[]): HTMLElement {
  return h('div', {}, h('dt', {}, name), h('dd', {}, ...value))
}

function isThere(child: Child): child is Node | string {
  return child !== undefined && child !== false
}

let count = 0

/** An id that nothing else in the page has. */
export function createId(name: string): string {
  return `${name}-${++count}`
}
