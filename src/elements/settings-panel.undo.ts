import type { SettingField, SettingsPatch } from '../services/settings-schema.ts';
import type { Setting } from '../services/settings.ts';
import type { Book } from './settings-panel.books.ts';
import { same } from './settings-panel.values.ts';

/** How many steps can be undone. */
const MOST_STEPS = 50;

/** Something that was saved here, and what it replaced. */
interface Step {
  readonly book: Book;
  readonly before: SettingsPatch;
  readonly after: SettingsPatch;
}

type Read = (path: string) => { readonly field: SettingField; readonly setting: Setting } | undefined;

/** What was saved on this panel, the newest last: each can be taken back, unless somebody else has changed it since. */
export class UndoSteps {
  readonly #read: Read;
  readonly #steps: Step[] = [];

  /** @param read - How a field stands now. */
  constructor(read: Read) {
    this.#read = read;
  }

  get length(): number {
    return this.#steps.length;
  }

  add(step: Step): void {
    this.#steps.push(step);
    if (this.#steps.length > MOST_STEPS) this.#steps.shift();
  }

  clear(): void {
    this.#steps.length = 0;
  }

  /** Takes the newest back; answers whether all of it could be. */
  back(): boolean {
    const step = this.#steps.pop();
    if (!step) return true;
    const own = Object.entries(step.before).filter(([path]) => {
      const now = this.#read(path);
      return now && same(now.setting.value, step.after[path] ?? now.field.default);
    });
    if (own.length) step.book.save(Object.fromEntries(own));
    return own.length === Object.keys(step.before).length;
  }
}
