import { html, nothing, type ReactiveControllerHost } from 'lit';
import { settingField, type SettingsPatch } from '../services/settings-schema.ts';
import { LivelitError } from '../store/error.ts';
import type { Drafts } from './settings-panel.drafts.ts';
import { transferStrings } from './strings/transfer.en.ts';
import { attributeOf, SHOWN } from './wishes.ts';

export { formStyles as styles } from './settings-panel.forms.styles.ts';

/** More than the database takes of one account, characters. */
const MOST_CHARACTERS = 100_000;

/** Settings as a file, out and in, and as markup for another page. */
export class TransferSection {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #drafts: Drafts;
  readonly #announce: (words: string) => void;
  #said = '';
  #wrong = false;

  constructor(host: ReactiveControllerHost & HTMLElement, drafts: Drafts, announce: (words: string) => void) {
    this.#host = host;
    this.#drafts = drafts;
    this.#announce = announce;
  }

  render() {
    const { values } = this.#drafts;
    const none = !Object.keys(values).length;
    const code = embedCode(values);
    return html`
      <section part="group transfer" class="group" aria-labelledby="group-transfer">
        <h3 part="group-title" id="group-transfer">${transferStrings.title}</h3>
        <p class="hint">${none ? transferStrings.nothing : transferStrings.hint}</p>
        <div class="actions">
          <button part="button export" type="button" ?disabled=${none} @click=${this.#download}>
            ${transferStrings.download}
          </button>
          <button part="button" type="button" ?disabled=${none} @click=${() => void this.#copy(this.#text)}>
            ${transferStrings.copy}
          </button>
          <button part="button import" type="button" @click=${this.#choose}>${transferStrings.import}</button>
          <input class="file" type="file" accept=".json,application/json" hidden @change=${this.#import} />
        </div>
        ${
          this.#said
            ? html`<p
                part="transfer-note"
                class="note ${this.#wrong ? 'complaint' : ''}"
                role=${this.#wrong ? 'alert' : nothing}
              >
                ${this.#said}
              </p>`
            : nothing
        }
      </section>
      <section part="group embed" class="group" aria-labelledby="group-embed">
        <h3 part="group-title" id="group-embed">${transferStrings.embed}</h3>
        <p class="hint">${transferStrings.embedHint} ${ownScript() ? '' : transferStrings.embedFill}</p>
        <pre part="code" class="code" tabindex="0" role="group" aria-label=${transferStrings.code}>${code}</pre>
        <div class="actions">
          <button part="button embed-copy" type="button" @click=${() => void this.#copy(code)}>
            ${transferStrings.embedCopy}
          </button>
        </div>
      </section>
    `;
  }

  get #text(): string {
    return `${JSON.stringify(this.#drafts.values, null, 2)}\n`;
  }

  #say(words: string, wrong = false): void {
    this.#said = words;
    this.#wrong = wrong;
    if (!wrong) this.#announce(words);
    this.#host.requestUpdate();
  }

  readonly #download = () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([this.#text], { type: 'application/json' }));
    link.download = 'livelit-settings.json';
    link.click();
    URL.revokeObjectURL(link.href);
  };

  async #copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.#say(transferStrings.copied);
    } catch {
      // A frame without the permission, or a page on plain http.
      this.#say(transferStrings.notCopied, true);
    }
  }

  readonly #choose = () => this.#host.shadowRoot!.querySelector<HTMLInputElement>('input.file')!.click();

  readonly #import = async ({ target }: Event) => {
    const input = target as HTMLInputElement;
    const [file] = input.files ?? [];
    // The same file can be chosen again.
    const text = file && file.size <= MOST_CHARACTERS ? await file.text() : undefined;
    input.value = '';
    if (!file) return;
    if (text === undefined) this.#say(transferStrings.tooLarge, true);
    else this.take(text);
  };

  /** Saves what a file says, all of it or nothing. */
  take(text: string): void {
    try {
      const patch = settingsIn(text);
      const { values } = this.#drafts;
      const changes = Object.entries(patch).filter(
        ([path, value]) => JSON.stringify(values[path]) !== JSON.stringify(value),
      );
      if (changes.length) this.#drafts.take(Object.fromEntries(changes));
      this.#say(changes.length ? transferStrings.imported(changes.length) : transferStrings.same);
    } catch (error) {
      this.#say(LivelitError.from(error).message, true);
    }
  }
}

/** @throws {LivelitError} `invalid` for what is no file of settings; the values are checked where they are saved. */
function settingsIn(text: string): SettingsPatch {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new LivelitError('invalid', transferStrings.unreadable, { reason: 'json', cause });
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw new LivelitError('invalid', transferStrings.unreadable, { reason: 'json' });
  }
  return found as SettingsPatch;
}

/** The script tag of this page, where it has one: what another page needs stands in it. */
const ownScript = () => document.querySelector<HTMLScriptElement>('script[src][data-url][data-key]');

/** The kit on another page, as this one is set: markup alone, which also works where inline styles are forbidden. */
function embedCode(values: SettingsPatch): string {
  const script = ownScript();
  const attributes: (readonly [name: string, value: unknown])[] = [
    ['src', script?.src ?? 'https://your-site.example/livelit/livelit.js'],
    ['data-url', script?.dataset.url ?? 'https://your-project.supabase.co'],
    ['data-key', script?.dataset.key ?? 'sb_publishable_…'],
    ...SHOWN.map((path) => {
      const name = attributeOf(path);
      // A default leaves it to the page, which may say something itself.
      const set = values[path] !== settingField(path)!.default;
      return [name, (set ? values[path] : undefined) ?? script?.getAttribute(name)] as const;
    }),
  ];
  const said = attributes
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `\n  ${name}="${escaped(String(value))}"`)
    .join('');
  return `<script\n  type="module"${said}\n></script>\n<usage-chart></usage-chart>\n<chat-box></chat-box>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' };

const escaped = (text: string): string => text.replace(/[&"<>]/g, (sign) => ENTITIES[sign]!);
