import { Task, TaskStatus } from '@lit/task';
import { html, nothing, type ReactiveControllerHost } from 'lit';
import {
  startAutoSync,
  stopAutoSync,
  syncNow,
  syncRunning,
  syncState,
  syncStatistics,
  syncSuccessRate,
  type SyncRun,
  type SyncState,
  type SyncStatistics,
} from '../services/usage-sync.ts';
import { LivelitError } from '../store/error.ts';
import { LiveController } from './live-controller.ts';
import { localeOf, momentFormat } from './locale.ts';
import { syncStrings } from './strings/sync.en.ts';
import { SyncStatusSyncedEvent } from './sync-status.events.ts';
import { timeAgo } from './time-ago.ts';

/** What can be chosen, minutes; the project accepts any from 15. */
const INTERVALS = [15, 30, 60, 180, 360, 720, 1_440];

const DEFAULT_INTERVAL = 60;

/**
 * The part of the panel about usage that is read from a provider: how it stands, and what can be done. Loaded when a
 * panel is shown, and fetches only while it is.
 */
export class UsageSync {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #state: LiveController<SyncState>;
  readonly #statistics: LiveController<SyncStatistics>;
  readonly #sync: Task<[], readonly SyncRun[]>;

  /**
   * @param shown - Whether the panel is.
   * @param announce - Says something to who listens.
   */
  constructor(host: ReactiveControllerHost & HTMLElement, shown: () => boolean, announce: (words: string) => void) {
    this.#host = host;
    this.#state = new LiveController(host, () => (shown() ? syncState() : undefined));
    this.#statistics = new LiveController(host, () => (shown() ? syncStatistics() : undefined));
    this.#sync = new Task(host, {
      autoRun: false,
      args: () => [],
      task: () => syncNow(),
      onComplete: (runs) => {
        announce(outcomeOf(runs, localeOf(host)));
        host.dispatchEvent(new SyncStatusSyncedEvent(runs));
      },
      onError: (error) => announce(LivelitError.from(error).message),
    });
  }

  get running(): boolean {
    const state = this.#state.snapshot.data;
    return this.#sync.status === TaskStatus.PENDING || (state !== undefined && syncRunning(state));
  }

  /** What helps to help; no id and no text. */
  get report(): object {
    const { schedule, complete_at: completeAt, last } = this.#state.snapshot.data ?? {};
    return { schedule, completeAt, last: last && { status: last.status, reason: last.error_reason } };
  }

  render() {
    const locale = localeOf(this.#host);
    const { data: state } = this.#state.snapshot;
    const { data: statistics } = this.#statistics.snapshot;
    const { status, error } = this.#sync;
    const refusal = status === TaskStatus.ERROR ? LivelitError.from(error).message : '';
    const problem = refusal || problemOf(state?.last, locale);
    return html`
      <dl part="facts">
        ${factsOf(state, this.running, locale).map(
          ([term, value]) =>
            html`<dt>${term}</dt>
              <dd>${value}</dd>`,
        )}
      </dl>
      <p part="problem" class="problem ${problem && 'bad'}">${problem || wordsFor(state)}</p>
      <div class="controls">
        <button part="sync" ?disabled=${!state || this.running} @click=${() => void this.#sync.run()}>
          ${syncStrings.now}
        </button>
        ${renderSchedule(state, locale)}
      </div>
      ${statistics?.last.length ? renderHistory(statistics, locale) : nothing}
    `;
  }
}

function renderSchedule(state: SyncState | undefined, locale: string | undefined) {
  const schedule = state?.schedule;
  const minutes = schedule?.every_minutes ?? DEFAULT_INTERVAL;
  const choices = INTERVALS.includes(minutes) ? INTERVALS : [...INTERVALS, minutes].sort((a, b) => a - b);
  const choose = ({ target }: Event) => startAutoSync(Number((target as HTMLSelectElement).value));
  const toggle = ({ target }: Event) =>
    (target as HTMLInputElement).checked ? startAutoSync(minutes) : stopAutoSync();
  return html`
    <label>
      <input
        part="automatic"
        type="checkbox"
        .checked=${schedule?.enabled === true}
        ?disabled=${!state}
        @change=${toggle}
      />
      ${syncStrings.automatic}
    </label>
    <select part="interval" aria-label=${syncStrings.interval} ?disabled=${!schedule?.enabled} @change=${choose}>
      ${choices.map((each) => html`<option value=${each} .selected=${each === minutes}>${span(each, locale)}</option>`)}
    </select>
  `;
}

