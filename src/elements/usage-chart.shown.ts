import type { LitElement } from 'lit';
import { pagePreferences, type PagePreferences } from '../services/page-preferences.ts';
import {
  lastDays,
  rangeDays,
  usageChange,
  usageSums,
  type UsageRange,
  type UsageRow,
  type UsageSums,
} from '../services/usage-series.ts';
import { usageShare, type UsageShare } from '../services/usage-share.ts';
import { dailyUsage, previousUsage } from '../services/usage.ts';
import type { Live, Snapshot } from '../store/live.ts';
import { LiveController } from './live-controller.ts';
import { localeOf } from './locale.ts';
import { memoize } from './memoize.ts';
import { chartStrings } from './strings/chart.en.ts';
import { strings } from './strings/en.ts';
import { rangeOf, soundChoice, type Chosen, type Said } from './usage-chart.choice.ts';
import { chartView } from './usage-chart.look.ts';

const NO_ROWS: readonly UsageRow[] = [];

type Shown = readonly UsageRow[] | UsageShare | null;

/** What a chart shows, of whoever is signed in or of a share: added up, compared with the time before, and in words. */
export class ShownUsage {
  readonly #host: LitElement & Said;
  readonly #usage: LiveController<Shown>;
  readonly #previous: LiveController<UsageSums>;
  readonly #preferences: LiveController<PagePreferences>;
  /** What each Live was chosen by. */
  readonly #choices = new WeakMap<Live<unknown>, Chosen>();

  constructor(host: LitElement & Said, internals: ElementInternals) {
    this.#host = host;
    // Another range may take a moment, and the last one stays so long; but nothing stays of another owner's.
    const alike = (from: Live<unknown>, to: Live<unknown>) =>
      this.#choices.get(from)?.share === this.#choices.get(to)?.share;
    const live = (range: UsageRange, share: string): Live<Shown> =>
      share ? usageShare(share, range) : dailyUsage(range);
    // A share brings the time before along.
    const before = (range: UsageRange, share: string) => (share ? undefined : previousUsage(range));
    this.#preferences = new LiveController(host, pagePreferences);
    this.#usage = new LiveController(host, () => this.#chosen(live), internals, alike);
    this.#previous = new LiveController(host, () => this.#chosen(before), undefined, alike);
  }

  get choice(): Chosen {
    return soundChoice(this.#host, this.#preferences.snapshot.data);
  }

  get snapshot(): Snapshot<unknown> {
    return this.#usage.snapshot;
  }

  /** There is no such share, or its owner has switched it off. */
  get unshared(): boolean {
    return this.#usage.snapshot.data === null;
  }

  /** Whether it is the member's own, and no sample. */
  get own(): boolean {
    const { status, sample } = this.snapshot;
    return this.rows !== undefined && status !== 'idle' && !sample && !this.#host.share;
  }

  /** Undefined while nothing is known. */
  get rows(): readonly UsageRow[] | undefined {
    const { data } = this.#usage.snapshot;
    return data && 'rows' in data ? data.rows : (data ?? undefined);
  }

  /** Added up for the drawing, the legend and all others who show it. */
  get view() {
    const { metric, group, top } = this.choice;
    const { data } = this.#usage.snapshot;
    const label = data && 'label' in data ? data.label : '';
    return this.#view(
      this.rows ?? NO_ROWS,
      this.days,
      metric,
      group,
      top,
      label,
      localeOf(this.#host),
      this.#preferences.snapshot.data,
    );
  }

  #view = memoize(chartView);

  /** The same array until the range changes, or the day, so that nothing is added up twice. */
  get days(): readonly string[] {
    const { days, from, to } = this.#choiceOf(this.#usage.live);
    return this.#days(days, from, to, lastDays(1)[0]!);
  }

  #days = memoize((days: number, from: string, to: string, today: string): readonly string[] =>
    rangeDays(rangeOf({ days, from, to }), Date.parse(today)),
  );

  /** The range in words. */
  get period(): string {
    const { days } = this;
    return this.#choiceOf(this.#usage.live).from
      ? this.view.format.days(days[0]!, days.at(-1)!)
      : chartStrings.last(days.length);
  }

  /** Against the time before, in words; empty where there is nothing to compare, or to compare with. */
  get change(): string {
    const { series, format } = this.view;
    const [own, other] = [this.#choiceOf(this.#usage.live), this.#choiceOf(this.#previous.live)];
    const comparable = own.days === other.days && own.from === other.from && own.to === other.to;
    const data = comparable ? this.#previous.snapshot.data : undefined;
    const previous = this.choice.share ? usageSums(this.rows ?? [], this.days).previous : data;
    const change = usageChange(series.total, previous?.[this.choice.metric] ?? 0);
    const words = () => chartStrings.change(format.change(change!), series.days.length);
    return change === null || !series.lines.length ? '' : words();
  }

  /** What stands in place of a drawing that has nothing in it; otherwise empty. */
  get message(): string {
    if (this.unshared) return chartStrings.unshared;
    if (!this.rows) return this.snapshot.error?.message || strings.loading;
    return this.view.series.lines.length ? '' : chartStrings.empty(this.period);
  }

  #chosen<T extends Live<unknown> | undefined>(choose: (range: UsageRange, share: string) => T): T {
    const { choice } = this;
    const live = choose(rangeOf(choice), choice.share);
    if (live) this.#choices.set(live, choice);
    return live;
  }

  /** By what a Live that is shown was chosen. */
  #choiceOf(live: Live<unknown> | undefined): Chosen {
    return (live && this.#choices.get(live)) ?? this.choice;
  }
}
