import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Closer to the end than this the reader counts as being there, CSS pixels. */
const PINNED_PX = 48;

/** Closer to the first row than this the earlier ones are shown, CSS pixels. */
const NEAR_PX = 120;

/** Rows that are shown at first, and added at a time; and how many stay in the page at most. */
const PAGE = 40;
const MOST = 3 * PAGE;

/** An element with a `.log` of rows in it. */
export type ReadingHost = ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };

/**
 * Where in a long thread the reader is. At the end, new messages move it on; anywhere else nothing moves but by the
 * reader's own hand, whatever is written meanwhile. Only the rows around that place are in the page.
 */
export class Reading implements ReactiveController {
  readonly #host: ReadingHost;
  /** The first row in the page, and the one after the last; undefined at the end of the thread, where both move. */
  #from: number | undefined;
  #to: number | undefined;
  #count = 0;
  /** The reader is at the end, and wants to stay there. */
  #pinned = true;
  /** … and is on the way there, or has not been shown it yet. */
  #going = true;
  #top = 0;
  #height = 0;
  /** The row that the reader looks at, and where it was before the rows around it changed. */
  #anchor: { readonly row: Element; readonly top: number } | undefined;
  /** What is in the thread may grow at any time: images, code that is coloured, a keyboard that takes the room. */
  #sizes: ResizeObserver | undefined;
  #watched: Element | undefined;

  constructor(host: ReadingHost) {
    this.#host = host;
    host.addController(this);
  }

  /** There is something newer than what is in view. */
  get away(): boolean {
    return !this.#pinned && this.#count > 0;
  }

  /** Which rows of so many are in the page. */
  window(count: number): { readonly from: number; readonly to: number } {
    this.#count = count;
    const to = Math.min(count, this.#to ?? count);
    return { from: Math.min(this.#from ?? Math.max(0, count - PAGE), to), to };
  }

  toEnd(): void {
    this.#from = undefined;
    this.#to = undefined;
    this.#pinned = true;
    this.#going = true;
    this.#host.requestUpdate();
  }

  showEarlier = (): void => {
    const { from, to } = this.window(this.#count);
    this.#leaveEnd();
    this.#from = Math.max(0, from - PAGE);
    this.#to = to - this.#from > MOST ? this.#from + MOST : this.#to;
    this.#host.requestUpdate();
  };

  /** Follows the reader's own scrolling. */
  follow = (): void => {
    const log = this.#log!;
    const { scrollTop, scrollHeight, clientHeight } = log;
    // Upward, and not because what is shown has become shorter.
    const up = scrollTop < this.#top - 1 && scrollHeight >= this.#height;
    this.#top = scrollTop;
    this.#height = scrollHeight;
    const end = scrollHeight - scrollTop - clientHeight;
    const { from, to } = this.window(this.#count);
    if (up && end > 1) {
      if (this.#pinned) this.#leaveEnd();
      if (scrollTop < NEAR_PX && from > 0) this.showEarlier();
    } else if (end < PINNED_PX && to < this.#count) {
      this.#to = Math.min(this.#count, to + PAGE);
      this.#from = Math.max(from, this.#to - MOST);
      this.#host.requestUpdate();
    } else if (end < PINNED_PX && !this.#pinned) this.toEnd();
  };

  hostUpdate(): void {
    this.#anchor = this.#pinned ? undefined : this.#findAnchor();
  }

  hostUpdated(): void {
    const log = this.#log;
    if (!log) return;
    this.#watch(log);
    // What has only grown is followed when it has been laid out: looking now would have it laid out twice.
    if (this.#pinned) {
      if (this.#going) this.#showEnd();
      this.#going = false;
    } else if (this.#anchor?.row.isConnected) {
      log.scrollTop += this.#anchor.row.getBoundingClientRect().top - this.#anchor.top;
      this.#top = log.scrollTop;
    }
  }

  hostDisconnected(): void {
    this.#sizes?.disconnect();
    this.#watched = undefined;
  }

  get #log(): HTMLElement | null {
    return this.#host.renderRoot.querySelector<HTMLElement>('.log');
  }

  #leaveEnd(): void {
    this.#from = this.window(this.#count).from;
    this.#pinned = false;
    this.#host.requestUpdate();
  }

  #showEnd(): void {
    const log = this.#log!;
    log.scrollTop = log.scrollHeight;
    this.#top = log.scrollTop;
    this.#height = log.scrollHeight;
  }

  #watch(log: HTMLElement): void {
    if (this.#watched === log) return;
    this.#watched = log;
    this.#sizes?.disconnect();
    this.#sizes = new ResizeObserver(() => {
      if (this.#pinned && this.#log) this.#showEnd();
    });
    this.#sizes.observe(log);
    const list = log.querySelector('ol');
    if (list) this.#sizes.observe(list);
  }

  #findAnchor(): { readonly row: Element; readonly top: number } | undefined {
    const log = this.#log;
    if (!log) return undefined;
    const edge = log.getBoundingClientRect().top;
    for (const row of log.querySelectorAll('li.row')) {
      const { top, bottom } = row.getBoundingClientRect();
      if (bottom > edge) return { row, top };
    }
    return undefined;
  }
}
