import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { syncDue } from '../../local/timers.ts';
import { usageFootprint, type UsedTokens } from '../../supabase/functions/_shared/footprint.ts';
import { endBackend, newMember, newVisitor, startTestBackend, type Person } from '../support/node/backend.ts';
import { invoke } from '../support/node/functions-http.ts';
import { namesOf, newMessage, send } from '../support/node/chat-http.ts';
import { newKey, newMemberWithKey, setKey, sync as syncAs, type SyncAnswer } from '../support/node/keys-http.ts';
import { storedUsage, upstreamCosts, upstreamUsage } from '../support/node/upstream.ts';
import { until } from '../support/node/until.ts';
import { daysAgo } from '../support/node/usage-sql.ts';

const NINETY = { from: daysAgo(89), to: daysAgo(0) };

describe('the function sync-usage', () => {
  let backend: LocalBackend;
  let member: Person;
  let key: string;
  before(async () => {
    backend = await startTestBackend();
  });
  after(() => endBackend(backend));
  beforeEach(async () => {
    Object.assign(backend.openai, { adminKeys: undefined, amountsAsText: false, now: clock() });
    backend.openai.failures.length = 0;
    [member, key] = await newMemberWithKey(backend);
  });

  /** Stands still, so that what is compared is of one moment. */
  const clock = (offsetMs = 0) => {
    const now = Date.now() + offsetMs;
    return () => now;
  };
  const sync = (person = member) => syncAs(backend, person);
  const runOf = async (person?: Person) => (await sync(person)).body.runs[0]!;
  const equalsUpstream = async ({ id } = member, of = key) =>
    assert.deepEqual(await storedUsage(backend, id), await upstreamUsage(backend, of, NINETY));
  const costs = ({ id } = member) =>
    backend.database.query<{ day: string; usd: number; sources: string[]; provisional: boolean }>(
      `select date::text as day, sum(cost) as usd, array_agg(distinct cost_source) as sources,
              bool_or(provisional) as provisional
       from public.usage_data where user_id = $1 group by 1 order by 1`,
      [id],
    );
  const signals = async ({ id } = member) =>
    (
      await backend.database.query<{ n: number }>(
        `select (payload ->> 'n')::int as n from realtime.messages where topic = $1 and event = 'usage_data'
         order by inserted_at`,
        [`user:${id}`],
      )
    ).map(({ n }) => n);

  describe('brings', () => {
    it('ninety days at first, equal to the provider', async () => {
      const { status, body } = await sync();
      assert.equal(status, 200);
      assert.partialDeepStrictEqual(body.runs[0], { status: 'ok', window_from: NINETY.from, error_reason: null });
      await equalsUpstream();
      assert.ok(body.runs[0]!.rows_changed > 1_000, `${body.runs[0]!.rows_changed}`);
    });

    for (const amountsAsText of [false, true]) {
      it(`what each finished day is billed, from ${amountsAsText ? 'texts' : 'numbers'}`, async () => {
        backend.openai.amountsAsText = amountsAsText;
        await sync();
        const billed = await upstreamCosts(backend, key, NINETY);
        for (const { day, usd, sources, provisional } of await costs()) {
          if (day >= daysAgo(1)) {
            assert.ok(provisional && sources.includes('estimated'), day);
          } else {
            assert.deepEqual([sources, provisional], [['billed'], false], day);
            // Each row is rounded to a micro-USD.
            assert.ok(Math.abs(usd - billed.get(day)!) < 0.000_05, `${day}: ${usd} instead of ${billed.get(day)}`);
          }
        }
      });
    }

    it('nothing new when nothing is new, and signals nothing', async () => {
      await sync();
      const before = (await signals()).length;
      const run = await runOf();
      assert.partialDeepStrictEqual(run, { status: 'ok', window_from: daysAgo(2), rows_changed: 0 });
      assert.ok(run.rows_read > 0);
      assert.equal((await signals()).length, before);
    });

    it('a correction that arrives late, and only that', async () => {
      await sync();
      const before = await storedUsage(backend, member.id);
      // What was reported so far of the last days grows.
      backend.openai.now = clock(8 * 3_600_000);
      const { rows_changed: changed } = await runOf();
      const corrected = await storedUsage(backend, member.id);
      assert.deepEqual(corrected, await upstreamUsage(backend, key, NINETY));
      const days = Object.keys(corrected).filter((name) => String(corrected[name]) !== String(before[name]));
      assert.ok(days.length > 0 && days.length <= changed);
      assert.ok(days.every((name) => name >= daysAgo(2)));
    });

    it('each of two users their own, at once', async () => {
      const [other, otherKey] = await newMemberWithKey(backend);
      const runs = await Promise.all([runOf(), runOf(other)]);
      assert.deepEqual(
        runs.map(({ status }) => status),
        ['ok', 'ok'],
      );
      await equalsUpstream();
      await equalsUpstream(other, otherKey);
    });

    it('all of another organisation, once its key is set', async () => {
      await sync();
      key = newKey();
      await setKey(backend, member, key);
      assert.equal((await runOf()).window_from, NINETY.from);
      await equalsUpstream();
    });
  });

  describe('when the provider', () => {
    const BUSY = { status: 429, path: 'usage/images' };

    it('asks to wait for a second, waits', async () => {
      backend.openai.failures.push({ ...BUSY, retryAfterS: 1 });
      const start = performance.now();
      assert.equal((await runOf()).status, 'ok');
      assert.ok(performance.now() - start >= 1_000);
      await equalsUpstream();
    });

    it('asks to wait for an hour, stops, and does not ask before', async () => {
      backend.openai.failures.push({ ...BUSY, retryAfterS: 3_600 });
      assert.partialDeepStrictEqual(await runOf(), { status: 'error', error_reason: 'provider_busy' });
      const asked = backend.openai.adminRequests;
      const { status, headers, body } = await sync();
      assert.deepEqual([status, body.error.reason], [429, 'provider_busy']);
      assert.ok(Number(headers.get('retry-after')) > 3_500);
      assert.equal(backend.openai.adminRequests, asked);
    });

    it('cuts a page, asks for it again', async () => {
      backend.openai.failures.push({ cutAfterTokens: 0, path: 'usage/embeddings' });
      assert.equal((await runOf()).status, 'ok');
      await equalsUpstream();
    });

    it('fails half-way, keeps what is there and goes on from it', async () => {
      // The costs end each part: the first part's are let through.
      const costsOf = backend.openai.handle.bind(backend.openai);
      let parts = 0;
      backend.openai.handle = (request) => {
        if (request.url.includes('/costs') && (parts += 1) === 1) {
          backend.openai.failures.push(...Array.from({ length: 2 }, () => ({ status: 500, path: 'usage/images' })));
        }
        return costsOf(request);
      };
      try {
        const run = await runOf();
        assert.partialDeepStrictEqual(run, { status: 'partial', error_reason: 'provider' });
        assert.ok(run.rows_changed > 500);
        assert.equal((await runOf()).window_from, daysAgo(47));
        await equalsUpstream();
      } finally {
        backend.openai.handle = costsOf;
      }
    });

    it('does not know the key any more, says so in the run and at the key', async () => {
      backend.openai.adminKeys = new Set();
      const { status, text, body } = await sync();
      assert.equal(status, 200);
      assert.partialDeepStrictEqual(body.runs[0], { status: 'error', error_reason: 'key_invalid' });
      assert.match(body.runs[0]!.message!, /does not know this key/);
      assert.ok(!text.includes(key.slice(-8)));
      const marked = 'select status from private.user_api_keys where user_id = $1';
      assert.deepEqual(await backend.database.query(marked, [member.id]), [{ status: 'invalid' }]);
    });

    for (const [what, answer] of Object.entries({
      'no list': { object: 'page', data: {}, has_more: false, next_page: null },
      'a negative count': {
        data: [{ start_time: 1_700_000_000, results: [{ input_tokens: -1 }] }],
        has_more: false,
        next_page: null,
      },
      'a page without an end': { data: [], has_more: true, next_page: null },
    })) {
      it(`sends ${what}, keeps nothing of it`, async () => {
        const real = backend.openai.handle.bind(backend.openai);
        backend.openai.handle = (request) =>
          request.url.includes('usage/moderations') ? Promise.resolve(Response.json(answer)) : real(request);
        try {
          assert.partialDeepStrictEqual(await runOf(), { status: 'error', error_reason: 'provider_answer' });
          assert.deepEqual(await storedUsage(backend, member.id), {});
        } finally {
          backend.openai.handle = real;
        }
      });
    }
  });

  describe('asked twice at once', () => {
    it('does it once, and says so with 409', async () => {
      const first = sync();
      await until(async () => (await runsOf(member)).some(({ status }) => status === 'running'));
      const { status, body } = await sync();
      assert.deepEqual([status, body.error.code, body.error.reason], [409, 'conflict', 'running']);
      assert.equal((await first).body.runs[0]!.status, 'ok');
      assert.equal((await runsOf(member)).length, 1);
    });
  });

  const runsOf = ({ id }: Person) =>
    backend.database.query<{ status: string; mode: string; error_reason: string | null }>(
      'select status, mode, error_reason from public.sync_runs where user_id = $1',
      [id],
    );

  describe('by a timer', () => {
    const due = (token?: string, apikey = backend.keys.secret) =>
      fetch(`${backend.url}/functions/v1/sync-usage`, {
        method: 'POST',
        headers: { apikey, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify({ mode: 'due' }),
      });

    it('syncs who is due, whatever happens to others', async () => {
      const keyless = await newMember(backend);
      for (const { client } of [keyless, member]) {
        const { error } = await client.rpc('sync_schedule_set', { p_every_minutes: 60, p_enabled: true });
        assert.equal(error, null);
      }
      const answer = (await (await due()).json()) as { synced: { user_id: string; status: string }[]; waiting: number };
      assert.deepEqual(answer.synced.map(({ status }) => status).sort(), ['error', 'ok']);
      assert.equal(answer.waiting, 0);
      assert.deepEqual(await runsOf(keyless), [{ status: 'error', mode: 'due', error_reason: 'no_key' }]);
      await equalsUpstream();
      assert.deepEqual(await (await due()).json(), { synced: [], waiting: 0 });
    });

    it('is asked so by the local timer', async () => {
      const { error } = await member.client.rpc('sync_schedule_set', { p_every_minutes: 15, p_enabled: true });
      assert.equal(error, null);
      assert.equal((await syncDue(backend.url, backend.keys, backend.functions)).status, 200);
      assert.partialDeepStrictEqual(await runsOf(member), [{ status: 'ok', mode: 'due' }]);
    });

    it('takes the secret key, and nothing else', async () => {
      for (const [token, apikey] of [
        [undefined, backend.keys.publishable],
        [member.token, backend.keys.publishable],
        [undefined, `${backend.keys.secret}x`],
        [undefined, ''],
      ] as const) {
        assert.equal((await due(token, apikey)).status, 403);
      }
    });
  });

  describe('refuses', () => {
    it('who is not signed in, with 401', async () => {
      for (const token of [undefined, 'abc.def.ghi', backend.keys.secret]) {
        assert.equal((await invoke(backend, 'sync-usage', token, { mode: 'user' })).status, 401);
      }
    });

    it('a visitor without an account, with 403', async () => {
      const { status, body } = await sync(await newVisitor(backend));
      assert.deepEqual([status, body.error.reason], [403, 'account']);
    });

    it('what it does not know, with 422', async () => {
      for (const [body, reason] of [
        [{ mode: 'all' }, 'mode'],
        [{ mode: 'user', provider: 'nobody' }, 'provider'],
      ] as const) {
        const answer = await invoke<SyncAnswer>(backend, 'sync-usage', member.token, body);
        assert.deepEqual([answer.status, answer.body.error.reason], [422, reason]);
      }
    });
  });

  it('keeps keys out of runs, audit rows and messages', async () => {
    await sync();
    const everything = JSON.stringify([
      await backend.database.query('select * from public.sync_runs'),
      await backend.database.query('select * from private.audit_log'),
      await backend.database.query('select * from realtime.messages'),
    ]);
    assert.ok(!everything.includes(key.slice(9, 30)));
  });
});

describe('the function sync-usage of a site with a key of its own', () => {
  let backend: LocalBackend;
  const key = newKey();
  before(async () => {
    backend = await startTestBackend({ secrets: { OPENAI_ADMIN_KEY: key, GRID_REGION: 'FR' } });
  });
  after(() => endBackend(backend));

  it('reads with it for the owner, and for nobody else', async () => {
    const [owner, other] = [await newMember(backend), await newMember(backend)];
    await backend.database.query('insert into private.site (owner_id) values ($1)', [owner.id]);
    const reasonOf = async (person: Person) => (await syncAs(backend, person)).body.runs[0]!.error_reason;
    assert.equal(await reasonOf(owner), null);
    assert.equal(await reasonOf(other), 'no_key');
  });

  it('estimates footprints by the electricity of GRID_REGION, of what is synced and of what is chatted', async () => {
    const visitor = await newVisitor(backend);
    assert.equal(namesOf(await send(backend, visitor, newMessage())).at(-1), 'done');
    for (const source of ['openai', 'chat']) {
      const rows = await backend.database.query<UsedTokens>(
        `select model, context_tokens, cached_tokens, generated_tokens, co2_grams from public.usage_data
         where source = $1 and model = 'gpt-4o-mini' order by generated_tokens desc limit 1`,
        [source],
      );
      const { mid } = usageFootprint(rows, { region: 'FR' });
      // Grams are kept to four places.
      assert.ok(mid > 0 && Math.abs(rows[0]!.co2_grams! - mid) <= 0.000_05, `${source}: ${mid}`);
    }
  });
});
