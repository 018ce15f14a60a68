import type { RealtimeChannel, RealtimeClient, RealtimePostgresChangesPayload } from '@supabase/supabase-js';
import type { TopicEvent } from './backend.ts';

/** A table whose changes a topic tells of. */
export interface TopicTable {
  readonly table: string;
  /** The column that holds what follows the topic's prefix: only rows of the topic are asked for. Without it all are. */
  readonly column?: string;
  /** The name under which whole rows are told, `{ op, record }`; without it changes are told as signals. */
  readonly rowEvent?: string;
}

/** The tables behind topics, by the whole topic, or by its prefix: `user:` → … */
export type TopicTables = Readonly<Record<string, readonly TopicTable[]>>;

export interface ChannelListener {
  onEvent(event: TopicEvent): void;
  /** Something changed that cannot be told. */
  onGap(): void;
  /** The server says what is wrong; `final` when the channel stays open and is of no use. */
  onComplaint(message: string, final: boolean): void;
}

type Row = Record<string, unknown>;

/** A channel for a topic, not subscribed yet: private Broadcast, or the changes of the tables behind it. */
export function listenTo(
  realtime: RealtimeClient,
  topic: string,
  tables: TopicTables | undefined,
  listener: ChannelListener,
): RealtimeChannel {
  const prefix = topic.slice(0, topic.indexOf(':') + 1);
  const behind = tables?.[topic] ?? tables?.[prefix];
  const config = behind ? { private: false, postgres_changes_options: { wait: true } } : { private: true };
  const channel = realtime.channel(topic, { config });
  channel.on('system', {}, ({ status, extension, message }: Row) => {
    if (status === 'error') listener.onComplaint(String(message), extension === 'postgres_changes');
  });
  if (!behind) {
    return channel.on('broadcast', { event: '*' }, ({ event, payload }: TopicEvent) =>
      listener.onEvent({ event, payload }),
    );
  }
  for (const each of behind) {
    const own = topic.slice(prefix.length);
    const filter = each.column && `${each.column}=eq.${own}`;
    // Always all of them: the library compares what it asked for with what the server has understood.
    const wanted = { event: '*', schema: 'public', table: each.table, ...(filter && { filter }) } as const;
    channel.on<Row>('postgres_changes', wanted, (change) => {
      // Of deleted rows, those of others come as well: no filter applies to them.
      const old: Row = change.old;
      if (change.eventType === 'DELETE' && (old[each.column ?? ''] ?? own) !== own) return;
      const event = eventOf(change, each);
      if (event) listener.onEvent(event);
      else listener.onGap();
    });
  }
  return channel;
}

/** A change of a table as a broadcast would have told it; undefined when the server could not send the row. */
function eventOf(change: RealtimePostgresChangesPayload<Row>, { table, rowEvent }: TopicTable): TopicEvent | undefined {
  const { eventType: op, commit_timestamp, errors } = change;
  // Of a deleted row the key is all that comes, whatever the row was.
  const record: Row = op === 'DELETE' ? change.old : change.new;
  if (rowEvent) return errors?.length ? undefined : { event: rowEvent, payload: { op, record } };
  const ids = record.id === undefined ? null : [record.id];
  return { event: table, payload: { table, op, n: 1, ids, at: Date.parse(commit_timestamp) } };
}
