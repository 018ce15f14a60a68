import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { session } from '../services/account.ts';
import {
  type SettingField,
  type SettingsGroup,
  type SettingsPatch,
  type SettingValue,
} from '../services/settings-schema.ts';
import type { Setting } from '../services/settings.ts';
import type { Session } from '../store/backend.ts';
import { LivelitError } from '../store/error.ts';
import { trySettings } from './apply-settings.ts';
import { LiveController } from './live-controller.ts';
import { BOOKS, PREFERENCES, type Book } from './settings-panel.books.ts';
import { stateOf, type Draft, type FieldState } from './settings-panel.state.ts';
import { UndoSteps } from './settings-panel.undo.ts';
import { complaintOf, same, textOf, valueOf } from './settings-panel.values.ts';

/** What the drafts ask of the panel, and tell it. */
export interface DraftsHooks {
  /** How long after the last edit to save, ms; undefined: when somebody says so. */
  autosaveMs(): number | undefined;
  /** Answers whether to go on. */
  saving(patch: SettingsPatch): boolean;
  saved(patch: SettingsPatch): void;
}

/**
 * What is being entered into the panel, between the cursor and the services: checked at once, tried on the page at once,
 * saved when nobody has typed for a while. A value that changes elsewhere meanwhile waits for a decision.
 */
