import { activitiesOn, noise, requestsBetween, type Clock } from './organization.ts';
import { pageOf, type Entry } from './page.ts';
import { PRODUCTS } from './products.ts';
import { DAYS_ONLY, readQuestion } from './question.ts';

const GROUPS = ['project_id', 'user_id', 'api_key_id', 'line_item', 'api_source'];
const FILTERS = ['project_ids', 'api_key_ids', 'line_items'];

/** How far a line of a bill is from usage times price, up or down: between these parts of it. */
const LEAST_DEVIATION = 0.002;
const MOST_DEVIATION = 0.018;

const UNITS: ReadonlyMap<string, string | null> = new Map(
  PRODUCTS.flatMap(({ prices }) => prices.map(({ lineItem, unit }) => [lineItem, unit])),
);

/**
 * `GET /organization/costs`. It agrees with the usage about as well as OpenAI's own does, which is not quite.
 * The types of the client say that an amount is a number; the live API has been seen to write it as a string of many
 * digits, and so does this with `amountsAsText`.
 *
 * @throws {Refusal}
 */
export function costs(key: string, query: URLSearchParams, clock: Clock, amountsAsText: boolean) {
  const question = readQuestion(query, { widths: DAYS_ONLY, groups: GROUPS, filters: FILTERS }, clock.now());
  const entriesOf = (day: number, end: number): Entry[] =>
    activitiesOn(key, day).flatMap((activity) => {
      const requests = requestsBetween(activity, day, day, end, clock);
      return activity.product.prices.flatMap(({ lineItem, use, usd }) => {
        const quantity = requests * activity.uses[use]!;
        const value = quantity * usd * billed(key, day, lineItem);
        const fields = { api_source: 'unlabeled', ...activity.fields, line_item: lineItem };
        return requests ? [{ fields, figures: { value, quantity } }] : [];
      });
    });
  return pageOf(question, GROUPS, entriesOf, ({ fields, figures: { value = 0, quantity = 0 } }) => {
    const lineItem = fields.line_item as string | null;
    return {
      object: 'organization.costs.result',
      amount: { value: amountsAsText ? value.toFixed(39) : value, currency: 'usd' },
      ...fields,
      quantity: lineItem === null ? null : quantity,
      quantity_unit: lineItem === null ? null : UNITS.get(lineItem),
    };
  });
}

function billed(key: string, day: number, lineItem: string): number {
  const size = LEAST_DEVIATION + (MOST_DEVIATION - LEAST_DEVIATION) * noise(key, day, lineItem, 'size');
  return noise(key, day, lineItem, 'sign') < 0.5 ? 1 - size : 1 + size;
}
