import { html, nothing, type CSSResult, type ReactiveElement } from 'lit';
import { addSettings, type SettingsGroup } from '../services/settings-schema.ts';
import { refreshSettings, settings, type Settings } from '../services/settings.ts';
import { connection, discardWrite, retryWrite, type Connection } from '../services/sync.ts';
import type { Snapshot } from '../store/live.ts';
import { applySettings, settingsApplied } from './apply-settings.ts';
import { LiveController, toggle } from './live-controller.ts';
import type { AccountSection } from './settings-panel.account.ts';
import { BOOKS } from './settings-panel.books.ts';
import { Drafts, type DraftsHooks } from './settings-panel.drafts.ts';
import type { FieldState } from './settings-panel.state.ts';
import { choiceStyles } from './settings-panel.choices.styles.ts';
import { renderGroup } from './settings-panel.fields.ts';
import { fieldStyles } from './settings-panel.fields.styles.ts';
import type { KeysSection } from './settings-panel.keys.ts';
import type { ShareSection } from './settings-panel.share.ts';
import type { Tab } from './settings-panel.tabs.ts';
import type { TransferSection } from './settings-panel.transfer.ts';
import { toneOf, type Tone } from './status-dot.ts';
import { fieldStrings } from './strings/settings-parts.en.ts';
import { settingsStrings } from './strings/settings.en.ts';

/** The groups on a tab that has several; any other group has a tab of its own. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  usage: ['usage', 'limits', 'sync'],
  account: ['profile'],
};

const BUILT_IN = ['appearance', 'locale', 'usage', 'ai_providers', 'chat', 'account', 'transfer'];

/** Refused writes that are told here; those of settings stand beside their field. */
const LANES = new Set(BOOKS.map(({ lane }) => lane).filter((lane) => lane !== 'settings'));

/** What the view asks of the element, and tells it. */
export interface PanelHooks extends DraftsHooks {
  /** Says something to who listens. */
  readonly announce: (words: string) => void;
}

/** The element, as far as its view moves it. */
type ViewHost = ReactiveElement & { section: string };

/** What of the panel needs the kernel: its state, its sections, and what is wrong. Loaded beside the frame. */
export class PanelView {
  readonly drafts: Drafts;
  readonly #host: ViewHost;
  readonly #hooks: PanelHooks;
  readonly #settings: LiveController<Settings>;
  readonly #connection: LiveController<Connection>;
  #keys: KeysSection | undefined;
  #account: AccountSection | undefined;
  #transfer: TransferSection | undefined;
  #share: ShareSection | undefined;
  readonly #loading = new Set<string>();
  /** Where somebody was when they went to sign in. */
  #cameFrom: string | undefined;

  constructor(host: ViewHost, internals: ElementInternals, hooks: PanelHooks) {
    this.#host = host;
    this.#hooks = hooks;
    for (const styles of [fieldStyles, choiceStyles]) this.#adopt(styles);
    this.#settings = new LiveController(host, settings, internals);
    this.#connection = new LiveController(host, connection);
    this.drafts = new Drafts(host, hooks);
  }

  /** Has settings apply to the page, unless it has done so itself; for as long as the page lives. */
  apply(): void {
    if (!settingsApplied()) applySettings();
  }

  add(groups: readonly SettingsGroup[]): void {
    for (const group of groups) addSettings(group);
  }

  refresh(): void {
    refreshSettings();
    for (const { live } of BOOKS) live().refresh?.();
  }

  get snapshot(): Snapshot<Settings> {
    return this.#settings.snapshot;
  }

  get #current(): Connection {
    // An element that has left the page while this was loaded follows nothing.
    return (this.#connection.snapshot.data ?? connection().snapshot.data)!;
  }

  /** Whether somebody has to sign in again. */
  get ended(): boolean {
    return this.#current.state === 'needs-auth' || this.snapshot.error?.reason === 'session_ended';
  }

  get disputed(): boolean {
    return this.drafts.states.some(({ theirs, setting }) => theirs ?? setting.refused);
  }

  get invalid(): readonly FieldState[] {
    return this.drafts.states.filter(({ complaint }) => complaint);
  }

  showStates(states: CustomStateSet): void {
    toggle(states, 'unsaved', this.drafts.unsaved > 0);
    toggle(states, 'invalid', this.invalid.length > 0);
    toggle(states, 'disputed', this.disputed);
    toggle(states, 'ended', this.ended);
  }

  get tone(): Tone {
    const { state, pending, failed } = this.#current;
    return toneOf({ state: this.ended ? 'needs-auth' : state, pending: pending + this.drafts.unsaved, failed });
  }

  get busy(): boolean {
    return this.#current.busy;
  }

