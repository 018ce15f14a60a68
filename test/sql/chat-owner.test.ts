import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, beforeEach, describe, it } from 'node:test';
import { admit, call, finish, firstMessage, progress, regenerate, edit, type Asked } from '../support/node/chat-sql.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { asUser, newAdmin, newMember, newVisitor, sentOn, type Person } from '../support/node/sql.ts';

interface Row {
  readonly id: string;
  readonly title: string | null;
  readonly [name: string]: unknown;
}

interface Page {
  readonly rows: readonly Row[];
  readonly next: { readonly at: string; readonly id: string } | null;
  readonly at: number;
}

interface OwnerReply {
  readonly ok: boolean;
  readonly message_id?: string;
  readonly created?: boolean;
  readonly reason?: string;
}

onEachEngine('who runs the site', (database) => {
  let admin: Person;
  let owner: Person;
  before(async () => {
    [admin, owner] = [await newAdmin(database), await newMember(database)];
    await database.query('insert into private.site (owner_id) values ($1)', [owner.id]);
  });
  beforeEach(() =>
    database.exec(`delete from private.rate_buckets; delete from public.chat_sessions; delete from realtime.messages`),
  );

  const ask = async <T>({ claims }: Pick<Person, 'claims'>, sql: string, ...parameters: unknown[]): Promise<T> =>
    (await asUser<{ answer: T }>(database, claims, `select public.${sql} as answer`, parameters))[0]!.answer;
  const list = (person: Person, scope: string, limit = 30, before: Page['next'] = null) =>
    ask<Page>(person, 'chat_session_list($1, $2, $3, $4)', scope, limit, before?.at ?? null, before?.id ?? null);
  const reply = (person: Person, { session }: Asked, content = 'Hello, it is me.', client: string = randomUUID()) =>
    call<OwnerReply>(database, 'public.chat_owner_reply($1, $2, $3, $4)', [person.id, session, client, content]);
  const here = (person: Person, { session }: Asked, there = true) =>
    ask<string | null>(person, 'chat_owner_here($1, $2)', session, there);
  const heard = async ({ session }: Asked, event: string) =>
    (await sentOn(database, `chat:${session}`)).filter((sent) => sent.event === event).map(({ payload }) => payload);
  const pings = async () => (await sentOn(database, 'admin:chat')).map(({ event }) => event);
  const sessionOf = async ({ session }: Asked) => {
    const [row] = await database.query<Record<string, unknown>>('select * from public.chat_sessions where id = $1', [
      session,
    ]);
    return row;
  };

  /** A visitor's conversation with one answer. */
  async function begun(content = 'What do you do?', visitor?: Person) {
    const person = visitor ?? (await newVisitor(database));
    const asked = { ...firstMessage(person.id), content };
    const run = await admit(database, asked);
    await finish(database, run);
    return { person, asked, run };
  }

  describe('sees the list of conversations', () => {
    it('with who it is, what was said last, and how much of it is new', async () => {
      const { person, asked } = await begun('  What\ndo you do?  ');
      await ask(person, 'chat_session_name($1, $2)', asked.session, ' Vera ');
      const { rows, next, at } = await list(admin, 'all');
      assert.ok(Math.abs(at - Date.now()) < 60_000);
      const { created_at, last_message_at, expires_at, last, ...row } = rows[0]!;
      assert.ok(created_at && last_message_at && expires_at);
      assert.deepEqual(row, {
        id: asked.session,
        user_id: person.id,
        title: 'What do you do?',
        visitor_name: 'Vera',
        closed_at: null,
        owner_active_until: null,
        streaming: false,
        email: null,
        anonymous: true,
        messages: 2,
        unread: 1,
      });
      assert.partialDeepStrictEqual(last, {
        role: 'assistant',
        author: 'model',
        status: 'complete',
        content: 'I build things.',
      });
      assert.deepEqual([rows.length, next], [1, null]);
    });

    it('with the address of a member', async () => {
      const member = await newMember(database);
      await begun('Hi', member);
      assert.partialDeepStrictEqual((await list(owner, 'all')).rows, [
        { anonymous: false, email: member.claims.email! },
      ]);
    });

    it('with what is being written, without what is superseded', async () => {
      const { asked, run } = await begun();
      const next = await edit(database, asked, run.user_message_id!, 'Better?');
      assert.partialDeepStrictEqual((await list(admin, 'all')).rows, [
        { title: 'Better?', streaming: true, messages: 2, unread: 1, last: { status: 'streaming' } },
      ]);
      await finish(database, next);
      await regenerate(database, asked, next.message_id!);
      assert.partialDeepStrictEqual((await list(admin, 'all')).rows, [{ messages: 2, streaming: true }]);
    });

    it('newest first, page by page, each once', async () => {
      const all: string[] = [];
      for (let index = 0; index < 7; index += 1) all.unshift((await begun()).asked.session);
      // Two of the same instant are told apart by their ids.
      await database.exec(`update public.chat_sessions set last_message_at = date_trunc('second', last_message_at)`);
      const seen: string[] = [];
      let before: Page['next'] = null;
      do {
        const page: Page = await list(admin, 'all', 3, before);
        seen.push(...page.rows.map(({ id }) => id));
        before = page.next;
      } while (before);
      assert.equal(seen.length, 7);
      assert.deepEqual(seen.toSorted(), all.toSorted());
    });

    it('in pages of 1 to 100', async () => {
      for (const limit of [0, 101, -1]) {
        await assert.rejects(list(admin, 'all', limit), { code: 'PT422', hint: 'limit' });
      }
      await assert.rejects(list(admin, 'everything'), { code: 'PT422', hint: 'scope' });
    });

    it('until they have read it', async () => {
      const { asked } = await begun();
      const unread = async () => (await list(admin, 'all')).rows[0]?.unread;
      await ask(owner, 'chat_session_read($1)', asked.session);
      assert.equal(await unread(), 0);
      await admit(database, { ...asked, client: randomUUID() });
      assert.equal(await unread(), 1);
    });
  });

  it('hears that the list has changed, and not how', async () => {
    const { person, asked } = await begun('A secret');
    assert.ok((await pings()).length >= 3);
    const changes: Record<string, () => Promise<unknown>> = {
      'a message': () => admit(database, { ...asked, client: randomUUID() }),
      'the owner is here': () => here(admin, asked),
      'it is read': () => ask(admin, 'chat_session_read($1)', asked.session),
      'a name': () => ask(person, 'chat_session_name($1, $2)', asked.session, 'Vera'),
      'it is closed': () => ask(admin, 'chat_session_close($1)', asked.session),
      'it is deleted': () => ask(admin, 'chat_session_delete($1)', asked.session),
    };
    for (const [what, change] of Object.entries(changes)) {
      await database.exec('delete from realtime.messages');
      await change();
      const events = await pings();
      assert.ok(events.length > 0 && events.every((event) => event === 'chat_sessions'), `${what}: ${events.join()}`);
      assert.doesNotMatch(JSON.stringify(await sentOn(database, 'admin:chat')), /secret|Vera/);
    }
  });

  it('does not hear of each word', async () => {
    const asked = firstMessage((await newVisitor(database)).id);
    const run = await admit(database, asked);
    await database.exec('delete from realtime.messages');
    await progress(database, run, 'Hello', 0);
    assert.deepEqual(await pings(), []);
  });

  describe('answers in person', () => {
    it('in the words of the site, and the model yields', async () => {
      const { person, asked } = await begun();
      const answer = await reply(owner, asked);
      assert.partialDeepStrictEqual(answer, { ok: true, created: true });
      const [row] = await database.query(
        'select role, author, status, content, user_id from public.chat_messages where id = $1',
        [answer.message_id],
      );
      assert.deepEqual(row, {
        role: 'assistant',
        author: 'owner',
        status: 'complete',
        content: 'Hello, it is me.',
        user_id: person.id,
      });
      assert.equal((await admit(database, { ...asked, client: randomUUID() })).status, 'owner');
      assert.partialDeepStrictEqual((await list(admin, 'all')).rows, [{ unread: 1, last: { author: 'visitor' } }]);
      const [until] = await heard(asked, 'owner');
      assert.ok(Date.parse(until!.active_until as string) > Date.now() + 60_000);
    });

    it('and what the model is writing is stopped', async () => {
      const asked = firstMessage((await newVisitor(database)).id);
      const run = await admit(database, asked);
      await reply(admin, asked);
      assert.deepEqual(await progress(database, run, 'Hello', 0), { stop: true });
    });

    it('and the model reads it later', async () => {
      const { asked } = await begun();
      await reply(admin, asked, 'I am Noor.');
      await here(admin, asked, false);
      const { history } = await admit(database, { ...asked, client: randomUUID() });
      assert.deepEqual(history?.at(-2), { role: 'assistant', content: 'I am Noor.' });
    });

    it('once when it is sent twice', async () => {
      const { asked } = await begun();
      const client = randomUUID();
      const { message_id } = await reply(admin, asked, 'Hi', client);
      assert.deepEqual(await reply(admin, asked, 'Hi', client), { ok: true, message_id, created: false });
      assert.equal((await reply(admin, asked, 'Something else', client)).reason, 'client_id');
    });

    it('and nobody takes those words for their own', async () => {
      const { asked, run } = await begun();
      const client = randomUUID();
      const { message_id } = await reply(admin, asked, 'Hi', client);
      await here(admin, asked, false);
      // The visitor reads the client_id in the row.
      const conflict = { ok: false, code: 'conflict', reason: 'client_id' };
      assert.deepEqual(await admit(database, { ...asked, client, content: 'Hi' }), conflict);
      assert.deepEqual(await regenerate(database, asked, run.message_id!, client), conflict);
      assert.equal((await edit(database, asked, message_id!, 'I owe you money')).reason, 'message');
      assert.equal((await regenerate(database, asked, message_id!)).reason, 'message');
      assert.equal((await regenerate(database, asked, run.message_id!)).reason, 'owner_replied');
      assert.equal((await edit(database, asked, run.user_message_id!, 'Better?')).reason, 'owner_replied');
      assert.equal((await reply(admin, asked, asked.content, asked.client)).reason, 'client_id');
    });

    it('and leaves a note in the audit log', async () => {
      const { asked, person } = await begun();
      const { message_id } = await reply(admin, asked, 'A secret');
      const rows = await database.query(
        `select actor_id, subject_id, detail from private.audit_log where action = 'chat.reply' and actor_id = $1
         order by id desc limit 1`,
        [admin.id],
      );
      assert.deepEqual(rows, [{ actor_id: admin.id, subject_id: person.id, detail: { message_id } }]);
    });

    it('in 1 to 8,000 characters, of a conversation that is open', async () => {
      const { asked } = await begun();
      for (const content of ['', ' \n', 'x'.repeat(8_001)]) {
        assert.equal((await reply(admin, asked, content)).reason, 'length');
      }
      assert.equal((await reply(admin, asked, 'x'.repeat(8_000))).ok, true);
      assert.equal((await reply(admin, firstMessage(randomUUID()))).reason, 'session');
      await ask(admin, 'chat_session_close($1)', asked.session);
      assert.equal((await reply(admin, asked)).reason, 'session_closed');
    });

    it('as nobody else does', async () => {
      const { asked, person } = await begun();
      for (const { id } of [person, await newMember(database), await newVisitor(database)]) {
        assert.deepEqual(await reply({ ...person, id }, asked), { ok: false, code: 'forbidden', reason: 'owner' });
      }
    });
  });

  describe('is in a conversation', () => {
    it('for two minutes after each time they say so, and tells it once', async () => {
      const { asked } = await begun();
      const until = await here(owner, asked);
      assert.ok(Date.parse(until!) > Date.now() + 110_000);
      assert.equal(await here(owner, asked), until);
      assert.deepEqual(
        (await heard(asked, 'owner')).map(({ active_until }) => active_until),
        [until],
      );
      await database.exec(`update public.chat_sessions set owner_active_until = now() + interval '80 s'`);
      assert.ok((await here(owner, asked))! > until!);
    });

    it('until they leave', async () => {
      const { asked } = await begun();
      await here(owner, asked);
      assert.equal(await here(owner, asked, false), null);
      assert.equal(await here(owner, asked, false), null);
      const told = (await heard(asked, 'owner')).map(({ active_until }) => active_until);
      assert.deepEqual([told.length, told[1]], [2, null]);
    });
  });

  describe('closes a conversation', () => {
    it('and opens it again, and both sides hear of it', async () => {
      const { asked } = await begun();
      await ask(owner, 'chat_session_close($1)', asked.session);
      await ask(owner, 'chat_session_close($1)', asked.session);
      assert.ok((await sessionOf(asked))?.closed_at);
      await ask(owner, 'chat_session_close($1, $2)', asked.session, false);
      assert.equal((await sessionOf(asked))?.closed_at, null);
      const told = (await heard(asked, 'session')) as { op: string; record: { closed_at: string | null } }[];
      assert.deepEqual(
        told.map(({ op, record }) => [op, record.closed_at !== null]),
        [
          ['UPDATE', true],
          ['UPDATE', false],
        ],
      );
    });
  });

  describe('deletes a conversation', () => {
    it('with all that was said, which is told once', async () => {
      const { asked, run } = await begun();
      await database.exec('delete from realtime.messages');
      await ask(admin, 'chat_session_delete($1)', asked.session);
      assert.deepEqual(await database.query('select 1 from public.chat_messages where id = $1', [run.message_id]), []);
      assert.partialDeepStrictEqual(await sentOn(database, `chat:${asked.session}`), [
        { event: 'session', payload: { op: 'DELETE', record: { id: asked.session } } },
      ]);
      assert.equal((await sentOn(database, `chat:${asked.session}`)).length, 1);
      const rows = await database.query(
        `select detail from private.audit_log where action = 'chat.delete' and actor_id = $1 order by id desc limit 1`,
        [admin.id],
      );
      assert.deepEqual(rows, [{ detail: { session_id: asked.session } }]);
    });
  });

  describe('is nobody else:', () => {
    const FOR_THE_SITE: [sql: string, reason: string][] = [
      ['chat_session_list($1)', 'owner'],
      ['chat_owner_here($1)', 'owner'],
      ['chat_session_read($1)', 'owner'],
      ['chat_session_close($1)', 'owner'],
    ];
    for (const [sql, reason] of FOR_THE_SITE) {
      it(`${sql} is refused to a visitor, in their own conversation too`, async () => {
        const { person, asked } = await begun();
        const parameter = sql.includes('list') ? 'all' : asked.session;
        for (const each of [person, await newMember(database)]) {
          await assert.rejects(ask(each, sql, parameter), { code: 'PT403', hint: reason });
        }
        assert.partialDeepStrictEqual(await sessionOf(asked), { closed_at: null, owner_active_until: null });
      });
    }

    const FOR_BOTH = ['chat_session_delete($1)', 'chat_session_name($1, $2)', 'chat_typing($1)'];
    for (const sql of FOR_BOTH) {
      it(`${sql} is refused in somebody else's conversation, and in one that does not exist`, async () => {
        const { asked } = await begun();
        const stranger = await newVisitor(database);
        for (const session of [asked.session, randomUUID()]) {
          const parameters = sql.includes('$2') ? [session, 'Mine'] : [session];
          await assert.rejects(ask(stranger, sql, ...parameters), { code: 'PT403', hint: 'session' });
        }
        assert.partialDeepStrictEqual(await sessionOf(asked), { visitor_name: null });
      });
    }
  });

  describe('and a visitor', () => {
    it('sees the list of their own conversations, without what is for the owner', async () => {
      const { person, asked } = await begun('Mine');
      await begun('Not mine');
      const { rows } = await list(person, 'own');
      assert.partialDeepStrictEqual(rows, [{ id: asked.session, title: 'Mine', last: { content: 'I build things.' } }]);
      assert.equal(rows.length, 1);
      for (const name of ['user_id', 'unread', 'email', 'owner_read_seq']) assert.ok(!(name in rows[0]!), name);
    });

    it('deletes their own', async () => {
      const { person, asked } = await begun();
      await ask(person, 'chat_session_delete($1)', asked.session);
      assert.equal(await sessionOf(asked), undefined);
    });

    it('says how they want to be called', async () => {
      const { person, asked } = await begun();
      const name = async (value: string | null) => {
        await ask(person, 'chat_session_name($1, $2)', asked.session, value);
        return (await sessionOf(asked))?.visitor_name;
      };
      assert.equal(await name(' Vera '), 'Vera');
      assert.equal(await name('  '), null);
      await assert.rejects(name('x'.repeat(81)), { code: 'PT422', hint: 'length' });
    });

    it('types, and each side hears who it is, not too often', async () => {
      const { person, asked } = await begun();
      const told = [];
      for (let times = 0; times < 8; times += 1) told.push(await ask(person, 'chat_typing($1)', asked.session));
      assert.deepEqual(told, [true, true, true, true, true, false, false, false]);
      assert.equal(await ask(owner, 'chat_typing($1)', asked.session), true);
      const authors = (await heard(asked, 'typing')).map(({ author }) => author);
      assert.deepEqual(authors, [...Array<string>(5).fill('visitor'), 'owner']);
      await ask(owner, 'chat_session_close($1)', asked.session);
      await database.exec('delete from private.rate_buckets');
      assert.equal(await ask(person, 'chat_typing($1)', asked.session), false);
    });

    describe('says what they think of a reply', () => {
      const rate = (person: Person, id: string, feedback: string | null, comment: string | null = null) =>
        ask(person, 'chat_feedback($1, $2, $3)', id, feedback, comment);
      const ratingOf = async (id: string) => {
        const [row] = await database.query<{ feedback: string | null; feedback_comment: string | null }>(
          'select feedback, feedback_comment from public.chat_messages where id = $1',
          [id],
        );
        return [row!.feedback, row!.feedback_comment];
      };

      it('and takes it back', async () => {
        const { person, run, asked } = await begun();
        await rate(person, run.message_id!, 'down', ' Too short. ');
        assert.deepEqual(await ratingOf(run.message_id!), ['down', 'Too short.']);
        await rate(person, run.message_id!, 'up');
        assert.deepEqual(await ratingOf(run.message_id!), ['up', null]);
        await rate(person, run.message_id!, null, 'nothing');
        assert.deepEqual(await ratingOf(run.message_id!), [null, null]);
        const seen = (await heard(asked, 'message')).map(({ record }) => (record as { feedback?: string }).feedback);
        assert.deepEqual(seen.slice(-3), ['down', 'up', null]);
      });

      it('in words that are known, and 1,000 characters', async () => {
        const { person, run } = await begun();
        await assert.rejects(rate(person, run.message_id!, 'great'), { code: 'PT422', hint: 'feedback' });
        await assert.rejects(rate(person, run.message_id!, 'up', 'x'.repeat(1_001)), { code: 'PT422', hint: 'length' });
      });

      it('of a reply to themselves only', async () => {
        const { person, run } = await begun();
        for (const [who, id] of [
          [person, run.user_message_id!],
          [person, randomUUID()],
          [await newVisitor(database), run.message_id!],
          [admin, run.message_id!],
        ] as const) {
          await assert.rejects(rate(who, id, 'up'), { code: 'PT403', hint: 'message' });
        }
        assert.deepEqual(await ratingOf(run.message_id!), [null, null]);
      });

      it('not too often', async () => {
        const { person, run } = await begun();
        await database.query(`insert into private.rate_buckets (key, tokens, updated_at) values ($1, 0, now())`, [
          `chat:feedback:${person.id}`,
        ]);
        await assert.rejects(rate(person, run.message_id!, 'up'), { code: 'PT429', hint: 'too_many_messages' });
      });
    });
  });
});
