import { LivelitError } from '../store/error.ts';
import type { Lane, OutboxEntry } from '../store/lane.ts';
import type { Live } from '../store/live.ts';
import { shareValue } from '../store/rows.ts';
import { store } from '../store/store.ts';
import { makeId } from '../store/make-id.ts';

/** A chart that the signed-in member shows to whoever knows its id. */
export interface OwnShare {
  /** For `<usage-chart share="…">`. */
  readonly id: string;
  readonly label: string;
  /** False: it shows nothing. */
  readonly enabled: boolean;
  readonly created_at: string;
  readonly revoked_at: string | null;
  /** `pending`: it is being revoked; `failed`: it could not be, and still shows. */
  readonly status: 'saved' | 'pending' | 'failed';
  readonly error?: OutboxEntry['error'];
}

/** The longest label that the database takes. */
export const MAX_LABEL_LENGTH = 200;

/** The shares of the signed-in member, oldest first; none while nobody is. */
export function usageShares(): Live<readonly OwnShare[]> {
  return store().live<readonly OwnShare[]>({
    key: 'usage:shares',
    requires: 'account',
    placeholder: () => ({ data: [], sample: false }),
    topics: ({ session }) => [`user:${session!.userId}`],
    relevant: ({ event }) => event === 'usage_shares',
    async fetch({ backend, session, signal }) {
      const rows = await backend.fetch<readonly OwnShare[]>(
        {
          from: 'usage_shares',
          columns: 'id,label,enabled,created_at,revoked_at',
          where: [['user_id', 'eq', session!.userId]],
          order: ['created_at', 'id'],
        },
        signal,
      );
      return rows.map((row) => ({ ...row, status: 'saved' as const }));
    },
    reconcile: shareValue,
    overlay: {
      lane: revocations as Lane,
      show: (data, entries) =>
        data?.map((share) => {
          const entry = entries.find(({ payload }) => payload === share.id);
          if (!entry) return share;
          const failed = entry.state === 'failed';
          return { ...share, enabled: failed, status: failed ? 'failed' : 'pending', error: entry.error };
        }),
      shows: (data, { payload }) => !data.some(({ id, enabled }) => id === payload && enabled),
    },
  });
}

/**
 * Shares the signed-in member's daily totals, and answers the id that shows them. It is made when this resolves: an id
 * that nobody can guess is the server's to choose, so nothing is queued.
 *
 * @throws {LivelitError} `invalid` when the label is longer than 200 characters, `unauthenticated` or `forbidden` for
 * whoever has no account.
 */
export async function createShare(label = ''): Promise<string> {
  const text = label.trim();
  if (text.length > MAX_LABEL_LENGTH) {
    throw new LivelitError('invalid', `A label has at most ${MAX_LABEL_LENGTH} characters.`, { reason: 'length' });
  }
  const backend = await store().connection.backend();
  return backend.fetch({ rpc: 'usage_share_create', parameters: { p_label: text } }, new AbortController().signal);
}

/** Stops a share showing anything, at once and to everybody; in `usageShares()` it is off when this returns. */
export function revokeShare(id: string): void {
  store().write(revocations, { id: makeId(), payload: id });
}

const revocations: Lane<string> = {
  name: 'usage:revocations',
  deliver: ({ payload: id }, { backend, signal }) =>
    backend.write({ update: 'usage_shares', where: [['id', 'eq', id]], values: { enabled: false } }, signal),
};
