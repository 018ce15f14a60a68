import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import type { SettingsGroup } from '../services/settings-schema.ts';
import { LivelitError } from '../store/error.ts';
import { base } from './base.styles.ts';
import { toggle } from './live-controller.ts';
import { localeOf, momentFormat } from './locale.ts';
import { SettingsPanelSavedEvent, SettingsPanelSaveEvent } from './settings-panel.events.ts';
import { styles } from './settings-panel.styles.ts';
import { renderTabs, type Tab } from './settings-panel.tabs.ts';
import type { PanelHooks, PanelView } from './settings-panel.view.ts';
import { dotStyles } from './status-dot.ts';
import { settingsStrings } from './strings/settings.en.ts';

/** After the last edit, ms: about a pause for thought. */
const AUTOSAVE_MS = 1_500;

/** Before it is known who is here: those that everybody has. */
const FIRST_TABS = Object.entries(settingsStrings.tabs)
  .filter(([id]) => id !== 'chat')
  .map(([id, label]) => ({ id, label, marked: false }));

/**
 * Settings that are the same everywhere: how the page looks, what it shows, whose keys it uses, and who is here.
 *
 * @tagname settings-panel
 * @slot - Whatever the page wants to say or set under the open section.
 * @slot title - In place of the heading.
 * @fires {SettingsPanelSaveEvent} settings-panel-save - Before settings are saved; cancelable.
 * @fires {SettingsPanelSavedEvent} settings-panel-saved - After settings were saved.
 * @fires {SettingsPanelSessionEvent} settings-panel-session - On a page with a session of its own: somebody wants to sign in or out.
 * @csspart header - The line above everything.
 * @csspart title - The heading.
 * @csspart dot - The coloured dot: green live, orange unsaved changes, red not connected, grey on this device.
 * @csspart state - Whether everything is saved, and when it was last in step.
 * @csspart actions - Save now, undo and refresh.
 * @csspart button - A button; also `save`, `undo` or `refresh`, and others by what they do.
 * @csspart tabs - The list of sections.
 * @csspart tab - One of them; also `selected` and `marked`.
 * @csspart panel - The open section.
 * @csspart notice - What somebody has to know or decide: a session that has ended, a change that was refused.
 * @csspart group - Settings that belong together.
 * @csspart group-title - Their heading.
 * @csspart field - One setting; also `edited`, `invalid` or `disputed`.
 * @csspart label - Its name.
 * @csspart hint - A sentence about it.
 * @csspart control - What it is set with; also `input`, `select`, `switch` or `radios`.
 * @csspart option - One of a few choices beside each other.
 * @csspart source - Where the value comes from.
 * @csspart reset - Sets it back to its default.
 * @csspart complaint - Why it cannot be saved.
 * @csspart conflict - That it was changed elsewhere, and the choice between the two.
 * @csspart key - A provider's API key.
 * @csspart key-state - What is known of it.
 * @csspart key-note - How it went with the key.
 * @csspart key-form - The input for a key.
 * @csspart input - A text field of a key or an account.
 * @csspart form - The form to sign in with.
 * @csspart link - A button that looks like a link.
 * @csspart problem - Why signing in has failed.
 * @csspart code - The embed code.
 * @csspart transfer-note - How it went with a file.
 * @cssprop [--settings-panel-height=26rem] - The least height of a section, so that little moves when another is opened.
 * @cssstate idle - Nobody with an account is signed in: the settings are this browser's.
 * @cssstate loading - It is not known yet who is here.
 * @cssstate live - What is shown is current.
 * @cssstate refreshing - What is shown is being fetched again.
 * @cssstate stale - The connection is down.
 * @cssstate error - Nothing helps without somebody's doing.
 * @cssstate unsaved - Something was entered that is not saved.
 * @cssstate invalid - Something was entered that cannot be saved.
 * @cssstate disputed - Something was changed elsewhere while it was edited here.
 * @cssstate ended - The session has ended: somebody has to sign in again.
 */
export class SettingsPanelElement extends LitElement {
  static override styles = [base, dotStyles, styles];

  /** In a form its value is what is set, as JSON, under its `name`. */
  static formAssociated = true;

  /** The open section: `appearance`, `locale`, `usage`, `ai_providers`, `chat`, `account`, `transfer`, or a group's id. */
  @property({ reflect: true }) section = 'appearance';

  /** The sections to show, separated by spaces; empty: all. */
  @property() sections = '';

  /** How long after the last edit to save, ms; `off`: when somebody says so. */
  @property() autosave = '1500';

  /** `off`: the settings are not applied to the page by this panel. */
  @property() apply = '';

  /** Settings of the page's own, each group a section; kept, merged and told like the kit's. */
  @property({ attribute: false }) groups: readonly SettingsGroup[] = [];

  @state() private view: PanelView | undefined;
  @state() private announcement = '';
  @state() private disabled = false;
  @state() private failure: LivelitError | undefined;

  @query('[role=tab][aria-selected=true]') private selected!: HTMLElement | null;

  #internals = this.attachInternals();
  #loading = false;

