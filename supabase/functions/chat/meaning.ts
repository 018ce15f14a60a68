import OpenAI from 'openai';
import { redact } from '../_shared/errors.ts';
import { costOf } from '../_shared/pricing.ts';
import { rpc } from '../_shared/service.ts';
import type { Run } from './admission.ts';
import type { Passage } from './citations.ts';
import { openai, patienceMs } from './provider.ts';
import { dailyCapOf, type Settings } from './settings.ts';

const MODEL = 'text-embedding-3-small';

/** As wide as the column `private.chat_vectors.embedding`. */
const DIMENSIONS = 512;

/** How long a question waits for its vector, ms; then it is answered from what its words find. */
const PATIENCE_MS = 2_000;

/** How many bytes the passages have at most that are found by meaning and by words; reserved for each question. */
export const NEAR_BYTES = 12_000;

/** What it costs to embed so many tokens, micro-USD; unknown counts as nothing, because the model has a price. */
export const embeddingCost = (tokens: number): number =>
  costOf('openai', MODEL, { input: tokens, cached: 0, output: 0 }) ?? 0;

/**
 * The passages for a question, by its meaning and its words, and what it cost to find them, micro-USD. Where that fails or
 * takes too long, those that the admission found by words.
 */
export async function passagesFor(
  run: Run,
  signal: AbortSignal,
): Promise<{ readonly passages: readonly Passage[]; readonly cost: number }> {
  const question = run.history.at(-1)!.content;
  // A token has a byte at least.
  let cost = embeddingCost(new TextEncoder().encode(question).length);
  try {
    const { vectors, tokens } = await embed([question], Math.min(PATIENCE_MS, patienceMs()), signal);
    cost = embeddingCost(tokens);
    const passages = await rpc<Passage[]>('chat_passages_near', {
      p_question: question,
      p_earlier: run.history.slice(0, -1).findLast(({ role }) => role === 'user')?.content ?? null,
      p_model: MODEL,
      p_embedding: JSON.stringify(vectors[0]),
      p_bytes: NEAR_BYTES,
    });
    return { passages, cost };
  } catch (error) {
    if (!signal.aborted) note(error);
    return { passages: run.passages, cost: refused(error) ? 0 : cost };
  }
}

interface Missing {
  readonly passages: readonly { readonly id: number; readonly text: string }[];
  readonly reserved_micro_usd: number;
  readonly reserved_on: string;
}

/** Whether this worker is at it: one of several replies at once is enough. */
let making = false;

/**
 * Makes vectors of passages that have none, for the questions to come. It is called after a reply, so that nobody waits
 * for it; what fails is tried again after the next one.
 */
export async function makeVectors(settings: Settings): Promise<void> {
  if (!settings.semantic_search || making) return;
  making = true;
  try {
    const missing = await rpc<Missing>('chat_vectors_missing', {
      p_model: MODEL,
      p_micro_usd_per_byte: embeddingCost(1),
      p_cap_micro_usd: dailyCapOf(settings),
    });
    if (missing.passages.length) await makeVectorsOf(missing);
  } catch (error) {
    note(error);
  } finally {
    making = false;
  }
}

async function makeVectorsOf({ passages, reserved_micro_usd, reserved_on }: Missing): Promise<void> {
  const save = (vectors: readonly (readonly number[])[], tokens: number) =>
    rpc('chat_vectors_save', {
      p_model: MODEL,
      p_vectors: vectors.map((embedding, index) => ({ id: passages[index]!.id, embedding })),
      p_tokens: tokens,
      p_cost_micro_usd: Math.ceil(embeddingCost(tokens)),
      p_reserved_micro_usd: reserved_micro_usd,
      p_reserved_on: reserved_on,
    });
  let made: Awaited<ReturnType<typeof embed>>;
  try {
    made = await embed(
      passages.map(({ text }) => text),
      patienceMs(),
    );
  } catch (error) {
    // What the provider refuses costs nothing. What it never answered may have, so that its reservation stands.
    if (refused(error)) await save([], 0);
    throw error;
  }
  await save(made.vectors, made.tokens);
}

/** @throws what the provider's client throws, and an error for vectors of another width. */
async function embed(input: string[], timeout: number, signal?: AbortSignal) {
  const { data, usage } = await openai().embeddings.create(
    { model: MODEL, input, dimensions: DIMENSIONS, encoding_format: 'float' },
    { timeout, maxRetries: 0, ...(signal && { signal }) },
  );
  const vectors = data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
  if (vectors.length !== input.length || vectors.some(({ length }) => length !== DIMENSIONS)) {
    throw new Error(`The provider has no vectors of ${DIMENSIONS} numbers.`);
  }
  return { vectors, tokens: usage.prompt_tokens };
}

const refused = (error: unknown) => error instanceof OpenAI.APIError && error.status !== undefined;

/** For the log; the provider's own words stay out of it, because they may quote the key. */
function note(error: unknown): void {
  const what = error instanceof OpenAI.APIError ? `${error.name} ${error.status ?? ''}` : String(error);
  console.error(redact(`Passages are found by words only: ${what}`));
}
