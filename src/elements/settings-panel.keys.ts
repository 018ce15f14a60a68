import { html, nothing, type ReactiveControllerHost } from 'lit';
import {
  apiKeys,
  deleteApiKey,
  keyComplaint,
  PROVIDERS,
  saveApiKey,
  validateApiKey,
  type ApiKey,
  type KeyCheck,
  type Provider,
} from '../services/api-keys.ts';
import { LivelitError } from '../store/error.ts';
import { LiveController } from './live-controller.ts';
import { localeOf } from './locale.ts';
import { keyStrings } from './strings/account.en.ts';
import { timeAgo } from './time-ago.ts';

export { formStyles as styles } from './settings-panel.forms.styles.ts';

/** What is being done about one provider's key. */
interface Doing {
  readonly what: 'entering' | 'removing' | 'working' | 'told';
  /** What is wrong, or how it went. */
  readonly said?: string;
  readonly wrong?: boolean;
}

/**
 * The member's keys: what is known of each, and setting, checking and deleting it. A key stands in its input only, from
 * pasting it to saving it: in no state, no attribute and no storage.
 */
export class KeysSection {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #keys: LiveController<readonly ApiKey[]>;
  readonly #announce: (words: string) => void;
  readonly #doing = new Map<Provider, Doing>();

  constructor(host: ReactiveControllerHost & HTMLElement, announce: (words: string) => void) {
    this.#host = host;
    this.#keys = new LiveController(host, apiKeys);
    this.#announce = announce;
  }

  render() {
    const { data, status, error } = this.#keys.snapshot;
    return html`
      <section part="group keys" class="group" aria-labelledby="group-keys">
        <h3 part="group-title" id="group-keys">${keyStrings.title}</h3>
        <p class="hint">${status === 'idle' || !data ? (error?.message ?? keyStrings.signIn) : keyStrings.hint}</p>
        ${data ? PROVIDERS.map((provider) => this.#renderKey(provider, data)) : nothing}
      </section>
    `;
  }

