import { asUser, type Person, type SqlDatabase } from './sql.ts';

/** An edit, as `merge_preferences` takes it. */
export interface SettingOp {
  readonly id: string;
  readonly path: string;
  readonly value?: unknown;
  readonly base: number | null;
  readonly after?: readonly string[];
  readonly age_ms?: number;
  readonly insist?: boolean;
}

export interface Merged {
  readonly revision: number;
  readonly preferences: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly ai_providers: object;
  readonly rejected: readonly { readonly id: string; readonly path: string; readonly value: unknown }[];
}

/** Hands edits in as a page of this person does. */
export async function mergeSettings(
  database: SqlDatabase,
  { claims }: Pick<Person, 'claims'>,
  ops: readonly object[],
): Promise<Merged> {
  const sql = 'select public.merge_preferences($1) as merged';
  const [row] = await asUser<{ merged: Merged }>(database, claims, sql, [JSON.stringify(ops)]);
  return row!.merged;
}
