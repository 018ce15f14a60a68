/**
 * A story shows one element in one situation, and is a page of its own, because the elements of a page share its store.
 * Each `<tag>.stories.ts` exports `stories`, by name; `index.html?story=<tag>/<name>` plays one, without the parameter
 * the page lists all of them.
 *
 * In order: `render` puts the element into a page that is not connected; `backend` makes the project that the page is
 * connected to; `act` does what a visitor or the server would do; the story stands when the element is in the
 * `:state()`s that it names.
 */
import type { LitElement, TemplateResult } from 'lit';
import type { MemoryBackend } from 'livelit/testing';

export interface Story {
  /** What is to be seen, as a sentence. */
  readonly says: string;
  /** Every `:state()` that the element is in when the story stands, its status first. */
  readonly states: readonly string[];
  readonly render: () => TemplateResult;
  /** Without one the page is what it is before `connect()`. */
  readonly backend?: () => MemoryBackend;
  readonly act?: (stage: Stage) => void | Promise<void>;
}

/** The stories of one element, by name. */
export type Stories = Readonly<Record<string, Story>>;

export interface Stage {
  readonly element: LitElement;
  /** The project that `backend` made. */
  readonly project: MemoryBackend;
  /** Waits, looking after every frame; a condition that never holds leaves the story unsettled. */
  readonly until: (condition: () => unknown) => Promise<void>;
}
