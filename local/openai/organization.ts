import { createHash } from 'node:crypto';
import { PRODUCTS, type Product } from './products.ts';

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Before it there is nothing. */
const FOUNDED = Date.UTC(2025, 0, 1);

/** From Sunday, against an ordinary weekday. */
const WEEK = [0.3, 1, 1.1, 1.1, 1, 0.8, 0.35];

/** One day in so many, nobody works. */
const HOLIDAY_EVERY = 11;

/** Who does how much; the second project has two people. */
const CALLERS = [
  { project: 'site', user: 'ada', share: 0.5 },
  { project: 'lab', user: 'ada', share: 0.2 },
  { project: 'lab', user: 'lin', share: 0.3 },
];

/** When it is, and when a day's figures are final. */
export interface Clock {
  now(): number;
  /** Until so long after its end a day is reported too low, and grows, h. */
  readonly settleAfterHours: number;
}

/** What one caller did with one product on one UTC day, when all of it is known. */
export interface Activity {
  readonly product: Product;
  /** The fields by which it can be grouped and filtered. */
  readonly fields: Readonly<Record<string, string | boolean | null>>;
  readonly requests: number;
  /** What each of the requests used. */
  readonly uses: Readonly<Record<string, number>>;
}

/** From 0 to 1, the same for the same words. */
export function noise(...words: (string | number | null)[]): number {
  return createHash('sha256').update(JSON.stringify(words)).digest().readUInt32BE() / 2 ** 32;
}

/** Everything an organisation did on a UTC day. The organisation is its admin key: same key, same figures. */
export function activitiesOn(key: string, day: number): Activity[] {
  if (day < FOUNDED || Math.floor(noise(key, day) * HOLIDAY_EVERY) === 0) return [];
  const organization = createHash('sha256').update(key).digest('hex').slice(0, 8);
  const busy = WEEK[new Date(day).getUTCDay()]!;
  return PRODUCTS.flatMap((product) =>
    CALLERS.map(({ project, user, share }) => {
      const about = (mean: number, spread: number, what: string) =>
        Math.round(
          mean * (1 - spread + 2 * spread * noise(key, day, product.kind, product.model, project, user, what)),
        );
      return {
        product,
        fields: {
          project_id: `proj_${organization}_${project}`,
          user_id: `user-${organization}-${user}`,
          api_key_id: `key_${organization}_${project}_${user}`,
          model: product.model,
          ...product.fields,
        },
        requests: about(product.requests * share * busy, 0.3, 'requests'),
        uses: Object.fromEntries(Object.entries(product.uses).map(([use, mean]) => [use, about(mean, 0.15, use)])),
      };
    }).filter(({ requests }) => requests > 0),
  );
}

/** How many of a day's requests are reported for a time within it. The parts of a day add up to the day. */
export function requestsBetween({ requests }: Activity, day: number, from: number, to: number, clock: Clock): number {
  const now = clock.now();
  const settled = Math.min(1, Math.max(0, (now - day - DAY_MS) / (clock.settleAfterHours * HOUR_MS)));
  const reported = requests * (0.9 + 0.1 * settled);
  const until = (time: number) => Math.floor(reported * partOfDay((Math.min(time, now) - day) / DAY_MS));
  return until(to) - until(from);
}

/** How much of a day's work is done at a time of it: little at night, most at noon. */
function partOfDay(time: number): number {
  if (time <= 0) return 0;
  if (time >= 1) return 1;
  return time - (0.8 * Math.sin(2 * Math.PI * time)) / (2 * Math.PI);
}
