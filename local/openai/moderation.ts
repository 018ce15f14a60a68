import { Refusal } from './refusal.ts';

/** Harmless enough to stand in a test, and nothing that a visitor of the demo says by chance. */
const VIOLENT = /\b(hurt|kill) (you|him|her|them|myself|somebody)\b/i;

/** Answers whether a text would be refused, in the shape of the moderations endpoint. */
export function moderate({ input, model }: { readonly input?: string; readonly model?: string }): Response {
  if (!input) throw Refusal.of('input', 'missing_required_parameter', "Missing required parameter: 'input'.");
  const violence = VIOLENT.test(input);
  const results = [{ flagged: violence, categories: { violence }, category_scores: { violence: violence ? 0.9 : 0 } }];
  return Response.json({ id: 'modr-standin', model: model ?? 'omni-moderation-latest', results });
}
