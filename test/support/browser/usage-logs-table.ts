import { html } from 'lit';
import '../../../src/define/usage-logs-table.ts';
import type { UsageLogsTableElement } from '../../../src/elements/usage-logs-table.ts';
import type { Session } from '../../../src/services/account.ts';
import { signIn } from '../../../src/services/account.ts';
import { signUp, sql } from './backend.ts';
import { mount, until } from './page.ts';

export const find = (table: UsageLogsTableElement, selector: string) =>
  table.shadowRoot!.querySelector<HTMLElement>(selector);

export const text = (table: UsageLogsTableElement, part: string) =>
  find(table, `[part~="${part}"]`)?.textContent.replace(/\s+/g, ' ').trim() ?? '';

export const grid = (table: UsageLogsTableElement) => find(table, '[role=grid]')!;

/** The rows in the page, in their order there. */
export const rows = (table: UsageLogsTableElement) => [
  ...table.shadowRoot!.querySelectorAll<HTMLElement>('.sheet [role=row]'),
];

/** What a column says, from row to row. */
export const column = (table: UsageLogsTableElement, name: string) =>
  rows(table).map((row) => row.querySelector(`[data-column="${name}"]`)?.textContent.trim() ?? '');

export const heading = (table: UsageLogsTableElement, name: string) =>
  find(table, `[role=columnheader][data-column="${name}"]`)!;

export async function open(template = html`<usage-logs-table></usage-logs-table>`): Promise<UsageLogsTableElement> {
  const table = mount<UsageLogsTableElement>(template);
  await until(() => table.matches(':state(live)') || table.matches(':state(sample)'));
  await until(() => find(table, '[part=search]'));
  return table;
}

/** Chooses of a list, or writes into a field, as a person does. */
export function choose(table: UsageLogsTableElement, label: string, value: string, type = 'change'): void {
  const field = find(table, `[aria-label="${label}"]`) as HTMLInputElement;
  field.value = value;
  field.dispatchEvent(new Event(type, { bubbles: true }));
}

export function press(target: Element, key: string, more: KeyboardEventInit = {}): void {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...more }));
}

/** The element that has the focus in a table. */
export const focused = (table: UsageLogsTableElement) => table.shadowRoot!.activeElement as HTMLElement | null;

/** A new member with an account, who is not signed in. */
export async function someone(
  name = '',
): Promise<{ readonly id: string; readonly email: string; readonly password: string }> {
  const login = await signUp();
  const [row] = await sql('select id from auth.users where email = $1', [login.email]);
  const id = row!.id as string;
  if (name) await sql('update public.profiles set full_name = $2 where id = $1', [id, name]);
  return { id, ...login };
}

/** Signs somebody new in to whom the site belongs, with an empty log. */
export async function signInOwner(): Promise<Session> {
  const owner = await someone('Olga Owner');
  await sql('delete from public.usage_logs');
  await sql('delete from public.credit_purchases');
  await sql(
    `insert into private.site (owner_id) values ($1)
     on conflict (singleton) do update set owner_id = excluded.owner_id, internal_domains = '{}'`,
    [owner.id],
  );
  return signIn(owner.email, owner.password);
}

/** … as an admin of the site, to whom it does not belong. */
export async function signInAdmin(): Promise<Session> {
  await signInOwner();
  const admin = await someone('Ada Admin');
  await sql(`update auth.users set raw_app_meta_data = '{"role": "admin"}' where id = $1`, [admin.id]);
  return signIn(admin.email, admin.password);
}

/** Reports calls as an app does, each of a minute before the last. */
export async function log(calls: readonly object[]): Promise<void> {
  const entries = calls.map((call, index) => ({
    key: crypto.randomUUID(),
    app: 'editor',
    model: 'gpt-4o',
    context_tokens: 100,
    generated_tokens: 20,
    cost: 0.5,
    at: new Date(Date.now() - index * 60_000).toISOString(),
    ...call,
  }));
  await sql('select public.log_usage($1)', [JSON.stringify(entries)]);
}

/** Writes so many calls of the owner at once, `key` being their number; the first is the newest. */
export const logMany = (count: number, minutesAgo = 1) =>
  sql(
    `insert into public.usage_logs (owner_id, user_id, key, app, model, context_tokens, generated_tokens, cost, at)
     select owner_id, owner_id, 'n' || n, 'editor', 'model-' || n, n, 0, 0.01, now() - make_interval(mins => $2, secs => n)
     from private.site, generate_series(1, $1::int) as n`,
    [count, minutesAgo],
  );

/** Somebody pays, or tries to. */
export const pay = (userId: string, status = 'completed', amount = 20) =>
  sql(
    `insert into public.credit_purchases (owner_id, user_id, status, amount, reference)
     select owner_id, $1, $2, $3, $4 from private.site`,
    [userId, status, amount, crypto.randomUUID()],
  );

/** What a function of the database is asked from now on; `leave()` stops watching. */
export function watchCalls(name: string) {
  const { fetch } = globalThis;
  const calls: Readonly<Record<string, unknown>>[] = [];
  globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (url.includes(`/rpc/${name}`)) calls.push(JSON.parse(init?.body as string) as Record<string, unknown>);
    return fetch(input, init);
  };
  return { calls, leave: () => void (globalThis.fetch = fetch) };
}