function renderHistory(statistics: SyncStatistics, locale: string | undefined) {
  const { ok, partial, failed, average_ms: average, last } = statistics;
  const rate = new Intl.NumberFormat(locale, { style: 'percent' }).format(syncSuccessRate(statistics) ?? 0);
  const { columns } = syncStrings;
  return html`
    <details part="history">
      <summary>
        ${syncStrings.history}:
        ${syncStrings.rate(rate, ok + partial + failed)}${
          average === null ? nothing : html`, ${syncStrings.average(seconds(average, locale))}`
        }
      </summary>
      <div class="runs" tabindex="0" role="group" aria-label=${syncStrings.history}>
        <table part="runs">
          <thead>
            <tr>
              ${Object.values(columns).map((column) => html`<th scope="col">${column}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${last.map(
              (run) => html`
                <tr title=${problemOf(run, locale) || nothing}>
                  <td>${moment(run.finished_at, locale)}</td>
                  <td>${run.provider}</td>
                  <td class=${run.status}>${broughtBy(run)}</td>
                  <td>${run.duration_ms === null ? '' : seconds(run.duration_ms, locale)}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </details>
  `;
}

function factsOf(
  state: SyncState | undefined,
  running: boolean,
  locale: string | undefined,
): [term: string, value: string][] {
  const { facts, never, off } = syncStrings;
  const { last, schedule, complete_at: complete } = state ?? {};
  const ended = last ? `${timeAgo(Date.parse(last.finished_at), locale)}, ${broughtBy(last)}` : never;
  return [
    [facts.last, running ? syncStrings.running : ended],
    [facts.age, complete ? timeAgo(Date.parse(complete), locale) : never],
    // One that is due begins within the minute.
    [facts.next, schedule?.enabled ? timeAgo(Math.max(Date.parse(schedule.next_at), Date.now()), locale) : off],
  ];
}

/** When nothing stands in the way: its line is always there, so that nothing moves when something does. */
function wordsFor(state: SyncState | undefined): string {
  if (!state) return syncStrings.signIn;
  return state.last ? syncStrings.fine : syncStrings.unread;
}

function broughtBy({ status, rows_changed: count }: SyncRun): string {
  const { outcome, changed } = syncStrings;
  return status === 'error' ? outcome.error : `${outcome[status]}, ${changed(count)}`;
}

/** Why a run was not complete, and what to do; empty when it was. */
function problemOf(run: SyncRun | null | undefined, locale: string | undefined): string {
  if (!run?.error_reason) return '';
  const problem = syncStrings.problem[run.error_reason] ?? syncStrings.unknown;
  const wait = run.retry_at !== null && Date.parse(run.retry_at) > Date.now();
  return wait ? `${problem} ${syncStrings.waitUntil(moment(run.retry_at, locale))}` : problem;
}

/** How runs went that were asked for here: the first problem, or what they brought. */
const outcomeOf = (runs: readonly SyncRun[], locale: string | undefined): string =>
  runs.map((run) => problemOf(run, locale)).find(Boolean) ??
  syncStrings.done(syncStrings.changed(runs.reduce((sum, run) => sum + run.rows_changed, 0)));

/** "30 minutes", "6 hours". */
function span(minutes: number, locale: string | undefined): string {
  const [value, unit] = minutes % 60 ? [minutes, 'minute'] : [minutes / 60, 'hour'];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
}

const seconds = (ms: number, locale: string | undefined) =>
  new Intl.NumberFormat(locale, { style: 'unit', unit: 'second', maximumSignificantDigits: 2 }).format(ms / 1_000);

const moment = (at: string, locale: string | undefined) =>
  momentFormat(locale, { dateStyle: 'short', timeStyle: 'short' }).format(Date.parse(at));
