import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { signToken } from '../../local/keys.ts';
import { ADMIN } from '../../local/seed.ts';
import {
  endBackend,
  newClient,
  newMember,
  newVisitor,
  startTestBackend,
  type Person,
} from '../support/node/backend.ts';

interface UsageRow {
  readonly user_id: string;
  readonly requests: number;
}

describe('REST', () => {
  let backend: LocalBackend;
  /** Has used two models today, the later one first by name. */
  let member: Person;
  before(async () => {
    backend = await startTestBackend({ demo: true });
    member = await newMember(backend);
    for (const model of ['b', 'a']) await addUsage(member, model);
  });
  after(() => endBackend(backend));

  const addUsage = ({ id }: Person, model: string) =>
    backend.database.query(`select private.add_usage($1, $2, '', 'chat', 1200, 0, 300, 0.000360, 0.0125)`, [id, model]);
  const usageOf = ({ client }: Person) => client.from('usage_data').select<'*', UsageRow>('*');

  it('shows two users who ask at once their own rows only', async () => {
    const people = [await newMember(backend), await newMember(backend)];
    for (const person of people) await addUsage(person, 'gpt-4o');
    const asked = Array.from({ length: 50 }, async (_, index) => {
      const person = people[index % 2]!;
      const { data, error } = await usageOf(person);
      assert.equal(error, null);
      assert.deepEqual(
        data?.map((row) => row.user_id),
        [person.id],
      );
    });
    await Promise.all(asked);
  });

  it('keeps users apart who read, write and fail at once', async () => {
    const people = [await newMember(backend), await newMember(backend), await newVisitor(backend)];
    const admin = newClient(backend);
    await admin.auth.signInWithPassword(ADMIN);
    const profileOf = ({ client, id }: Person) => client.from('profiles').select('id, company').eq('id', id);
    await Promise.all(
      Array.from({ length: 48 }, async (_, index) => {
        const person = people[index % 3]!;
        switch (index % 4) {
          case 0:
            return person.client.from('profiles').update({ company: person.id }).neq('id', crypto.randomUUID());
          case 1:
            return person.client.from('profiles').update({ email: 'forged@test.invalid' }).eq('id', person.id);
          case 2:
            return person.client.from('usage_data').delete().gte('requests', 0);
          default:
            return admin.from('profiles').select('id');
        }
      }),
    );
    for (const person of people.slice(0, 2)) {
      assert.deepEqual((await profileOf(person)).data, [{ id: person.id, company: person.id }]);
    }
    assert.deepEqual((await profileOf(people[2]!)).data, []);
    const [forged] = await backend.database.query<{ count: number }>(
      `select count(*)::int from public.profiles where email like 'forged%' or company not in (select id::text from auth.users)`,
    );
    assert.equal(forged?.count, 0);
  });

  it('leaves the superuser a superuser', async () => {
    await newClient(backend).from('profiles').select();
    const [row] = await backend.database.query(
      `select current_user = session_user as same, nullif(current_setting('request.jwt.claims', true), '') as claims`,
    );
    assert.deepEqual(row, { same: true, claims: null });
  });

  it('writes numbers and times as hosted does', async () => {
    const { data } = await usageOf(member);
    assert.partialDeepStrictEqual(data, [
      {
        requests: 1,
        context_tokens: 1200,
        cost: 0.00036,
        co2_grams: 0.0125,
        date: new Date().toISOString().slice(0, 10),
      },
    ]);
    const { created_at } = data![0] as unknown as { created_at: string };
    assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/);
  });

  const FILTERS: [what: string, ask: (person: Person) => PromiseLike<{ data: unknown }>, expected: unknown][] = [
    ['a range of days', ({ client }) => client.from('usage_data').select('model').gte('date', '2999-01-01'), []],
    [
      'an order and a limit',
      ({ client }) => client.from('usage_data').select('model').order('model').limit(1),
      [{ model: 'a' }],
    ],
    ['a list', ({ client }) => client.from('usage_data').select('model').in('model', ['b', 'c']), [{ model: 'b' }]],
  ];
  for (const [what, ask, expected] of FILTERS) {
    it(`filters by ${what}`, async () => {
      assert.deepEqual((await ask(member)).data, expected);
    });
  }

  it('counts what it does not send', async () => {
    const { count, data } = await member.client.from('usage_data').select('*', { count: 'exact', head: true });
    assert.deepEqual([count, data], [2, null]);
  });

  it('refuses a write in words, with 403', async () => {
    const { client, id } = member;
    const { status, error } = await client
      .from('usage_data')
      .insert({ user_id: id, date: '2026-01-01', model: 'x', source: 'chat' });
    assert.deepEqual([status, error?.code], [403, '42501']);
    assert.match(error!.message, /permission denied for table usage_data/);
  });

  for (const [what, key] of [
    ['without a key', ''],
    ['with a made-up key', 'sb_publishable_made_up'],
  ] as const) {
    it(`is closed ${what}`, async () => {
      const answer = await fetch(`${backend.url}/rest/v1/profiles`, { headers: key ? { apikey: key } : {} });
      assert.equal(answer.status, 401);
    });
  }

  it('opens everything to the secret key', async () => {
    const answer = await fetch(`${backend.url}/rest/v1/profiles?select=id`, {
      headers: { apikey: backend.keys.secret },
    });
    assert.equal(answer.status, 200);
    assert.ok(((await answer.json()) as unknown[]).length >= 2);
  });

  it('is closed to an expired token', async () => {
    const token = await signToken({ role: 'authenticated', exp: 1 }, backend.keys.jwtSecret);
    const answer = await fetch(`${backend.url}/rest/v1/profiles`, {
      headers: { apikey: backend.keys.publishable, authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 401);
  });
});
