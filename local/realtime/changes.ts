import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../database.ts';
import type { Claims } from '../keys.ts';
import { roleOf } from './authorization.ts';
import type { Binding } from './bindings.ts';
import { concerns, passes, subscribe, type Subscription } from './subscriptions.ts';
import { describeTable, visibleRows, type Table } from './tables.ts';
import { dataOf, identified, POLICY_FAILED, problemOf, withheld, type Data } from './wording.ts';

/** A row that changed, as the triggers of `changes.sql` keep it. */
export interface Change {
  readonly id: string;
  readonly schema_name: string;
  readonly table_name: string;
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly record: Record<string, unknown> | null;
  readonly old_record: Record<string, unknown> | null;
  readonly commit_timestamp: string;
}

/** Somebody who listens to changes of tables. */
export interface Subscriber {
  readonly claims: Claims;
  readonly subscriptions: readonly Subscription[];
  /** Takes the ids of the subscriptions that wanted it, and the change as hosted words it. */
  change(ids: readonly number[], data: Data): void;
}

/** Subscribers of one bearer, who see the same rows. */
interface Audience {
  readonly claims: Claims;
  readonly subscribers: Subscriber[];
}

/** The ids of the changes that may be seen; undefined when a policy failed. */
type Sight = ReadonlySet<string> | undefined;

/** How many changes are read and checked at once. */
const BATCH = 500;

/** `postgres_changes`: reads what the triggers noted, and hands each change to those who may see it. */
export class ChangeFeed {
  readonly #database: Database;
  readonly #subscribers: () => Iterable<Subscriber>;
  #running = false;
  #announced = false;

  constructor(database: Database, subscribers: () => Iterable<Subscriber>) {
    this.#database = database;
    this.#subscribers = subscribers;
  }

  async start(): Promise<void> {
    await this.#database.exec(await readFile(join(import.meta.dirname, 'changes.sql'), 'utf8'));
    await this.#database.listen('livelit_changes', () => {
      this.#announced = true;
      if (!this.#running) void this.#run();
    });
  }

  /** What the bearer of the claims subscribes to with these bindings. @throws in hosted's words. */
  async open(bindings: readonly Binding[], claims: Claims): Promise<readonly Subscription[]> {
    const subscriptions: Subscription[] = [];
    for (const binding of bindings) subscriptions.push(await subscribe(this.#database, binding, claims));
    return subscriptions;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#announced) {
      this.#announced = false;
      for (;;) {
        const changes = await this.#take().catch(dropped);
        if (!changes?.length) break;
        // Those of now: who subscribes while rows are looked up is not told what came before.
        await this.#deliver(changes, [...this.#subscribers()]).catch(dropped);
      }
    }
    this.#running = false;
  }

  /** The oldest changes that were not handed over yet, in the order of their commits: PGlite has one session. */
  #take(): Promise<Change[]> {
    return this.#database.query<Change>(
      `with taken as (
         delete from realtime.changes where id in (select id from realtime.changes order by id limit ${BATCH})
         returning *
       ) select id::text, schema_name, table_name, type, record, old_record, commit_timestamp
       from taken order by taken.id`,
    );
  }

  async #deliver(changes: readonly Change[], subscribers: readonly Subscriber[]): Promise<void> {
    const wanted = changes.filter((change) =>
      subscribers.some(({ subscriptions }) => subscriptions.some((each) => concerns(each, change))),
    );
    const tables = new Map<string, Table>();
    for (const name of new Set(wanted.map(nameOf))) {
      const { schema_name, table_name } = wanted.find((change) => nameOf(change) === name)!;
      const table = await describeTable(this.#database, schema_name, table_name);
      if (table) tables.set(name, table);
    }
    const shown = wanted.flatMap((change) => {
      const table = tables.get(nameOf(change));
      return table ? [{ change: identified(change, table), table, worded: new Map<string, Data>() }] : [];
    });
    for (const audience of audiencesOf(subscribers)) {
      const sights = await this.#look(audience, shown);
      for (const subscriber of audience.subscribers) {
        for (const { change, table, worded } of shown) tell(subscriber, change, table, worded, sights.get(table));
      }
    }
  }

  /** Asks row-level security about the rows that somebody of the audience wants, by their tables. */
  async #look(
    { claims, subscribers }: Audience,
    shown: readonly { readonly change: Change; readonly table: Table }[],
  ): Promise<ReadonlyMap<Table, Sight>> {
    const asked = new Map<Table, Change[]>();
    const role = roleOf(claims);
    for (const { change, table } of shown) {
      // Nobody can be asked about a row that is gone.
      if (!table.secured || change.type === 'DELETE' || problemOf(change, table, role)) continue;
      const heard = ({ subscriptions }: Subscriber) =>
        subscriptions.some((each) => concerns(each, change) && passes(each, change));
      if (subscribers.some(heard)) asked.set(table, [...(asked.get(table) ?? []), change]);
    }
    const sights = new Map<Table, Sight>();
    for (const [table, changes] of asked) {
      // A policy may fail on one bearer's claims; that is nobody else's loss.
      const seen = await visibleRows(this.#database, claims, table, changes).catch(() => undefined);
      sights.set(table, seen && new Set(seen));
    }
    return sights;
  }
}

/** Hands one change to one subscriber, once for each choice of columns. */
function tell(subscriber: Subscriber, change: Change, table: Table, worded: Map<string, Data>, sight: Sight): void {
  const role = roleOf(subscriber.claims);
  const problem = problemOf(change, table, role);
  const asked = table.secured && change.type !== 'DELETE' && !problem;
  const failed = problem ?? (asked && !sight ? POLICY_FAILED : undefined);
  if (!failed && asked && !sight?.has(change.id)) return;
  const choices = new Map<string, Subscription[]>();
  for (const each of subscriber.subscriptions) {
    // As hosted: that a table cannot be shown is told whatever the filters are.
    if (!concerns(each, change) || !(problem ?? passes(each, change))) continue;
    const choice = `${role} ${each.columns?.join() ?? '*'}`;
    choices.set(choice, [...(choices.get(choice) ?? []), each]);
  }
  for (const [choice, each] of choices) {
    const ids = each.map(({ id }) => id);
    if (failed) subscriber.change(ids, withheld(change, failed));
    else {
      if (!worded.has(choice)) worded.set(choice, dataOf(change, table, role, each[0]!.columns));
      subscriber.change(ids, worded.get(choice)!);
    }
  }
}

function audiencesOf(subscribers: readonly Subscriber[]): Iterable<Audience> {
  const audiences = new Map<string, Audience>();
  for (const subscriber of subscribers) {
    const { claims } = subscriber;
    const bearer = JSON.stringify(claims);
    if (!audiences.has(bearer)) audiences.set(bearer, { claims, subscribers: [] });
    audiences.get(bearer)!.subscribers.push(subscriber);
  }
  return audiences.values();
}

const nameOf = ({ schema_name, table_name }: Change) => `${schema_name}.${table_name}`;

const dropped = (error: unknown) => {
  console.error(`The local Realtime server dropped changes of tables: ${String(error)}`);
  return undefined;
};