  #renderKey(provider: Provider, keys: readonly ApiKey[]) {
    const key = keys.find((each) => each.provider === provider);
    const doing = this.#doing.get(provider);
    const name = keyStrings.providers[provider] ?? provider;
    const button = (label: string, act: () => void, about = `${label}: ${name}`) =>
      html`<button part="button" type="button" aria-label=${about} ?disabled=${doing?.what === 'working'} @click=${act}>
        ${label}
      </button>`;
    const actions = key
      ? [
          button(keyStrings.check, () => void this.#check(provider)),
          button(keyStrings.replace, () => this.#turn(provider, { what: 'entering' })),
          button(keyStrings.remove, () => this.#turn(provider, { what: 'removing' })),
        ]
      : button(keyStrings.add, () => this.#turn(provider, { what: 'entering' }));
    return html`
      <div part="key" class="field key" data-provider=${provider}>
        <div class="words">
          <span part="label">${name}</span>
          <p part="key-state" class="hint ${key?.status === 'invalid' ? 'bad' : ''}">${this.#stateOf(key)}</p>
        </div>
        <div class="control">
          ${
            doing?.what === 'entering'
              ? this.#renderEntry(provider, name)
              : doing?.what === 'removing'
                ? html`<p>${keyStrings.removeOf(name)}</p>
                    <div class="actions">
                      ${button(keyStrings.really, () => void this.#remove(provider))}
                      ${button(keyStrings.keep, () => this.#turn(provider))}
                    </div>`
                : html`<div class="actions">${actions}</div>`
          }
          ${
            doing?.said
              ? html`<p
                  part="key-note"
                  class="note ${doing.wrong ? 'complaint' : ''}"
                  role=${doing.wrong ? 'alert' : nothing}
                >
                  ${doing.said}
                </p>`
              : nothing
          }
        </div>
      </div>
    `;
  }

  #renderEntry(provider: Provider, name: string) {
    const wrong = this.#doing.get(provider)?.wrong;
    return html`
      <form
        part="key-form"
        class="actions"
        @submit=${(event: SubmitEvent) => {
          event.preventDefault();
          void this.#save(provider, (event.currentTarget as HTMLFormElement).querySelector('input')!);
        }}
      >
        <input
          part="input"
          type="password"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          data-1p-ignore
          data-lpignore="true"
          aria-label=${keyStrings.input(name)}
          aria-invalid=${wrong ? 'true' : 'false'}
          @input=${(event: Event) => this.#look(provider, (event.target as HTMLInputElement).value)}
        />
        <button part="button primary" class="primary">${keyStrings.save}</button>
        <button part="button" type="button" @click=${() => this.#turn(provider)}>${keyStrings.cancel}</button>
      </form>
    `;
  }

  /** "Ends with 1a2b · Valid · checked 3 minutes ago". */
  #stateOf(key: ApiKey | undefined): string {
    if (!key) return keyStrings.none;
    const { last4, status, checked_at: checked, updated_at: updated } = key;
    const ago = (at: string) => timeAgo(Date.parse(at), localeOf(this.#host));
    const when = checked ? keyStrings.checked(ago(checked)) : keyStrings.set(ago(updated));
    return [keyStrings.last4(last4), keyStrings.status[status], when].join(' · ');
  }

  #turn(provider: Provider, doing?: Doing): void {
    if (doing) this.#doing.set(provider, doing);
    else this.#doing.delete(provider);
    this.#host.requestUpdate();
    if (doing?.what === 'entering' && !doing.said) {
      const field = `[data-provider="${provider}"] input`;
      void this.#host.updateComplete.then(() => this.#host.shadowRoot!.querySelector<HTMLInputElement>(field)?.focus());
    }
  }

  /** While a key is pasted: the wrong kind is said before it goes anywhere. */
  #look(provider: Provider, text: string): void {
    const complaint = text.trim() ? keyComplaint(provider, text) : undefined;
    this.#turn(provider, { what: 'entering', said: complaint ?? ' ', wrong: complaint !== undefined });
  }

  async #save(provider: Provider, input: HTMLInputElement): Promise<void> {
    const key = input.value;
    const complaint = keyComplaint(provider, key);
    if (complaint) {
      this.#turn(provider, { what: 'entering', said: complaint, wrong: true });
      return;
    }
    // Gone from the page before it is sent.
    input.value = '';
    await this.#work(provider, 'entering', async () => {
      const check = await saveApiKey(provider, key);
      return { check, said: keyStrings.saved(keyStrings.providers[provider] ?? provider) };
    });
  }

  #check(provider: Provider): Promise<void> {
    return this.#work(provider, undefined, async () => {
      const check = await validateApiKey(provider);
      return { check, said: keyStrings.fine(keyStrings.providers[provider] ?? provider) };
    });
  }

  #remove(provider: Provider): Promise<void> {
    return this.#work(provider, undefined, async () => {
      await deleteApiKey(provider);
      return { said: keyStrings.removed(keyStrings.providers[provider] ?? provider) };
    });
  }

  /** @param after - What goes on when it has failed. */
  async #work(
    provider: Provider,
    after: Doing['what'] | undefined,
    work: () => Promise<{ readonly check?: KeyCheck; readonly said: string }>,
  ): Promise<void> {
    this.#turn(provider, { what: 'working', said: keyStrings.working });
    try {
      const { check, said } = await work();
      const wrong = check?.status === 'invalid';
      const words = check?.message ?? said;
      this.#doing.set(provider, { what: 'working', said: words, wrong });
      this.#announce(words);
    } catch (error) {
      const { message } = LivelitError.from(error);
      this.#turn(provider, { what: after ?? 'working', said: message, wrong: true });
    }
    // Nothing runs any more: what was said stays beside the buttons.
    const done = this.#doing.get(provider)!;
    if (done.what === 'working') this.#doing.set(provider, { ...done, what: 'told' });
    this.#host.requestUpdate();
  }
}
