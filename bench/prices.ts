import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { calcPrice, findProvider, type MatchLogic, type ModelPrice } from '@pydantic/genai-prices';
import { format, resolveConfig } from 'prettier';
import { modelAlias } from '../supabase/functions/_shared/model-alias.ts';

/**
 * `npm run prices` writes what tokens cost, from the pinned data set: _shared/prices.ts for the functions, and a further
 * migration for the table `model_prices` where the newest one says something else (delete that one first, unless it is
 * merged). With `--check` it writes nothing, and fails when a file is not what it would write.
 */
const ROOT = join(import.meta.dirname, '..');
const DATA_SET = '@pydantic/genai-prices';
const TABLE = 'supabase/functions/_shared/prices.ts';
const MIGRATIONS = 'supabase/migrations';

const PROVIDERS = ['anthropic', 'openai'] as const;

/** Models as they are reported, for which the data set has a pattern instead of a name. */
const BEHIND_PATTERNS: Readonly<Record<string, readonly string[]>> = {
  anthropic: [],
  openai: [
    'computer-use-preview',
    'ft:gpt-3.5-turbo-0125',
    'ft:gpt-3.5-turbo-0613',
    'ft:gpt-3.5-turbo-1106',
    'ft:gpt-4-0613',
    'ft:gpt-4o-2024-08-06',
    'ft:gpt-4o-mini-2024-07-18',
    'omni-moderation-latest',
    'omni-moderation-2024-09-26',
  ],
};

/** What the data set says of prices that it has from somebody else than the provider. */
const SECOND_HAND = 'OpenRouter';

/** As resellers spell them: neither provider reports these. */
const OTHER_SPELLINGS = /^gpt-\d-\d(-|$)|^gpt-35/;

/** Their tokens are of several kinds, each with a price of its own; what is reported by model adds them up. */
const SEVERAL_KINDS = /audio|image|realtime|transcribe|tts|whisper/;

/** Prices that are not of tokens: calls of tools, which are billed as lines of their own. */
const TOOLS: ReadonlySet<string> = new Set(['web_searches_kcount', 'storage_searches_kcount']);

/** From when a price holds of which no beginning is known. */
const ALWAYS = '1970-01-01';

/** Micro-USD per million tokens. */
interface Row {
  readonly provider: string;
  readonly model: string;
  readonly validFrom: string;
  readonly prices: readonly [input: number, cached: number, written: number, written1h: number, output: number];
}

function rowsOf(provider: (typeof PROVIDERS)[number]): Row[] {
  const rows = new Map<string, { readonly name: string; readonly rows: readonly Row[] }>();
  for (const name of namesOf(provider)) {
    const model = modelAlias(name);
    if (SEVERAL_KINDS.test(model) || OTHER_SPELLINGS.test(model)) continue;
    const made = pricesOf(provider, name)
      .map(([validFrom, price]): Row => ({ provider, model, validFrom, prices: inMicroUsd(name, price) }))
      // Something else than the price of a token has changed.
      .filter(({ prices }, index, all) => String(prices) !== String(all[index - 1]?.prices));
    const other = rows.get(model);
    if (other && JSON.stringify(other.rows) !== JSON.stringify(made)) {
      throw new Error(`${name} does not cost what ${other.name} does: name one of them in model-alias.ts.`);
    }
    rows.set(model, { name, rows: made });
  }
  return [...rows.values()].flatMap(({ rows }) => rows);
}

/** Every name that the data set knows, and those that we know behind its patterns. */
function namesOf(provider: (typeof PROVIDERS)[number]): readonly string[] {
  const known = findProvider({ providerId: provider })!
    .models.filter(({ price_comments = '' }) => !price_comments.includes(SECOND_HAND))
    .flatMap(({ id, match }) => {
      const names = literalsOf(match, 'equals');
      return [id, ...(names.length ? names : literalsOf(match, 'starts_with').slice(0, 1))];
    });
  return [...new Set([...known, ...BEHIND_PATTERNS[provider]!])].filter((name) => modelOf(provider, name)).sort();
}

/** A beginning of a name is none. */
const modelOf = (provider: string, name: string) =>
  name.endsWith('-') ? undefined : calcPrice({}, name, { providerId: provider })?.model;

function literalsOf(match: MatchLogic, kind: 'equals' | 'starts_with'): string[] {
  if ('or' in match) return match.or.flatMap((each) => literalsOf(each, kind));
  return kind in match ? [(match as Record<typeof kind, string>)[kind]] : [];
}

