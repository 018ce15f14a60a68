import { tokenize } from './chat.ts';
import { Refusal } from './refusal.ts';
import { stemsOf } from './sources.ts';

export interface EmbeddingsRequest {
  readonly model?: string;
  readonly input?: string | readonly string[];
  readonly dimensions?: number;
  readonly encoding_format?: 'float' | 'base64';
}

/** As many as OpenAI takes in one request, and as long as a vector of `text-embedding-3-small` is at most and unless told. */
const MAX_INPUTS = 2_048;
const MAX_DIMENSIONS = 1_536;

/** Beginnings of words that mean the same here, after the first of each: enough to be near without a word in common. */
const SYNONYMS: readonly (readonly string[])[] = [
  ['cost', 'price', 'fee', 'charg', 'expen', 'pay'],
  ['boat', 'ship', 'vesse'],
  ['home', 'house', 'live'],
  ['job', 'work', 'emplo', 'profe'],
];
const MEANING = new Map(SYNONYMS.flatMap(([first = '', ...others]) => others.map((other) => [other, first])));

/** Answers vectors of what texts say, in the shape of the embeddings endpoint. Texts with the same words are the same. */
export function embed({
  input = [],
  model,
  dimensions = MAX_DIMENSIONS,
  encoding_format,
}: EmbeddingsRequest): Response {
  const texts = typeof input === 'string' ? [input] : input;
  if (!texts.length || texts.length > MAX_INPUTS || !texts.every(Boolean)) {
    throw Refusal.of('input', 'invalid_value', "Invalid 'input': it has 1 to 2048 texts, none of them empty.");
  }
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > MAX_DIMENSIONS) {
    throw Refusal.of('dimensions', 'invalid_value', `Invalid 'dimensions': expected 1 to ${MAX_DIMENSIONS}.`);
  }
  const tokens = texts.reduce((sum, text) => sum + tokenize(text).length, 0);
  return Response.json({
    object: 'list',
    model,
    data: texts.map((text, index) => {
      const vector = vectorOf(text, dimensions);
      const embedding = encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector];
      return { object: 'embedding', index, embedding };
    }),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

/** Each word is a direction, by its hash; together they have the length 1. */
function vectorOf(text: string, dimensions: number): Float32Array {
  const meanings = new Set([...stemsOf(text)].map((stem) => MEANING.get(stem) ?? stem));
  const vector = new Float32Array(dimensions);
  for (const meaning of meanings.size ? meanings : ['']) vector[hash(meaning) % dimensions] = 1;
  const length = Math.hypot(...vector);
  return vector.map((each) => each / length);
}

/** FNV-1a. */
function hash(word: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(word)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