  get state(): string {
    return settingsStrings.state[this.ended ? 'needs-auth' : this.#current.state];
  }

  /** How it stands with what was entered. */
  get words(): string {
    const { pending, state } = this.#current;
    const invalid = this.invalid.length;
    if (this.disputed) return settingsStrings.conflict;
    if (invalid) return settingsStrings.invalid(invalid);
    if (this.drafts.unsaved) return settingsStrings.unsaved;
    if (!pending) return state === 'live' ? settingsStrings.saved : '';
    return state === 'live' ? settingsStrings.saving : settingsStrings.waiting;
  }

  get lastSyncAt(): number | undefined {
    return this.#current.lastSyncAt;
  }

  get tabs(): readonly Tab[] {
    const { groups, states } = this.drafts;
    const inside = new Set(Object.values(TOGETHER).flat());
    const own = groups.filter(({ id }) => !inside.has(id) && !BUILT_IN.includes(id));
    const chat = groups.some(({ id }) => id === 'chat');
    const first = BUILT_IN.slice(0, -2).filter((id) => id !== 'chat' || chat);
    const open = states.filter(({ edited, theirs, setting }) => edited || theirs || setting.refused);
    const marks = new Set(open.map(({ path }) => this.tabOf(path)));
    return [...first, ...own.map(({ id }) => id), ...BUILT_IN.slice(-2)].map((id) => ({
      id,
      label: settingsStrings.tabs[id] ?? own.find((group) => group.id === id)?.label ?? id,
      marked: marks.has(id),
    }));
  }

  /** The tab on which a setting stands. */
  tabOf(path: string): string {
    const [group = ''] = path.split('.');
    return Object.keys(TOGETHER).find((tab) => TOGETHER[tab]!.includes(group)) ?? group;
  }

  /** What somebody has to know whatever tab is open. */
  renderNotices() {
    const refused = this.#current.writes.filter(({ state, lane }) => state === 'failed' && LANES.has(lane));
    const { error, status } = this.snapshot;
    return html`
      ${
        this.ended
          ? html`<div part="notice" class="notice" role="alert">
              <p>${settingsStrings.ended}</p>
              <button part="button sign-in" type="button" @click=${this.#signIn}>${settingsStrings.signIn}</button>
            </div>`
          : status === 'error' && error
            ? html`<div part="notice" class="notice" role="alert">
                <p>${error.message}</p>
                <button part="button" type="button" @click=${() => this.refresh()}>${settingsStrings.again}</button>
              </div>`
            : nothing
      }
      ${refused.map(
        ({ id, error: reason }) =>
          html`<div part="notice" class="notice" role="alert">
            <p>${settingsStrings.refused(reason?.message ?? '')}</p>
            <button part="button" type="button" @click=${() => retryWrite(id)}>${settingsStrings.again}</button>
            <button part="button" type="button" @click=${() => discardWrite(id)}>${settingsStrings.discard}</button>
          </div>`,
      )}
    `;
  }

  renderSection(tab: string) {
    const ids = TOGETHER[tab] ?? [tab];
    const groups = ids.flatMap((id) => this.drafts.groups.filter((group) => group.id === id));
    return html`
      ${tab === 'account' ? this.#renderAccount() : nothing} ${groups.map((group) => renderGroup(this.drafts, group))}
      ${tab === 'usage' ? this.#renderShare() : nothing} ${tab === 'ai_providers' ? this.#renderKeys() : nothing}
      ${tab === 'transfer' ? this.#renderTransfer() : nothing}
      ${
        this.snapshot.status === 'idle' && !['account', 'transfer'].includes(tab)
          ? html`<p part="hint" class="hint foot">
              ${fieldStrings.signedOut}
              <button part="link" class="link" type="button" @click=${this.#signIn}>${fieldStrings.signIn}</button>
            </p>`
          : nothing
      }
    `;
  }

  readonly #signIn = () => {
    this.#cameFrom = this.#host.section;
    this.#host.section = 'account';
    void this.#host.updateComplete.then(() =>
      this.#host.shadowRoot!.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus(),
    );
  };

  #renderAccount() {
    this.#load('account', async () => {
      const section = await import('./settings-panel.account.ts');
      this.#account = new section.AccountSection(this.#host, {
        announce: this.#hooks.announce,
        address: () => this.drafts.address,
        leaving: () => this.drafts.save(),
        entered: () => {
          if (this.#cameFrom) this.#host.section = this.#cameFrom;
          this.#cameFrom = undefined;
        },
      });
      return section;
    });
    return this.#account?.render();
  }

  #renderKeys() {
    this.#load('keys', async () => {
      const section = await import('./settings-panel.keys.ts');
      this.#keys = new section.KeysSection(this.#host, this.#hooks.announce);
      return section;
    });
    return this.#keys?.render();
  }

  #renderShare() {
    this.#load('share', async () => {
      const section = await import('./settings-panel.share.ts');
      this.#share = new section.ShareSection(this.#host, this.#hooks.announce);
      return section;
    });
    return this.#share?.render();
  }

  #renderTransfer() {
    this.#load('transfer', async () => {
      const section = await import('./settings-panel.transfer.ts');
      this.#transfer = new section.TransferSection(this.#host, this.drafts, this.#hooks.announce);
      return section;
    });
    return this.#transfer?.render();
  }

  /** Once; a file that could not be loaded is asked for again at the next render. */
  #load(name: string, load: () => Promise<{ readonly styles: CSSResult }>): void {
    if (this.#loading.has(name)) return;
    this.#loading.add(name);
    load().then(
      ({ styles }) => {
        this.#adopt(styles);
        this.#host.requestUpdate();
      },
      () => this.#loading.delete(name),
    );
  }

  #adopt({ styleSheet }: CSSResult): void {
    const { adoptedStyleSheets: sheets } = this.#host.renderRoot as ShadowRoot;
    if (styleSheet && !sheets.includes(styleSheet)) sheets.push(styleSheet);
  }
}
