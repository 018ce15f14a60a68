/** Registers an element, unless the tag is taken: by another copy of the kit, or by the page itself. */
export function register(tag: string, element: CustomElementConstructor): void {
  if (!customElements.get(tag)) customElements.define(tag, element);
}
