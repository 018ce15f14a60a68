/** Snapshots that cost something else than the alias of their name, and so keep it. `npm run prices` says which do. */
const SNAPSHOTS: ReadonlySet<string> = new Set(['gpt-4o-2024-05-13']);

/**
 * `gpt-4o-mini-2024-07-18` → `gpt-4o-mini`, `claude-sonnet-4-20250514` → `claude-sonnet-4`: usage, prices and footprints
 * are kept by alias, not by dated snapshot.
 */
export const modelAlias = (model: string): string =>
  SNAPSHOTS.has(model) ? model : model.replace(/-(\d{4}-\d{2}-\d{2}|20\d{6})$/, '');

/** What is known of a fine-tuned model is known of its base: `ft:gpt-4o-mini-2024-07-18:acme::9zX` → `ft:gpt-4o-mini`. */
export const baseModel = (model: string): string => modelAlias(/^ft:[^:]+/.exec(model)?.[0] ?? model);
