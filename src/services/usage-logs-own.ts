import type { Live, Snapshot } from '../store/live.ts';
import { chatUsages, type ChatUsage } from './chat-usage.ts';
import type { EntryView, LogEntries, LogEntry } from './usage-logs-view.ts';

/** How long an exchange may take to appear in the log; one that has not is somebody else's to see. */
const PATIENCE_MS = 60_000;

/** Rows that are new enough to be what the chat has just told of. */
const NEWEST_ROWS = 200;

const keyOf = ({ messageId }: ChatUsage) => `chat:${messageId}:`;

/**
 * The log with the exchanges of this page's own chat, from the moment in which the chat tells what they have used until
 * the log does.
 */
export class WithOwnChat implements Live<LogEntries> {
  readonly #live: Live<LogEntries>;
  readonly #view: EntryView;
  #last:
    | { readonly log: Snapshot<LogEntries>; readonly own: readonly LogEntry[]; readonly shown: Snapshot<LogEntries> }
    | undefined;

  constructor(live: Live<LogEntries>, view: EntryView) {
    this.#live = live;
    this.#view = view;
  }

  get snapshot(): Snapshot<LogEntries> {
    const log = this.#live.snapshot;
    const own = this.#own(log);
    if (!own.length || !log.data) return log;
    const last = this.#last;
    if (last?.log === log && String(last.own.map(({ id }) => id)) === String(own.map(({ id }) => id)))
      return last.shown;
    const data = { ...log.data, rows: [...own, ...log.data.rows], total: log.data.total + own.length };
    this.#last = { log, own, shown: { ...log, data } };
    return this.#last.shown;
  }

  subscribe(listener: () => void): () => void {
    const leave = [this.#live.subscribe(listener), chatUsages().subscribe(listener)];
    return () => leave.forEach((out) => out());
  }

  refresh(...about: Parameters<NonNullable<Live<LogEntries>['refresh']>>): void {
    this.#live.refresh?.(...about);
  }

  #own({ data, sample }: Snapshot<LogEntries>): readonly LogEntry[] {
    const { sort, ascending, search, userType, activity, user, model, app, status } = this.#view;
    if (!data || sample || sort !== 'at' || ascending || search || userType !== 'all' || activity !== 'all') return [];
    const since = Date.now() - PATIENCE_MS;
    return chatUsages()
      .snapshot.data!.filter(
        (usage) =>
          Date.parse(usage.at) > since &&
          (!user || user === (usage.userId ?? 'visitors')) &&
          (!model || model === usage.model) &&
          (!app || app === 'chat') &&
          (!status || status === 'ok') &&
          !data.rows.slice(0, NEWEST_ROWS).some(({ key }) => key.startsWith(keyOf(usage))),
      )
      .map(entryOf);
  }
}

const entryOf = (usage: ChatUsage): LogEntry => ({
  id: keyOf(usage),
  user_id: usage.userId,
  email: null,
  full_name: null,
  at: usage.at,
  app: 'chat',
  feature: '',
  model: usage.model,
  context_tokens: usage.inputTokens,
  cached_tokens: usage.cachedTokens,
  generated_tokens: usage.outputTokens,
  tokens: usage.inputTokens + usage.outputTokens,
  cost: usage.cost,
  co2_grams: usage.co2Grams,
  status: 'ok',
  latency_ms: null,
  key: keyOf(usage),
  pending: true,
});
