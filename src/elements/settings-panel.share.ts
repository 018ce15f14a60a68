import { Task, TaskStatus } from '@lit/task';
import { html, nothing, type ReactiveControllerHost } from 'lit';
import { createShare, revokeShare, usageShares, type OwnShare } from '../services/usage-shares.ts';
import { LivelitError } from '../store/error.ts';
import { LiveController } from './live-controller.ts';
import { shareStrings } from './strings/share.en.ts';

export { formStyles as styles } from './settings-panel.forms.styles.ts';

/** One switch for everything that is public: on makes a share, off ends all that there are. */
export class ShareSection {
  readonly #host: ReactiveControllerHost;
  readonly #shares: LiveController<readonly OwnShare[]>;
  readonly #announce: (words: string) => void;
  readonly #making: Task<[], string>;

  constructor(host: ReactiveControllerHost, announce: (words: string) => void) {
    this.#host = host;
    this.#announce = announce;
    this.#shares = new LiveController(host, usageShares);
    this.#making = new Task(host, {
      autoRun: false,
      args: () => [],
      task: () => createShare(),
      onComplete: () => {
        // A signal says so, too; who asked does not wait for it.
        usageShares().refresh?.();
        announce(shareStrings.made);
      },
      onError: (error) => announce(LivelitError.from(error).message),
    });
  }

  render() {
    const { data, status } = this.#shares.snapshot;
    if (!data || status === 'idle') return nothing;
    const enabled = data.filter((share) => share.enabled);
    const busy = this.#making.status === TaskStatus.PENDING;
    const on = enabled.length > 0 || busy;
    const problem =
      enabled.find(({ error }) => error)?.error?.message ??
      (this.#making.status === TaskStatus.ERROR ? LivelitError.from(this.#making.error).message : '');
    const saving = busy || data.some((share) => share.status === 'pending');
    return html`
      <section part="group share" class="group" aria-labelledby="group-share">
        <h3 part="group-title" id="group-share">${shareStrings.title}</h3>
        <div part="field" class="field">
          <div class="words">
            <label part="label" for="share">${shareStrings.public}</label>
            <p part="hint" class="hint" id="hint-share">${shareStrings.hint}</p>
          </div>
          <div class="control">
            <input
              part="control switch"
              class="switch"
              type="checkbox"
              role="switch"
              id="share"
              aria-describedby="hint-share"
              .checked=${on}
              ?disabled=${busy}
              @change=${({ target }: Event) => this.#turn((target as HTMLInputElement).checked, enabled)}
            />
            <p class="note">${saving ? shareStrings.source.pending : shareStrings.source.saved}</p>
            ${problem ? html`<p part="complaint" class="complaint" role="alert">${problem}</p>` : nothing}
          </div>
        </div>
        ${enabled.map(({ id }) => this.#renderCode(`<usage-chart share="${id}"></usage-chart>`))}
      </section>
    `;
  }

  #renderCode(code: string) {
    return html`
      <pre part="code" class="code" tabindex="0" role="group" aria-label=${shareStrings.code}>${code}</pre>
      <div class="actions">
        <button part="button" type="button" @click=${() => void this.#copy(code)}>${shareStrings.copy}</button>
      </div>
    `;
  }

  #turn(on: boolean, enabled: readonly OwnShare[]): void {
    if (on) {
      void this.#making.run();
      return;
    }
    for (const { id } of enabled) revokeShare(id);
    this.#announce(shareStrings.ended);
    this.#host.requestUpdate();
  }

  async #copy(code: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(code);
      this.#announce(shareStrings.copied);
    } catch {
      // A frame without the permission, or a page on plain http.
      this.#announce(shareStrings.notCopied);
    }
  }
}
