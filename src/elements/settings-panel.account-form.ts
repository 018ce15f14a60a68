import { html, nothing } from 'lit';
import { accountStrings } from './strings/account.en.ts';

/**
 * `in` with a password · `up` a new account · `code` a mailed code in place of a password · `reset` a forgotten one ·
 * `enter` the code that was mailed · `password` a new one, after a reset.
 */
export type Step = 'in' | 'up' | 'code' | 'reset' | 'enter' | 'password';

/** What the form shows, and who hears of it. */
export interface AccountForm {
  readonly step: Step;
  /** Where the code comes from that is entered. */
  readonly mailedFor: Step;
  /** Why somebody should do this. */
  readonly reason: string;
  /** What stands in the address already. */
  readonly email: string;
  readonly busy: boolean;
  readonly problem: unknown;
  readonly submit: (event: SubmitEvent) => void;
  readonly go: (step: Step) => void;
}

interface Entry {
  readonly name: string;
  readonly label: string;
  readonly autocomplete: string;
  readonly type?: string;
  readonly inputmode?: string;
  readonly maxlength?: number;
  readonly value?: string;
}

/** One step of an account, as browsers and password managers know it. */
export function renderAccountForm({ step, mailedFor, reason, email, busy, problem, submit, go }: AccountForm) {
  return html`
    <p part="hint" class="hint">${reason}</p>
    <form part="form" class="account" data-step=${step} novalidate @submit=${submit}>
      ${entriesOf(step, email).map(renderEntry)} ${problem}
      <div class="actions">
        <button part="button primary" class="primary" ?disabled=${busy}>${accountStrings.submit[step]}</button>
        ${othersOf(step, mailedFor).map(
          ([to, label]) =>
            html`<button part="link" class="link" type="button" data-to=${to} @click=${() => go(to)}>${label}</button>`,
        )}
      </div>
    </form>
  `;
}

const renderEntry = ({ name, label, type = 'text', autocomplete, inputmode, maxlength, value = '' }: Entry) => html`
  <label part="label" class="entry"
    >${label}
    <input
      part="input"
      name=${name}
      type=${type}
      autocomplete=${autocomplete}
      inputmode=${inputmode ?? nothing}
      maxlength=${maxlength ?? nothing}
      required
      .value=${value}
    />
  </label>
`;

function entriesOf(step: Step, email: string): readonly Entry[] {
  const { email: label, password, newPassword, fullName, code } = accountStrings;
  const address: Entry = { name: 'email', label, type: 'email', autocomplete: 'username', value: email };
  const secret = (words: string, autocomplete: string): Entry => ({
    name: 'password',
    label: words,
    type: 'password',
    autocomplete,
  });
  switch (step) {
    case 'in':
      return [address, secret(password, 'current-password')];
    case 'up':
      return [
        { name: 'full_name', label: fullName, autocomplete: 'name', maxlength: 200 },
        address,
        secret(password, 'new-password'),
      ];
    case 'code':
    case 'reset':
      return [address];
    case 'enter':
      // Room for the spaces that mail programs put between the digits.
      return [{ name: 'code', label: code, inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 11 }];
    case 'password':
      return [secret(newPassword, 'new-password')];
  }
}

/** Where else one can go from a step. */
function othersOf(step: Step, mailedFor: Step): readonly (readonly [Step, string])[] {
  const { other } = accountStrings;
  const others: Readonly<Record<Step, readonly (readonly [Step, string])[]>> = {
    in: [
      ['code', other.code],
      ['reset', other.reset],
      ['up', other.up],
    ],
    up: [['in', other.in]],
    code: [['in', other.in]],
    reset: [['in', other.back]],
    enter: [[mailedFor, other.back]],
    password: [['in', other.later]],
  };
  return others[step];
}
