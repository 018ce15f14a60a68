import type { KeyCheck } from '../../services/api-keys.ts';

/** What `<settings-panel>` says about accounts and keys. */
export const accountStrings = {
  title: { in: 'Sign in', up: 'New account', code: 'Sign in with a code', reset: 'Forgotten password' },
  as: (email: string) => `Signed in as ${email}`,
  visitor: 'You are here as a visitor. With an account your conversations stay yours, and these settings go with you.',
  stranger: 'Without an account the settings stay on this device.',
  ended: 'Your session has ended. What you have changed is kept, and saved when you are back.',
  hosted: 'This page signs people in itself.',
  unconnected: 'This page is not connected to a project: settings stay on this device.',
  loading: 'Loading…',
  email: 'Address',
  password: 'Password',
  newPassword: 'New password',
  fullName: 'Full name',
  code: 'Six-digit code',
  mailed: (email: string) => `A code of six digits was mailed to ${email}.`,
  choose: 'Choose a new password, or leave it as it is.',
  submit: {
    in: 'Sign in',
    up: 'Make the account',
    code: 'Mail me a code',
    reset: 'Mail me a code',
    enter: 'Continue',
    password: 'Set password',
  },
  other: {
    in: 'I have a password',
    up: 'I have no account',
    code: 'Sign in with a code instead',
    reset: 'I have forgotten my password',
    back: 'Back',
    later: 'Later',
  },
  signOut: 'Sign out',
  unsent: (count: number) =>
    count === 1
      ? 'One change has not arrived: it waits for you here.'
      : `${count} changes have not arrived: they wait for you here.`,
  done: 'Signed in.',
  passwordSet: 'The password was changed.',
} as const;

export const keyStrings = {
  title: 'API keys',
  hint: 'Admin keys read usage. A key is sealed on the server; nobody gets to see it again, you neither.',
  signIn: 'Sign in to leave a key with the server.',
  providers: { openai: 'OpenAI', anthropic: 'Anthropic' } as Readonly<Record<string, string>>,
  none: 'No key',
  last4: (last4: string) => `Ends with ${last4}`,
  status: { valid: 'Valid', invalid: 'Not accepted', unchecked: 'Not checked' } satisfies Record<
    KeyCheck['status'],
    string
  >,
  checked: (when: string) => `checked ${when}`,
  set: (when: string) => `set ${when}`,
  add: 'Add key',
  replace: 'Replace',
  check: 'Check',
  remove: 'Delete',
  removeOf: (provider: string) => `Delete the key of ${provider}?`,
  really: 'Delete',
  keep: 'Keep',
  cancel: 'Cancel',
  save: 'Save key',
  input: (provider: string) => `Admin key of ${provider}`,
  working: 'Asking the provider…',
  saved: (provider: string) => `The key of ${provider} was saved.`,
  fine: (provider: string) => `${provider} accepts the key.`,
  removed: (provider: string) =>
    `The key of ${provider} was deleted here. To end it for good, revoke it at the provider.`,
} as const;
