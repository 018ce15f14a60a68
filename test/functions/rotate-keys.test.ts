import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { open, seal, type KeyRing } from '../../supabase/functions/_shared/key-envelope.ts';
import { endBackend, newMember, startTestBackend, type Person } from '../support/node/backend.ts';
import { invoke } from '../support/node/functions-http.ts';
import { newKey, type KeyAnswer } from '../support/node/keys-http.ts';
import { newMember as newRow } from '../support/node/sql.ts';

interface Rotation {
  readonly kid: string;
  readonly rotated: number;
  readonly remaining: number;
  readonly failed: readonly object[];
}

const newRingKey = () => randomBytes(32).toString('base64url');
const OLD: KeyRing = { keys: { k1: newRingKey() }, active: 'k1' };
const NEW: KeyRing = { keys: { k2: newRingKey() }, active: 'k2' };

describe('the rotation of keys', () => {
  let backend: LocalBackend;
  before(async () => {
    const KEYRING = JSON.stringify({ ...OLD.keys, ...NEW.keys });
    backend = await startTestBackend({ secrets: { KEYRING, ACTIVE_KID: NEW.active } });
  });
  after(() => endBackend(backend));
  beforeEach(() => backend.database.query('delete from private.user_api_keys'));

  const ask = (apikey = backend.keys.secret, token?: string) =>
    fetch(`${backend.url}/functions/v1/api-keys`, {
      method: 'POST',
      headers: { apikey, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ action: 'rotate' }),
    });
  const rotate = async () => (await (await ask()).json()) as Rotation;

  /** Leaves a key in the database, sealed by a ring, and answers it. */
  async function store({ id }: Pick<Person, 'id'>, ring = OLD, provider = 'openai'): Promise<string> {
    const key = newKey();
    const envelope = await seal(ring, { userId: id, provider }, key);
    await backend.database.query(`select public.api_key_set($1, $2, $3, $4, right($5, 4), 'print', 'valid')`, [
      id,
      provider,
      envelope,
      ring.active,
      key,
    ]);
    return key;
  }
  const rows = () =>
    backend.database.query<{ user_id: string; provider: string; envelope: string; kid: string; shown: object }>(
      `select user_id, provider, envelope, kid,
              jsonb_build_array(last4, status, checked_at, set_at, updated_at) as shown
       from private.user_api_keys order by user_id, provider`,
    );
  /** The keys by user and provider, as only the new key of the ring opens them. */
  const opened = async () =>
    new Map(
      await Promise.all(
        (await rows()).map(
          async ({ user_id, provider, envelope }) =>
            [`${user_id} ${provider}`, await open(NEW, { userId: user_id, provider }, envelope)] as const,
        ),
      ),
    );
  /** Many people's keys, by user and provider. */
  async function storeMany(count: number): Promise<Map<string, string>> {
    const kept = new Map<string, string>();
    for (let index = 0; index < count; index += 1) {
      const person = await newRow(backend.database);
      for (const provider of index % 3 ? ['openai'] : ['anthropic', 'openai']) {
        kept.set(`${person.id} ${provider}`, await store(person, OLD, provider));
      }
    }
    return kept;
  }

  it('seals all anew, loses none, and shows their users nothing of it', async () => {
    // More than are fetched at once.
    const kept = await storeMany(60);
    const before = (await rows()).map(({ shown }) => shown);
    assert.deepEqual(await rotate(), { kid: 'k2', rotated: kept.size, remaining: 0, failed: [] });
    const sorted = (keys: ReadonlyMap<string, string>) => [...keys].sort();
    assert.deepEqual(sorted(await opened()), sorted(kept));
    assert.deepEqual(
      (await rows()).map(({ shown }) => shown),
      before,
    );
  });

  it('leaves keys that work', async () => {
    const member = await newMember(backend);
    await store(member);
    await rotate();
    const body = { action: 'validate', provider: 'openai' };
    const { body: answer } = await invoke<KeyAnswer>(backend, 'api-keys', member.token, body);
    assert.partialDeepStrictEqual(answer, { keys: [{ status: 'valid' }], check: { status: 'valid' } });
  });

  it('does nothing when there is nothing left to do', async () => {
    await storeMany(2);
    await rotate();
    const before = await rows();
    assert.deepEqual(await rotate(), { kid: 'k2', rotated: 0, remaining: 0, failed: [] });
    assert.deepEqual(await rows(), before);
  });

  it('asked for twice at once, seals each key once', async () => {
    const kept = await storeMany(30);
    const both = await Promise.all([rotate(), rotate()]);
    assert.equal(both[0].rotated + both[1].rotated, kept.size);
    assert.equal((await opened()).size, kept.size);
    const audited = `select 1 from private.audit_log where action = 'api_key.rotate' and subject_id = any ($1)`;
    const people = [...kept.keys()].map((each) => each.split(' ')[0]);
    assert.equal((await backend.database.query(audited, [people])).length, kept.size);
  });

  it('says which keys do not open, and leaves them as they are', async () => {
    const [good, wrong, gone] = [
      await newRow(backend.database),
      await newRow(backend.database),
      await newRow(backend.database),
    ];
    await store(good);
    // Another key was once in the ring under the same name; and one that has left it.
    await store(wrong, { keys: { k1: newRingKey() }, active: 'k1' });
    await store(gone, { keys: { k0: newRingKey() }, active: 'k0' });
    const stored = async () => (await rows()).filter(({ user_id }) => user_id !== good.id);
    const before = await stored();
    const { rotated, remaining, failed } = await rotate();
    assert.deepEqual([rotated, remaining], [1, 2]);
    const reasons = { [wrong.id]: ['k1', 'does_not_open'], [gone.id]: ['k0', 'kid_unknown'] };
    assert.deepEqual(
      failed,
      before.map(({ user_id, provider }) => {
        const [kid, reason] = reasons[user_id]!;
        return { user_id, provider, kid, reason };
      }),
    );
    assert.deepEqual(await stored(), before);
  });

  it('looks once at each key that does not open, however many they are', async () => {
    const broken = { keys: { k1: newRingKey() }, active: 'k1' };
    for (let index = 0; index < 55; index += 1) await store(await newRow(backend.database), broken);
    await store(await newRow(backend.database));
    const { rotated, remaining, failed } = await rotate();
    assert.deepEqual([rotated, remaining, failed.length], [1, 55, 55]);
  });

  /** Rotates; something else happens after the first key was sealed anew. */
  async function rotateWhile(sql: string): Promise<Response> {
    await backend.database.exec(`
      create or replace function private.meanwhile() returns trigger language plpgsql as $$
      begin ${sql}; return null; end $$;
      create trigger meanwhile after update on private.user_api_keys
          for each row when (pg_trigger_depth() = 0) execute function private.meanwhile();`);
    try {
      return await ask();
    } finally {
      await backend.database.exec('drop trigger meanwhile on private.user_api_keys');
    }
  }

  it('goes on with what is left after it broke off', async () => {
    const kept = await storeMany(6);
    const breakOff = `if (select count(*) from private.user_api_keys where kid = 'k2') = 4 then raise 'broken off'; end if`;
    assert.equal((await rotateWhile(breakOff)).status, 503);
    const { rotated, remaining } = await rotate();
    assert.deepEqual([rotated, remaining], [kept.size - 3, 0]);
    assert.deepEqual([...(await opened())].sort(), [...kept].sort());
  });

  describe('keeps what a user does in the middle, who', () => {
    const meanwhile = async (sql: string) => (await (await rotateWhile(sql)).json()) as Rotation;
    /** The one whose key comes first, and the other. */
    const two = async () => {
      const [one, other] = [await newRow(backend.database), await newRow(backend.database)];
      return one.id < other.id ? ([one, other] as const) : ([other, one] as const);
    };

    it('replaces the key', async () => {
      const [first, second] = await two();
      const kept = [await store(first), await store(second)];
      const theirs = newKey();
      const envelope = await seal(NEW, { userId: second.id, provider: 'openai' }, theirs);
      const replace = `perform public.api_key_set('${second.id}', 'openai', '${envelope}', 'k2', 'last', 'print', 'valid')`;
      assert.deepEqual(await meanwhile(replace), { kid: 'k2', rotated: 1, remaining: 0, failed: [] });
      assert.deepEqual([...(await opened()).values()], [kept[0], theirs]);
    });

    it('deletes it', async () => {
      const [first, second] = await two();
      const kept = [await store(first), await store(second)];
      const remove = `perform public.api_key_delete('${second.id}', 'openai')`;
      assert.deepEqual(await meanwhile(remove), { kid: 'k2', rotated: 1, remaining: 0, failed: [] });
      assert.deepEqual([...(await opened()).values()], [kept[0]]);
    });
  });

  it('takes the secret key, and nothing else', async () => {
    const member = await newMember(backend);
    await store(member);
    for (const [apikey, token] of [
      [backend.keys.publishable, undefined],
      [backend.keys.publishable, member.token],
      [`${backend.keys.secret}x`, undefined],
      ['', undefined],
    ] as const) {
      const answer = await ask(apikey, token);
      assert.equal(answer.status, 403);
      assert.match(await answer.text(), /"secret_key"/);
    }
    assert.partialDeepStrictEqual(await rows(), [{ kid: 'k1' }]);
  });

  it('tells no key and no envelope', async () => {
    const key = await store(await newRow(backend.database));
    const said = await (await ask()).text();
    const audited = JSON.stringify(await backend.database.query('select * from private.audit_log'));
    for (const text of [said, audited]) {
      assert.ok(!text.includes(key.slice(9, 30)) && !text.includes('v1.'), text);
    }
  });
});
