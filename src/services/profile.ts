import { LivelitError } from '../store/error.ts';
import type { Lane, OutboxEntry } from '../store/lane.ts';
import type { Live } from '../store/live.ts';
import { makeId } from '../store/make-id.ts';
import type { Overlay, QueryContext } from '../store/query.ts';
import { store } from '../store/store.ts';

/** What a member says of themselves, and the longest that each may be, in characters. */
export const PROFILE_FIELDS = { full_name: 200, company: 200, role: 200, industry: 200, team_size: 50 } as const;

type ProfileField = keyof typeof PROFILE_FIELDS;

/** Who is signed in, in their own words; all but the address are theirs to change. */
export interface Profile extends Readonly<Record<ProfileField, string | null>> {
  readonly id: string;
  readonly email: string;
  /** Whether they run the site, as its owner or an admin: theirs are the settings of its chat. */
  readonly owner: boolean;
  /** Which fields were changed here and have not arrived. */
  readonly pending: readonly ProfileField[];
  /** A change that was not taken; for `retryWrite` and `discardWrite`. */
  readonly refused?: { readonly id: string; readonly error: NonNullable<OutboxEntry['error']> } | undefined;
}

export type ProfilePatch = Readonly<Partial<Record<ProfileField, string | null>>>;

/** The profile of the signed-in member, kept current by the topic `user:<uid>`. Nothing while nobody with an account is. */
export function profile(): Live<Profile | null> {
  return store().live<Profile | null>({
    key: 'profile',
    requires: 'account',
    cached: true,
    table: 'profiles',
    topics: ({ session }) => [`user:${session!.userId}`],
    fetch: fetchProfile,
    overlay,
  });
}

/**
 * Changes fields of the signed-in member's profile; null or nothing but blanks empties one. It shows at once, `pending`
 * until it has arrived; offline it waits. Of two changes the one that arrives last counts.
 *
 * @throws {LivelitError} `invalid` for a field that is none, or is too long.
 */
export function saveProfile(patch: ProfilePatch): void {
  const values = Object.fromEntries(
    Object.entries(patch).map(([field, value]) => {
      if (!Object.hasOwn(PROFILE_FIELDS, field)) {
        throw new LivelitError('invalid', `"${field}" is no field of a profile.`, { reason: 'field' });
      }
      const limit = PROFILE_FIELDS[field as ProfileField];
      const text = value?.trim() ?? '';
      if (text.length > limit) {
        throw new LivelitError('invalid', `"${field}" has at most ${limit} characters.`, { reason: 'length' });
      }
      return [field, text || null];
    }),
  );
  store().write(lane, { id: makeId(), payload: values });
}

async function fetchProfile({ backend, session, signal }: QueryContext): Promise<Profile | null> {
  const columns = ['id', 'email', ...Object.keys(PROFILE_FIELDS)].join(',');
  const [rows, owner] = await Promise.all([
    backend.fetch<Omit<Profile, 'owner' | 'pending'>[]>(
      { from: 'profiles', columns, where: [['id', 'eq', session!.userId]], order: ['id'] },
      signal,
    ),
    backend.fetch<boolean>({ rpc: 'runs_site' }, signal),
  ]);
  return rows[0] ? { ...rows[0], owner, pending: [] } : null;
}

const lane: Lane<ProfilePatch> = {
  name: 'profile',
  // The last of several changes stays, however often they arrive.
  deliver: ({ payload, userId }, { backend, signal }) =>
    backend.write({ update: 'profiles', where: [['id', 'eq', userId]], values: { ...payload } }, signal),
};

const overlay: Overlay<Profile | null> = {
  lane: lane as Lane,
  show(data, entries) {
    if (!data) return data;
    let shown = data;
    for (const { id, state, error, payload } of entries as readonly OutboxEntry<ProfilePatch>[]) {
      if (state === 'failed') shown = { ...shown, refused: { id, error: error! } };
      else {
        const pending = state === 'delivered' ? [] : (Object.keys(payload) as ProfileField[]);
        shown = { ...shown, ...payload, pending: [...new Set([...shown.pending, ...pending])] };
      }
    }
    return shown;
  },
  shows: (data, { payload }) =>
    data !== null &&
    Object.entries(payload as ProfilePatch).every(([field, value]) => data[field as ProfileField] === value),
};
