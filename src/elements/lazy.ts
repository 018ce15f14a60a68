import type { CSSResult, ReactiveElement } from 'lit';

/** Code that an element loads when it first asks for it, with its styles; once it is there the element renders again. */
export class Lazy<Module extends object> {
  readonly #host: ReactiveElement;
  readonly #load: () => Promise<Module>;
  #module: Module | undefined;
  #loading = false;

  constructor(host: ReactiveElement, load: () => Promise<Module>) {
    this.#host = host;
    this.#load = load;
  }

  /** What was loaded, or undefined as long as it is on its way; asking sends for it. */
  get value(): Module | undefined {
    if (!this.#module && !this.#loading) void this.#fetch();
    return this.#module;
  }

  async #fetch(): Promise<void> {
    this.#loading = true;
    try {
      const module: Module & { readonly styles?: CSSResult } = await this.#load();
      const sheet = module.styles?.styleSheet;
      if (sheet) (this.#host.renderRoot as ShadowRoot).adoptedStyleSheets.push(sheet);
      this.#module = module;
      this.#host.requestUpdate();
    } catch {
      // Offline, or a new version has taken the file away: whoever asks again tries again.
      this.#loading = false;
    }
  }
}