  /** What the view asks of the element, and tells it. */
  #hooks: PanelHooks = {
    autosaveMs: () => {
      const ms = Number(this.autosave || AUTOSAVE_MS);
      return this.autosave === 'off' ? undefined : ms >= 0 ? ms : AUTOSAVE_MS;
    },
    announce: (words) => (this.announcement = words),
    saving: (patch) => {
      const event = new SettingsPanelSaveEvent(patch);
      return this.dispatchEvent(event);
    },
    saved: (patch) => {
      const event = new SettingsPanelSavedEvent(patch);
      this.dispatchEvent(event);
    },
  };

  /** What is set, as JSON: what a form sends. */
  get value(): string {
    return JSON.stringify(this.view?.drafts.values ?? {});
  }

  /** How many settings are entered and not saved. */
  get unsaved(): number {
    return this.view?.drafts.unsaved ?? 0;
  }

  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }

  get validity(): ValidityState {
    return this.#internals.validity;
  }

  get validationMessage(): string {
    return this.#internals.validationMessage;
  }

  checkValidity(): boolean {
    return this.#internals.checkValidity();
  }

  reportValidity(): boolean {
    return this.#internals.reportValidity();
  }

  /** Saves now what is entered, as far as it can be saved. */
  save(): void {
    this.view?.drafts.save();
  }

  /** Takes back what is unsaved, or else what was saved last. */
  undo(): void {
    if (!this.view?.drafts.undoable) return;
    this.announcement = this.view.drafts.undo() ? settingsStrings.undone : settingsStrings.notUndone;
  }

  /** Fetches everything again. */
  refresh(): void {
    this.view?.refresh();
  }

  formResetCallback(): void {
    this.view?.drafts.restore();
  }

  formDisabledCallback(disabled: boolean): void {
    this.disabled = disabled;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!this.#loading) void this.#load();
    if (changed.has('groups')) this.view?.add(this.groups);
  }

  protected override updated(): void {
    if (this.view) this.view.showStates(this.#internals.states);
    else toggle(this.#internals.states, 'error', this.failure !== undefined);
    const [invalid] = this.view?.invalid ?? [];
    this.#internals.setFormValue(this.value);
    // The bubble stands at the open tab: the field may be on another.
    if (invalid) this.#internals.setValidity({ customError: true }, invalid.complaint, this.selected ?? undefined);
    else this.#internals.setValidity({});
  }

  async #load(): Promise<void> {
    this.#loading = true;
    this.failure = undefined;
    try {
      const { PanelView } = await import('./settings-panel.view.ts');
      const view = new PanelView(this, this.#internals, this.#hooks);
      view.add(this.groups);
      this.view = view;
      if (this.apply !== 'off') this.view.apply();
    } catch (error) {
      // Offline, or a new version has taken the file away.
      this.failure = LivelitError.from(error);
    }
  }

  override render() {
    const tabs = this.#tabs;
    const open = tabs.find(({ id }) => id === this.section)?.id ?? tabs[0]?.id ?? '';
    return html`
      <div class="frame" ?inert=${this.disabled} @keydown=${this.#press}>
        ${this.#renderHeader()} ${this.view?.renderNotices()}
        <div class="body">
          ${renderTabs(tabs, open, (id) => (this.section = id))}
          <div
            part="panel"
            class="panel"
            id="panel"
            role="tabpanel"
            aria-labelledby="tab-${open}"
            aria-busy=${!this.view}
          >
            ${this.view?.renderSection(open)} ${this.failure ? this.#renderFailure(this.failure) : nothing}
            <slot></slot>
          </div>
        </div>
        <div class="visually-hidden" role="status">${this.announcement}</div>
      </div>
    `;
  }

  get #tabs(): readonly Tab[] {
    const all = this.view?.tabs ?? FIRST_TABS;
    const wanted = this.sections.split(/\s+/).filter(Boolean);
    return wanted.length ? wanted.flatMap((id) => all.find((tab) => tab.id === id) ?? []) : all;
  }

  #renderFailure({ message }: LivelitError) {
    return html`<div part="notice" class="notice" role="alert">
      <p>${settingsStrings.failed} ${message}</p>
      <button part="button" type="button" @click=${() => void this.#load()}>${settingsStrings.again}</button>
    </div>`;
  }

  #renderHeader() {
    const { view } = this;
    const {
      tone = '',
      busy = false,
      words = '',
      lastSyncAt,
      state: label = settingsStrings.state.connecting,
    } = view ?? {};
    const at = lastSyncAt && momentFormat(localeOf(this), { timeStyle: 'medium' }).format(lastSyncAt);
    const button = (part: string, text: string, enabled: boolean, act: () => void) =>
      html`<button part="button ${part}" class=${part} type="button" ?disabled=${!enabled} @click=${act}>
        ${text}
      </button>`;
    return html`
      <header part="header">
        <slot name="title"><h2 part="title">${settingsStrings.title}</h2></slot>
        <p part="state" class="state">
          <span part="dot" class="dot ${tone} ${busy ? 'busy' : ''}"></span>
          <span aria-live="polite">${words || label}</span>
          ${at ? html`<span class="muted">${settingsStrings.lastSync(at)}</span>` : nothing}
        </p>
        <div part="actions" class="actions">
          ${button('undo', settingsStrings.undo, view?.drafts.undoable ?? false, () => this.undo())}
          ${button('refresh', settingsStrings.refresh, view !== undefined, () => this.refresh())}
          ${button('save', settingsStrings.save, this.unsaved > 0, () => this.save())}
        </div>
      </header>
    `;
  }

  /** Undo and save by the keys that everybody knows; a text field has an undo of its own. */
  readonly #press = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const key = event.ctrlKey || event.metaKey ? event.key.toLowerCase() : '';
    const typing = target.matches('textarea, input:not([type=radio], [type=checkbox])');
    if (key === 'z' && !event.shiftKey && !typing) this.undo();
    else if (key === 's') this.save();
    else if (event.key === 'Enter' && !event.isComposing && target.matches('.field input:not([type=password])'))
      this.save();
    else return;
    event.preventDefault();
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'settings-panel': SettingsPanelElement;
  }
}
