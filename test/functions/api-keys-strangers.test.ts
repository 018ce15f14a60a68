/** A key that somebody has left, and everybody who is not that somebody: to each of them each way is closed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { ADMIN } from '../../local/seed.ts';
import {
  endBackend,
  newClient,
  newMember,
  newVisitor,
  startTestBackend,
  type Person,
} from '../support/node/backend.ts';
import { invoke } from '../support/node/functions-http.ts';
import { RawSocket } from '../support/node/raw-socket.ts';

type Who = 'another member' | 'a visitor' | 'an admin' | 'whoever has only the key';

interface Stranger {
  readonly id: string;
  readonly token: string | undefined;
}

const WHO: readonly Who[] = ['another member', 'a visitor', 'an admin', 'whoever has only the key'];

describe('a key that somebody has left', () => {
  let backend: LocalBackend;
  let owner: Person;
  let key: string;
  let envelope: string;
  let strangers: Record<Who, Stranger>;
  before(async () => {
    backend = await startTestBackend({ demo: true });
    const [other, visitor] = [await newMember(backend), await newVisitor(backend)];
    const { data } = await newClient(backend).auth.signInWithPassword(ADMIN);
    strangers = {
      'another member': other,
      'a visitor': visitor,
      'an admin': { id: data.user!.id, token: data.session!.access_token },
      'whoever has only the key': { id: '', token: undefined },
    };
    owner = await newMember(backend);
    key = `sk-admin-${randomBytes(24).toString('base64url')}`;
    await ask(owner, { action: 'set', provider: 'openai', key });
    envelope = (await stored())!.envelope;
  });
  after(() => endBackend(backend));
  beforeEach(() => backend.database.query('delete from private.rate_buckets'));

  const ask = ({ token }: Pick<Stranger, 'token'>, body: object, name = 'api-keys') =>
    invoke<Record<string, unknown>>(backend, name, token, body);
  const stored = async () =>
    (
      await backend.database.query<{ envelope: string; status: string; last4: string; updated_at: string }>(
        'select envelope, status, last4, updated_at from private.user_api_keys where user_id = $1',
        [owner.id],
      )
    )[0];
  /** A request to REST, as the stranger. */
  const rest = async ({ token }: Stranger, path: string, init: RequestInit = {}) => {
    const headers = {
      apikey: backend.keys.publishable,
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(init.headers as Record<string, string>),
    };
    const response = await fetch(`${backend.url}/rest/v1/${path}`, { ...init, headers });
    return { status: response.status, text: await response.text() };
  };
  const rpc = (who: Stranger, name: string, parameters: object) =>
    rest(who, `rpc/${name}`, { method: 'POST', body: JSON.stringify(parameters) });

  /** Each way to it, and what a stranger gets. Nothing of the key is in any answer. */
  const WAYS: Record<string, (who: Stranger) => Promise<{ readonly text: string; readonly closed: boolean }>> = {
    'lists it by the function': async (who) => {
      const { status, text, body } = await ask(who, { action: 'list' });
      return { text, closed: status >= 400 || JSON.stringify(body.keys) === '[]' };
    },
    'lists it by the function, by its owner’s name': async (who) => {
      const { status, text, body } = await ask(who, { action: 'list', user_id: owner.id, p_user_id: owner.id });
      return { text, closed: status >= 400 || JSON.stringify(body.keys) === '[]' };
    },
    'lists it by the database': async (who) => {
      const { status, text } = await rpc(who, 'api_keys', {});
      return { text, closed: status >= 400 || text === '[]' };
    },
    'lists it as the service does': async (who) => {
      const { status, text } = await rpc(who, 'api_key_list', { p_user_id: owner.id });
      return { text, closed: status >= 400 };
    },
    'takes the sealed key as the service does': async (who) => {
      const { status, text } = await rpc(who, 'api_key_get', { p_user_id: owner.id, p_provider: 'openai' });
      return { text, closed: status >= 400 };
    },
    'reads the table': async (who) => {
      const { status, text } = await rest(who, 'user_api_keys?select=*');
      return { text, closed: status >= 400 };
    },
    'reads the table in its schema': async (who) => {
      const headers = { 'accept-profile': 'private' };
      const { status, text } = await rest(who, 'user_api_keys?select=*', { headers });
      return { text, closed: status >= 400 };
    },
    'reads the audit log': async (who) => {
      const { status, text } = await rest(who, 'audit_log', { headers: { 'accept-profile': 'private' } });
      return { text, closed: status >= 400 };
    },
    'has it checked': async (who) => {
      const { status, text } = await ask(who, { action: 'validate', provider: 'openai', user_id: owner.id });
      return { text, closed: status >= 400 };
    },
    'reads usage with it': async (who) => {
      const request = { mode: 'user', provider: 'openai', user_id: owner.id };
      const { text } = await ask(who, request, 'sync-usage');
      const [run] = await backend.database.query('select 1 from public.sync_runs where user_id = $1', [owner.id]);
      return { text, closed: run === undefined };
    },
    'replaces it': async (who) => {
      const own = `sk-admin-${randomBytes(24).toString('base64url')}`;
      const { text } = await ask(who, { action: 'set', provider: 'openai', key: own, user_id: owner.id });
      return { text, closed: (await stored())?.last4 === key.slice(-4) };
    },
    'replaces it as the service does': async (who) => {
      const { status, text } = await rpc(who, 'api_key_set', {
        p_user_id: owner.id,
        p_provider: 'openai',
        p_envelope: 'v1.x.x.x.x',
        p_kid: 'x',
        p_last4: 'xxxx',
        p_fingerprint: 'x',
        p_status: 'valid',
      });
      return { text, closed: status >= 400 };
    },
    'moves it to themselves': async (who) => {
      const { status, text } = await rest(who, `user_api_keys?user_id=eq.${owner.id}`, {
        method: 'PATCH',
        headers: { 'content-profile': 'private' },
        body: JSON.stringify({ user_id: who.id || owner.id }),
      });
      return { text, closed: status >= 400 };
    },
    'deletes it': async (who) => {
      const { text } = await ask(who, { action: 'delete', provider: 'openai', user_id: owner.id });
      return { text, closed: (await stored()) !== undefined };
    },
    'deletes it as the service does': async (who) => {
      const { status, text } = await rpc(who, 'api_key_delete', { p_user_id: owner.id, p_provider: 'openai' });
      return { text, closed: status >= 400 };
    },
    'hears of it': async (who) => {
      const socket = await RawSocket.open(backend);
      const answer = await socket.join(`user:${owner.id}`, who.token ?? backend.keys.publishable);
      socket.close();
      return { text: JSON.stringify(answer), closed: answer.status === 'error' };
    },
  };

  for (const who of WHO) {
    describe(`is out of reach for ${who}, who`, () => {
      for (const [how, attempt] of Object.entries(WAYS)) {
        it(how, async () => {
          const before = await stored();
          const { text, closed } = await attempt(strangers[who]);
          assert.ok(closed, text);
          for (const secret of [key.slice(9, 24), ...envelope.split('.').slice(2)]) assert.ok(!text.includes(secret));
          assert.deepEqual(await stored(), before);
        });
      }
    });
  }

  it('is within reach of its owner, by each of the ways that are theirs', async () => {
    assert.match((await ask(owner, { action: 'list' })).text, new RegExp(`"last4":"${key.slice(-4)}"`));
    assert.equal((await ask(owner, { action: 'validate', provider: 'openai' })).status, 200);
    assert.equal((await rpc({ id: owner.id, token: owner.token }, 'api_keys', {})).status, 200);
    const socket = await RawSocket.open(backend);
    assert.equal((await socket.join(`user:${owner.id}`, owner.token)).status, 'ok');
    socket.close();
  });
});
