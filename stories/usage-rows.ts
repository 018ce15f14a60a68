import { lastDays, type LimitMetric, type LimitPeriod, type UsageRow } from 'livelit';

/** What a model's use looks like: of an ordinary day, and what a million tokens and a request weigh. */
interface Habit {
  readonly model: string;
  readonly requests: number;
  readonly input: number;
  readonly output: number;
  /** USD; null: no price is known. */
  readonly usdPerMillion: readonly [input: number, output: number] | null;
  readonly grams: number;
}

const HABITS: readonly Habit[] = [
  { model: 'gpt-4.1', requests: 46, input: 3_150, output: 690, usdPerMillion: [2, 8], grams: 0.42 },
  { model: 'gpt-4o-mini', requests: 210, input: 1_220, output: 260, usdPerMillion: [0.15, 0.6], grams: 0.03 },
  { model: 'o4-mini', requests: 18, input: 2_400, output: 3_900, usdPerMillion: [1.1, 4.4], grams: 0.61 },
];

/** Models without a known price, as a new one is on its first days. */
export const UNPRICED: Habit = {
  model: 'ft:gpt-4o-mini:harbour',
  requests: 30,
  input: 900,
  output: 310,
  usdPerMillion: null,
  grams: 0.03,
};

/** More models than the theme has colours. */
export const MANY: readonly Habit[] = [
  ...HABITS,
  ...['gpt-4o', 'gpt-4.1-mini', 'gpt-4.1-nano', 'gpt-5-mini', 'gpt-5-nano', 'o3', 'text-embedding-3-small'].map(
    (model, index) => ({ ...HABITS[index % HABITS.length]!, model, requests: 20 + 9 * index }),
  ),
];

/** Two more than `MANY`. */
export const TWELVE: readonly Habit[] = [
  ...MANY,
  ...['gpt-5', 'whisper-1'].map((model, index) => ({ ...HABITS[index]!, model, requests: 15 })),
];

const PROJECTS = ['website', 'support', ''];

/**
 * Two months, or as many days as it is told, of an office of four: quiet weekends, one busy launch, no two days alike; the
 * same at every call.
 */
export function usageRows(habits: readonly Habit[] = HABITS, days = 60): UsageRow[] {
  return lastDays(days).flatMap((date, place) => {
    const day = place - days + 30;
    return habits.map(({ model, requests, input, output, usdPerMillion, grams }, index) => {
      const weekday = new Date(date).getUTCDay();
      const rhythm = weekday === 0 ? 0.12 : weekday === 6 ? 0.22 : 1;
      const launch = 1 + 1.4 * Math.exp(-(((day - 21) / 2) ** 2));
      const count = Math.max(1, Math.round(requests * rhythm * launch * (0.65 + 0.7 * noise(day, index))));
      const context = count * input;
      const generated = count * output;
      return {
        id: `${date}-${model}`,
        user_id: MEMBER.userId,
        date,
        model,
        project: PROJECTS[index % PROJECTS.length]!,
        source: 'openai' as const,
        requests: count,
        context_tokens: context,
        cached_tokens: Math.round(context * (0.2 + 0.3 * noise(index, day))),
        generated_tokens: generated,
        cost: usdPerMillion && (context * usdPerMillion[0] + generated * usdPerMillion[1]) / 1e6,
        co2_grams: count * grams,
      };
    });
  });
}

/** What a limit looks like of which so much is used. */
export function limitRow(metric: LimitMetric, period: LimitPeriod, limit_value: number, used: number) {
  const [today = ''] = lastDays(1);
  return {
    user_id: MEMBER.userId,
    metric,
    period,
    limit_value,
    used,
    period_start: period === 'day' ? today : `${today.slice(0, 7)}-01`,
    crossed_at: used < limit_value ? null : new Date().toISOString(),
  };
}

/** What the database function of a share answers. */
export function sharedDays(rows: readonly UsageRow[]) {
  return [...new Set(rows.map(({ date }) => date))].map((date) => {
    const all = rows.filter((row) => row.date === date);
    const sum = (value: (row: UsageRow) => number | null) => all.reduce((total, row) => total + (value(row) ?? 0), 0);
    return {
      date,
      requests: sum((row) => row.requests),
      context_tokens: sum((row) => row.context_tokens),
      cached_tokens: sum((row) => row.cached_tokens),
      generated_tokens: sum((row) => row.generated_tokens),
      cost: sum((row) => row.cost),
      unpriced: all.some(({ cost }) => cost === null),
      co2_grams: sum((row) => row.co2_grams),
      provisional: false,
      sample: false,
    };
  });
}

export const MEMBER = { userId: '5c1f0a52-6d0e-4b8e-9a53-0f4f2a6b7c11', anonymous: false, email: 'ines@example.org' };

/** From 0 to 1, without a pattern that the eye would find. */
const noise = (day: number, index: number) => {
  const value = Math.sin(day * 12.9898 + index * 78.233) * 43_758.5453;
  return value - Math.floor(value);
};