export class Drafts implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #hooks: DraftsHooks;
  readonly #session: LiveController<Session | null>;
  readonly #drafts = new Map<string, Draft>();
  /** What was known last: a session that ends takes the data of some books away. */
  readonly #known = new Map<string, Setting>();
  readonly #undo = new UndoSteps((path) => this.state(path));
  /** As they were when the panel was rendered last. */
  #fields: ReadonlyMap<string, { readonly field: SettingField; readonly book: Book }> = new Map();
  /** Where the cursor stands. */
  #focused: string | undefined;
  #member: string | undefined;
  /** Whose session it was last: who has to sign in again need not type it. */
  address = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost, hooks: DraftsHooks) {
    this.#host = host;
    this.#hooks = hooks;
    for (const { live } of BOOKS) new LiveController(host, live);
    this.#session = new LiveController(host, session);
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener('pagehide', this.#leave);
    document.addEventListener('visibilitychange', this.#leave);
    addEventListener('beforeunload', this.#warn);
  }

  hostDisconnected(): void {
    removeEventListener('pagehide', this.#leave);
    document.removeEventListener('visibilitychange', this.#leave);
    removeEventListener('beforeunload', this.#warn);
    if (this.#hooks.autosaveMs() !== undefined) this.save();
    clearTimeout(this.#timer);
    trySettings({});
  }

  hostUpdate(): void {
    this.#fields = new Map(
      BOOKS.flatMap((book) =>
        book
          .groups()
          .flatMap((group) => group.fields.map((field) => [`${group.id}.${field.name}`, { field, book }] as const)),
      ),
    );
    const { data } = this.#session.snapshot;
    const member = data && !data.anonymous ? data.userId : undefined;
    if (data?.email) this.address = data.email;
    if (member === undefined || member === this.#member) return;
    // What one member has typed is not another one's.
    if (this.#member !== undefined) this.forget();
    this.#member = member;
  }

  get groups(): readonly SettingsGroup[] {
    return BOOKS.flatMap(({ groups }) => groups());
  }

  get states(): readonly FieldState[] {
    return [...this.#fields.keys()].flatMap((path) => this.state(path) ?? []);
  }

  get unsaved(): number {
    return [...this.#drafts.values()].filter(({ edited }) => edited).length;
  }

  get undoable(): boolean {
    return this.unsaved > 0 || this.#undo.length > 0;
  }

  /** The preferences that are set, and those that would be: what a form sends, and what a file has. */
  get values(): SettingsPatch {
    const set = this.states.filter(
      ({ path, setting, edited, complaint }) =>
        this.#fields.get(path)?.book === PREFERENCES && (setting.source !== 'default' || (edited && !complaint)),
    );
    return Object.fromEntries(set.map(({ path, value }) => [path, value]));
  }

  state(path: string): FieldState | undefined {
    const { field, book } = this.#fields.get(path) ?? {};
    if (!field || !book) return undefined;
    const setting = book.read(path) ?? this.#known.get(path);
    if (!setting) return undefined;
    this.#known.set(path, setting);
    return stateOf(path, field, setting, this.#drafts.get(path), book === PREFERENCES);
  }

  /** The cursor stands in a field: from now on nothing changes under it. */
  begin(path: string): void {
    this.#focused = path;
    if (this.#drafts.has(path)) return;
    const { value } = this.state(path)!;
    this.#drafts.set(path, { base: value, value, text: textOf(value), edited: false });
  }

  /** The cursor has left: what was edited is saved, and what was only looked at follows again. */
  end(path: string): void {
    this.#focused = undefined;
    const draft = this.#drafts.get(path);
    if (!draft) return;
    if (!draft.edited) this.#drafts.delete(path);
    else if (this.#hooks.autosaveMs() !== undefined) this.save();
    this.#host.requestUpdate();
  }

  /** Something was typed or chosen. */
  edit(path: string, input: string | boolean): void {
    const { field, book } = this.#fields.get(path)!;
    this.#change(path, valueOf(field, input, book === PREFERENCES), String(input));
  }

  /** Sets a preference back to its default. */
  reset(path: string): void {
    const { field } = this.#fields.get(path)!;
    this.#change(path, null, textOf(field.default));
  }

  #change(path: string, value: SettingValue | null, text: string): void {
    const { setting } = this.state(path)!;
    const { base } = this.#drafts.get(path) ?? { base: setting.value };
    const unchanged = value === null ? setting.source === 'default' : same(value, setting.value);
    this.#drafts.set(path, { base, value, text, edited: !unchanged || !same(base, setting.value) });
    this.#try();
    clearTimeout(this.#timer);
    const ms = this.#hooks.autosaveMs();
    if (ms !== undefined) this.#timer = setTimeout(() => this.save(), ms);
    this.#host.requestUpdate();
  }

  /** Decides about a field that changed elsewhere while it was edited. */
  resolve(path: string, choice: 'mine' | 'theirs'): void {
    const { setting } = this.state(path)!;
    const draft = this.#drafts.get(path);
    if (!draft) return;
    if (choice === 'theirs') this.#drafts.delete(path);
    else this.#drafts.set(path, { ...draft, base: setting.value, edited: true });
    this.#try();
    if (choice === 'mine' && this.#hooks.autosaveMs() !== undefined) this.save();
    this.#host.requestUpdate();
  }

  /** Hands over all that is well-formed and undisputed. What is not stays, and says why. */
  save(): void {
    clearTimeout(this.#timer);
    const fields = this.#fields;
    const ready = [...this.#drafts].filter(([path, { edited }]) => {
      const state = this.state(path);
      return edited && state && !state.theirs && !complaintOf(state.field, this.#drafts.get(path)!.value);
    });
    const all: SettingsPatch = Object.fromEntries(ready.map(([path, { value }]) => [path, value]));
    if (!ready.length || !this.#hooks.saving(all)) return;
    for (const book of BOOKS) {
      const own = ready.filter(([path]) => fields.get(path)?.book === book);
      if (own.length) this.#hand(book, Object.fromEntries(own.map(([path, { value }]) => [path, value])));
    }
    this.#try();
    this.#host.requestUpdate();
  }

  /** Saves values from a file, as one step. @throws {LivelitError} `invalid`, and then nothing is saved. */
  take(patch: SettingsPatch): void {
    const before = PREFERENCES.save(patch);
    this.#undo.add({ book: PREFERENCES, before, after: patch });
    for (const path of Object.keys(patch)) this.#drafts.delete(path);
    this.#hooks.saved(patch);
    this.#host.requestUpdate();
  }

  #hand(book: Book, after: SettingsPatch): void {
    try {
      const before = book.save(after);
      for (const path of Object.keys(after)) this.#settle(path);
      this.#undo.add({ book, before, after });
      this.#hooks.saved(after);
    } catch (error) {
      const refusal = LivelitError.from(error).message;
      for (const path of Object.keys(after)) this.#drafts.set(path, { ...this.#drafts.get(path)!, refusal });
    }
  }

  /** What was saved is no draft any more; where the cursor still stands, nothing moves all the same. */
  #settle(path: string): void {
    const { text } = this.#drafts.get(path)!;
    this.#drafts.delete(path);
    const saved = path === this.#focused ? this.state(path)?.setting.value : undefined;
    if (saved !== undefined) this.#drafts.set(path, { base: saved, value: saved, text, edited: false });
  }

  /** Takes back what is unsaved, or else what was saved last; answers whether all of it could be. */
  undo(): boolean {
    if (this.unsaved) {
      this.#drop();
      return true;
    }
    const all = this.#undo.back();
    this.#host.requestUpdate();
    return all;
  }

  /** Back to what was there when the panel came into the page. */
  restore(): void {
    this.#drop();
    while (this.#undo.length) this.undo();
  }

  /** Drops what was typed, and what could be undone: somebody else is here. */
  forget(): void {
    this.#undo.clear();
    this.#known.clear();
    this.#drop();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#drafts.clear();
    this.#try();
    this.#host.requestUpdate();
  }

  /** Shows on the page what it will be like. */
  #try(): void {
    const tried = [...this.#drafts].filter(([path, { edited }]) => edited && !this.state(path)?.complaint);
    trySettings(Object.fromEntries(tried.map(([path, { value }]) => [path, value])));
  }

  readonly #leave = () => {
    if (document.visibilityState === 'hidden' && this.#hooks.autosaveMs() !== undefined) this.save();
  };

  readonly #warn = (event: BeforeUnloadEvent) => {
    if (this.unsaved && this.#hooks.autosaveMs() === undefined) event.preventDefault();
  };
}
