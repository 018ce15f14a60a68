import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newMember, newVisitor, startTestBackend, type Person } from '../support/node/backend.ts';

// @supabase/lite grants everything in every schema to everybody before its first request; `Database.open` keeps it from
// that by a private field, which an upgrade of lite may rename.
describe('the first REST request', () => {
  let backend: LocalBackend;
  let atFirst: unknown;
  let member: Person;
  let visitor: Person;
  before(async () => {
    // Without the demo, whose sign-ups would be requests too.
    backend = await startTestBackend();
    atFirst = await grants();
    [member, visitor] = [await newMember(backend), await newVisitor(backend)];
    for (const { client } of [member, visitor]) {
      await client.from('profiles').select();
      await client.from('usage_data').select();
      await client.from('chat_messages').select();
      await client.rpc('chat_stop', {});
    }
  });
  after(() => endBackend(backend));

  const grants = () =>
    backend.database.query(
      `select 'schema' as kind, nspname as name, nspacl::text as acl from pg_namespace where nspname !~ '^pg_'
       union all select 'table', oid::regclass::text, relacl::text from pg_class
         where relnamespace::regnamespace::text !~ '^(pg_|information_schema)' and relkind in ('r', 'p', 'v', 'S')
       union all select 'function', oid::regprocedure::text, proacl::text from pg_proc
         where pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
       union all select 'default', defaclnamespace::regnamespace::text, defaclacl::text from pg_default_acl
       union all select 'member of', roleid::regrole::text, member::regrole::text from pg_auth_members
       order by 1, 2, 3`,
    );

  it('widens no grant', async () => {
    assert.deepEqual(await grants(), atFirst);
  });

  const BEARERS: Record<string, () => string | undefined> = {
    'only the key': () => undefined,
    "a visitor's token": () => visitor.token,
    "a member's token": () => member.token,
  };
  const CLOSED: [method: string, path: string, profile: string, body?: object][] = [
    ['POST', 'usage_data', 'public', { date: '2026-01-01', model: 'x', source: 'chat' }],
    ['DELETE', 'usage_data?requests=gte.0', 'public'],
    ['PATCH', 'chat_messages?seq=gte.0', 'public', { content: 'forged' }],
    ['POST', 'rpc/chat_stop', 'public', { p_user_id: randomUUID(), p_message_id: randomUUID() }],
    ['GET', 'site', 'private'],
    ['GET', 'rate_buckets', 'private'],
    ['POST', 'rpc/is_admin', 'private', {}],
    ['POST', 'rpc/send', 'realtime', { payload: {}, event: 'forged', topic: 'x' }],
    ['GET', 'messages', 'realtime'],
    ['GET', 'users', 'auth'],
  ];
  for (const [who, token] of Object.entries(BEARERS)) {
    for (const [method, path, profile, body] of CLOSED) {
      it(`leaves ${method} ${path} of ${profile} closed to ${who}`, async () => {
        const bearer = token();
        const answer = await fetch(`${backend.url}/rest/v1/${path}`, {
          method,
          headers: {
            apikey: backend.keys.publishable,
            'content-type': 'application/json',
            'accept-profile': profile,
            'content-profile': profile,
            ...(bearer && { authorization: `Bearer ${bearer}` }),
          },
          ...(body && { body: JSON.stringify(body) }),
        });
        assert.ok([401, 403, 404, 406].includes(answer.status), `${answer.status} ${await answer.text()}`);
      });
    }
  }
});
