import { Task, TaskStatus } from '@lit/task';
import { html, nothing, type ReactiveControllerHost } from 'lit';
import {
  requestCode,
  resetPassword,
  session,
  sessionHosted,
  signIn,
  signOut,
  signUp,
  updatePassword,
  verifyCode,
} from '../services/account.ts';
import { connection, type Connection } from '../services/sync.ts';
import type { Session } from '../store/backend.ts';
import { LivelitError } from '../store/error.ts';
import { LiveController } from './live-controller.ts';
import { renderAccountForm, type Step } from './settings-panel.account-form.ts';
import { SettingsPanelSessionEvent } from './settings-panel.events.ts';
import { accountStrings } from './strings/account.en.ts';

export { formStyles as styles } from './settings-panel.forms.styles.ts';

export interface AccountOptions {
  /** Says something to who listens. */
  announce(words: string): void;
  /** Whose session it was last. */
  address(): string;
  /** Before somebody signs out: what is unsaved is handed over. */
  leaving(): void;
  /** After somebody has signed in. */
  entered(): void;
}

/** Signing in, up and out, for a page whose session is the kit's own. */
export class AccountSection {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #session: LiveController<Session | null>;
  readonly #connection: LiveController<Connection>;
  readonly #options: AccountOptions;
  #step: Step = 'in';
  /** Where the code comes from that is entered: after a reset a new password is next. */
  #mailedFor: Step = 'code';
  #email = '';
  readonly #hosted: Task<readonly [string | undefined], boolean>;
  readonly #work: Task<[() => Promise<void>]>;

  constructor(host: ReactiveControllerHost & HTMLElement, options: AccountOptions) {
    this.#host = host;
    this.#options = options;
    this.#session = new LiveController(host, session);
    this.#connection = new LiveController(host, connection);
    // Asked anew when a project is connected.
    this.#hosted = new Task(host, {
      task: () => sessionHosted(),
      args: () => [this.#connection.snapshot.data?.state === 'idle' ? this.#session.snapshot.status : 'connected'],
    });
    this.#work = new Task(host, {
      autoRun: false,
      task: ([work]: [() => Promise<void>]) => work(),
      onError: (error) => this.#options.announce(LivelitError.from(error).message),
    });
  }

  render() {
    return html`
      <section part="group account" class="group" aria-labelledby="group-account">
        <h3 part="group-title" id="group-account">${this.#title}</h3>
        ${this.#renderBody()}
      </section>
    `;
  }

  get #member(): Session | undefined {
    const { data } = this.#session.snapshot;
    return data && !data.anonymous ? data : undefined;
  }

  get #title(): string {
    if (this.#member && this.#step !== 'password') return accountStrings.as(this.#member.email);
    const { title, newPassword } = accountStrings;
    if (this.#step === 'password') return newPassword;
    return title[this.#step === 'enter' ? (this.#mailedFor as keyof typeof title) : this.#step];
  }

  #renderBody() {
    const unconnected = this.#hosted.status === TaskStatus.ERROR;
    if (unconnected) return html`<p class="hint">${accountStrings.unconnected}</p>`;
    if (this.#hosted.value === undefined) return html`<p class="hint">${accountStrings.loading}</p>`;
    if (this.#hosted.value) return this.#renderHosted();
    if (this.#member && this.#step !== 'password') return this.#renderMember();
    return this.#renderForm();
  }

  /** The page signs people in and out. */
  #renderHosted() {
    const wish = this.#member ? 'sign-out' : 'sign-in';
    const tell = () => this.#host.dispatchEvent(new SettingsPanelSessionEvent(wish));
    return html`
      <p class="hint">${accountStrings.hosted}</p>
      <button part="button session" type="button" @click=${tell}>
        ${this.#member ? accountStrings.signOut : accountStrings.title.in}
      </button>
    `;
  }

  #renderMember() {
    const unsent = this.#connection.snapshot.data?.pending ?? 0;
    return html`
      ${unsent ? html`<p class="hint">${accountStrings.unsent(unsent)}</p>` : nothing}
      <div class="actions">
        <button part="button sign-out" type="button" ?disabled=${this.#busy} @click=${this.#signOut}>
          ${accountStrings.signOut}
        </button>
      </div>
      ${this.#renderProblem()}
    `;
  }

  #renderForm() {
    return renderAccountForm({
      step: this.#step,
      mailedFor: this.#mailedFor,
      reason: this.#reason,
      email: this.#email || this.#known,
      busy: this.#busy,
      problem: this.#renderProblem(),
      submit: this.#submit,
      go: (step) => this.#go(step),
    });
  }

  #renderProblem() {
    const { status, error } = this.#work;
    if (status !== TaskStatus.ERROR) return nothing;
    return html`<p part="problem" class="complaint" role="alert">${LivelitError.from(error).message}</p>`;
  }

  get #busy(): boolean {
    return this.#work.status === TaskStatus.PENDING;
  }

  /** Whose session has ended by itself; who signs out leaves no address behind. */
  get #known(): string {
    return this.#connection.snapshot.data?.state === 'needs-auth' ? this.#options.address() : '';
  }

  get #reason(): string {
    if (this.#step === 'enter') return accountStrings.mailed(this.#email);
    if (this.#step === 'password') return accountStrings.choose;
    if (this.#connection.snapshot.data?.state === 'needs-auth') return accountStrings.ended;
    return this.#session.snapshot.data?.anonymous ? accountStrings.visitor : accountStrings.stranger;
  }

  #go(step: Step): void {
    this.#step = step;
    this.#host.requestUpdate();
    void this.#host.updateComplete.then(() =>
      this.#host.shadowRoot!.querySelector<HTMLInputElement>('form.account input')?.focus(),
    );
  }

  readonly #submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const values = new FormData(form);
    const of = (name: string) => (values.get(name) as string | null) ?? '';
    if (this.#step !== 'enter' && this.#step !== 'password') this.#email = of('email');
    void this.#work.run([() => this.#take(this.#step, of)]);
  };

  async #take(step: Step, of: (name: string) => string): Promise<void> {
    const next = await this.#next(step, of);
    if (next === 'here') {
      this.#step = 'in';
      this.#options.announce(step === 'password' ? accountStrings.passwordSet : accountStrings.done);
      this.#options.entered();
      return;
    }
    if (next === 'enter') {
      this.#mailedFor = step;
      this.#options.announce(accountStrings.mailed(this.#email));
    }
    this.#go(next);
  }

  /** What comes after a step: a password stands in its input only. */
  async #next(step: Step, of: (name: string) => string): Promise<Step | 'here'> {
    const email = this.#email;
    switch (step) {
      case 'in':
        await signIn(email, of('password'));
        return 'here';
      case 'up':
        return (await signUp(email, of('password'), of('full_name'))) ? 'here' : 'enter';
      case 'code':
        return (await requestCode(email)) ? 'here' : 'enter';
      case 'reset':
        await resetPassword(email);
        return 'enter';
      case 'enter':
        await verifyCode(email, of('code'));
        return this.#mailedFor === 'reset' ? 'password' : 'here';
      case 'password':
        await updatePassword(of('password'));
        return 'here';
    }
  }

  readonly #signOut = () => {
    this.#options.leaving();
    this.#email = '';
    void this.#work.run([() => signOut()]);
  };
}
