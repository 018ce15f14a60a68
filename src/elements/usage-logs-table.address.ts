import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { readFragment, writeFragment, type TableView } from './usage-logs-table.view.ts';

/** Lets the page's address name what a table shows, and be a link to it. */
export class ViewAddress implements ReactiveController {
  readonly #name: () => string;
  readonly #show: (view: TableView) => void;

  /** @param name - What the address calls the table; empty: it does not. */
  constructor(host: ReactiveControllerHost, name: () => string, show: (view: TableView) => void) {
    this.#name = name;
    this.#show = show;
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener('hashchange', this.follow);
  }

  hostDisconnected(): void {
    removeEventListener('hashchange', this.follow);
  }

  /** Shows what the address names, if it names anything. */
  follow = (): void => {
    const view = this.#name() && readFragment(location.hash, this.#name());
    if (view) this.#show(view);
  };

  /** Puts what is shown into the address; going back leaves the page all the same. */
  write(view: TableView): void {
    if (!this.#name()) return;
    const hash = writeFragment(location.hash, this.#name(), view);
    history.replaceState(history.state, '', `${location.pathname}${location.search}${hash && `#${hash}`}`);
  }
}
