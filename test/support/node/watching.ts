import { randomUUID } from 'node:crypto';
import type { RealtimeChannel, SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../../local/backend.ts';
import { until } from './until.ts';

/** What a page asks of `postgres_changes`; the schema is `public`, the event any. */
export interface Wish {
  readonly event?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly filter?: string;
  readonly select?: string[];
}

export interface Change {
  /** Which of the wishes it answers, from 0. */
  readonly wish: number;
  readonly eventType: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly schema: string;
  readonly table: string;
  readonly commit_timestamp: string | null;
  readonly new: Record<string, unknown>;
  readonly old: Record<string, unknown>;
  readonly errors: string[] | null;
}

/** What a channel of an unmodified supabase-js has been told of tables so far. */
export interface Watching {
  readonly channel: RealtimeChannel;
  readonly changes: Change[];
  readonly statuses: string[];
  readonly errors: string[];
  /** The sentences of `system` events, each with its status in front. */
  readonly system: string[];
  /** Statuses and `system` sentences in the order in which they came. */
  readonly history: string[];
}

/** A table that everybody may read: a row in it ends the waiting for what does not come. */
export const MARKERS = `
  create table public.markers (id uuid primary key);
  grant select on public.markers to anon, authenticated, service_role;
  alter publication supabase_realtime add table public.markers;`;

/** Joins a public channel of its own with the wishes, and does not wait for anything. */
export async function watch(
  client: SupabaseClient,
  wishes: readonly Wish[],
  { wait = false, isPrivate = false, topic }: { wait?: boolean; isPrivate?: boolean; topic?: string } = {},
  heard: (change: Change) => void = () => undefined,
): Promise<Watching> {
  await client.realtime.setAuth();
  const config = { private: isPrivate, ...(wait && { postgres_changes_options: { wait } }) };
  const channel = client.channel(topic ?? randomUUID(), { config });
  const watching: Watching = { channel, changes: [], statuses: [], errors: [], system: [], history: [] };
  for (const [index, wish] of wishes.entries()) {
    // The types of supabase-js want one call for each kind of event.
    const filter = { event: '*', schema: 'public', ...wish } as { event: '*'; schema: string };
    channel.on('postgres_changes', filter, (change) => {
      watching.changes.push({ ...(change as unknown as Change), wish: index });
      heard(watching.changes.at(-1)!);
    });
  }
  channel
    .on('system', {}, ({ status, message }: { status: string; message: string }) => {
      watching.system.push(`${status}: ${message}`);
      watching.history.push(message);
    })
    .subscribe((status, error) => {
      watching.statuses.push(status);
      watching.history.push(status);
      if (error) watching.errors.push(error.message);
    });
  return watching;
}

/** Watches until changes really come, those of `markers` too. */
export async function watchLive(
  client: SupabaseClient,
  wishes: readonly Wish[],
  options: { isPrivate?: boolean; topic?: string } = {},
): Promise<Watching> {
  const watching = await watch(client, [...wishes, { table: 'markers', event: 'INSERT' }], options);
  await until(() => watching.system.length > 0);
  if (watching.system[0] !== 'ok: Subscribed to PostgreSQL') throw new Error(watching.system[0]);
  return watching;
}

/** What was seen of all that was committed until now, without the markers. */
export async function settled(backend: LocalBackend, { changes }: Watching): Promise<Change[]> {
  const id = randomUUID();
  await backend.database.query('insert into public.markers values ($1)', [id]);
  await until(() => changes.some((change) => change.new.id === id), 60_000);
  return changes.filter(({ table }) => table !== 'markers');
}