/** The prices of a model, oldest first. Where one depends on the length of a request, it is that of the short ones. */
function pricesOf(provider: string, name: string): readonly [validFrom: string, price: ModelPrice][] {
  const { prices } = modelOf(provider, name)!;
  if (!Array.isArray(prices)) return [[ALWAYS, prices]];
  return prices.map(({ constraint, prices }): [string, ModelPrice] => {
    if (constraint && constraint.type !== 'start_date') throw new Error(`${name} has a price by the time of day.`);
    return [constraint?.start_date ?? ALWAYS, prices];
  });
}

function inMicroUsd(name: string, price: ModelPrice): Row['prices'] {
  const { input_mtok, cache_read_mtok, cache_write_mtok, cache_write_1h_mtok, output_mtok, ...further } = price;
  const strange = Object.keys(further).filter((key) => !TOOLS.has(key));
  if (strange.length) throw new Error(`${name} has prices that nobody here has thought of: ${strange.join(', ')}.`);
  const of = (value: ModelPrice[string]) => {
    const usd = typeof value === 'object' ? value.base : value;
    return usd === undefined ? undefined : Math.round(usd * 1e6);
  };
  const input = of(input_mtok) ?? 0;
  const written = of(cache_write_mtok) ?? input;
  return [input, of(cache_read_mtok) ?? input, written, of(cache_write_1h_mtok) ?? written, of(output_mtok) ?? 0];
}

async function tableOf(rows: readonly Row[], source: string): Promise<string> {
  const text = `
    /** Provider, model by alias, first UTC day; then micro-USD per million tokens. */
    export type PriceRow = readonly [
      provider: string, model: string, validFrom: string,
      input: number, cached: number, written: number, written1h: number, output: number
    ];

    /** Written by \`npm run prices\` from ${source}: change nothing here. A model's newest price is its last. */
    export const PRICES: readonly PriceRow[] = [
      ${rows.map(({ provider, model, validFrom, prices }) => `['${provider}', '${model}', '${validFrom}', ${prices.map(readable).join(', ')}]`).join(',\n')}
    ];`;
  return format(text, { ...(await resolveConfig(join(ROOT, TABLE))), parser: 'typescript' });
}

const readable = (price: number) => String(price).replace(/(?<=\d)(?=(\d{3})+$)/g, '_');

function migrationOf(rows: readonly Row[], source: string): string {
  const values = rows.map(
    ({ provider, model, validFrom, prices }) => `    ('${provider}', '${model}', '${validFrom}', ${prices.join(', ')})`,
  );
  return `-- Written by \`npm run prices\` from ${source}: what the functions' _shared/prices.ts says, all of it.

delete from public.model_prices where provider in (${PROVIDERS.map((each) => `'${each}'`).join(', ')});
insert into public.model_prices (provider, model, valid_from, input_micro_usd, cached_micro_usd, cache_write_micro_usd,
                                 cache_write_1h_micro_usd, output_micro_usd) values
${values.join(',\n')};
`;
}

/** The newest migration of prices, as \`<utc>_model_prices.sql\`. */
const newestMigration = () => globSync(`${MIGRATIONS}/*_model_prices.sql`, { cwd: ROOT }).sort().at(-1);

/** After every other: a migration that comes before one that was applied never is. */
function furtherMigration(): string {
  const utc = (name: string) => Number(/^\d{14}/.exec(basename(name))?.[0]);
  const others = globSync(`${MIGRATIONS}/*.sql`, { cwd: ROOT }).map(utc);
  const now = Number(new Date().toISOString().replace(/\D/g, '').slice(0, 14));
  return `${MIGRATIONS}/${Math.max(now, ...others.map((each) => each + 1))}_model_prices.sql`;
}

const textOf = (file: string | undefined) => (file ? readFileSync(join(ROOT, file), 'utf8') : undefined);

const { version } = JSON.parse(textOf(`node_modules/${DATA_SET}/package.json`)!) as { version: string };
const source = `${DATA_SET} ${version}`;
const rows = PROVIDERS.flatMap(rowsOf);
const [table, migration, newest] = [await tableOf(rows, source), migrationOf(rows, source), newestMigration()];
if (process.argv.includes('--check')) {
  for (const [file, text] of [
    [TABLE, table],
    [newest, migration],
  ] as const) {
    if (textOf(file) === text) continue;
    console.error(`${file ?? `${MIGRATIONS}/*_model_prices.sql`} is out of date: run \`npm run prices\`.`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(join(ROOT, TABLE), table);
  if (textOf(newest) !== migration) writeFileSync(join(ROOT, furtherMigration()), migration);
}
