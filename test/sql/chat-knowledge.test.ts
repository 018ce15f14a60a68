import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, beforeEach, describe, it } from 'node:test';
import { admit, firstMessage, finish } from '../support/node/chat-sql.ts';
import { atOnce, times } from '../support/node/concurrency.ts';
import { onEachEngine, onPostgres } from '../support/node/engines.ts';
import {
  ANON,
  asUser,
  newAdmin,
  newMember,
  newVisitor,
  sentOn,
  type Person,
  type SqlDatabase,
} from '../support/node/sql.ts';

interface Text {
  readonly id: string;
  readonly title: string;
  readonly content: string;
  readonly url?: string | null;
}

const text = (fields: Partial<Text> = {}): Text => ({
  id: randomUUID(),
  title: 'Work',
  content: '# Maps\nI draw harbours.\n\n# Price\nA map costs EUR 2,400.',
  ...fields,
});

async function keep(database: SqlDatabase, { claims }: Pick<Person, 'claims'>, { id, title, content, url }: Text) {
  const sql = 'select public.chat_knowledge_set($1, $2, $3, $4) as answer';
  const [row] = await asUser<{ answer: Record<string, unknown> }>(database, claims, sql, [id, title, content, url]);
  return row!.answer;
}
const drop = (database: SqlDatabase, { claims }: Pick<Person, 'claims'>, id: string) =>
  asUser(database, claims, 'select public.chat_knowledge_delete($1)', [id]);
async function list(database: SqlDatabase, claims: Parameters<typeof asUser>[1]) {
  const [row] = await asUser<{ texts: Record<string, unknown>[] }>(
    database,
    claims,
    'select public.chat_knowledge_list() as texts',
  );
  return row!.texts;
}
const forget = (database: SqlDatabase) =>
  database.exec(`delete from public.chat_knowledge; delete from realtime.messages; delete from private.rate_buckets;
                 update private.chat_settings set revision = 1, knowledge_language = 'english'`);
const revision = async (database: SqlDatabase) => {
  const [row] = await database.query<{ revision: number }>('select revision from private.chat_settings');
  return row!.revision;
};

onEachEngine('what the site knows', (database) => {
  let admin: Person;
  before(async () => void (admin = await newAdmin(database)));
  beforeEach(() => forget(database));

  const headings = async () => {
    const rows = await database.query<{ heading: string }>(
      'select heading from private.chat_passages order by document_id, ord',
    );
    return rows.map(({ heading }) => heading);
  };

  describe('is kept', () => {
    it('in passages under the title', async () => {
      const one = text();
      assert.deepEqual(await keep(database, admin, one), { id: one.id, characters: one.content.length, passages: 2 });
      assert.deepEqual(await headings(), ['Work › Maps', 'Work › Price']);
    });

    it('once when it is sent twice', async () => {
      const one = text({ url: '/work' });
      await keep(database, admin, one);
      assert.equal(await revision(database), 2);
      assert.partialDeepStrictEqual(await keep(database, admin, one), { passages: 2 });
      assert.equal(await revision(database), 2);
      assert.equal((await headings()).length, 2);
    });

    it('in a list by title that counts its passages, and leaves the texts out', async () => {
      assert.deepEqual(await list(database, admin.claims), []);
      await keep(database, admin, text());
      await keep(database, admin, text({ title: 'about me', content: 'I am Noor.', url: '/me' }));
      const rows = await list(database, admin.claims);
      assert.partialDeepStrictEqual(rows, [
        { title: 'about me', url: '/me', characters: 10, passages: 1 },
        { title: 'Work', url: null, passages: 2 },
      ]);
      assert.ok(!rows.some((row) => 'content' in row));
    });

    it('anew when it is replaced', async () => {
      const one = text();
      await keep(database, admin, one);
      assert.partialDeepStrictEqual(await keep(database, admin, { ...one, title: 'New', content: 'Short.' }), {
        passages: 1,
      });
      assert.deepEqual(await headings(), ['New']);
      assert.equal(await revision(database), 3);
    });

    it('no longer when it is deleted, however often', async () => {
      const one = text();
      await keep(database, admin, one);
      await drop(database, admin, one.id);
      await drop(database, admin, one.id);
      assert.deepEqual(await headings(), []);
      assert.equal(await revision(database), 3);
    });

    it('with a note in the audit log, and a ping without content', async () => {
      const one = text({ title: 'A secret' });
      await keep(database, admin, one);
      await drop(database, admin, one.id);
      const rows = await database.query<{ action: string }>(
        `select action from private.audit_log where detail ->> 'id' = $1 order by id`,
        [one.id],
      );
      assert.deepEqual(
        rows.map(({ action }) => action),
        ['chat_knowledge.set', 'chat_knowledge.delete'],
      );
      const sent = await sentOn(database, 'admin:chat');
      assert.deepEqual(
        sent.map(({ event }) => event),
        ['chat_knowledge', 'chat_knowledge'],
      );
      assert.doesNotMatch(JSON.stringify(sent), /secret/);
    });

    const INVALID: [string, Partial<Text>, string][] = [
      ['a blank title', { title: ' ' }, 'title'],
      ['a title of 201 characters', { title: 'x'.repeat(201) }, 'title'],
      ['a blank text', { content: ' \n' }, 'content'],
      ['a text of 200,001 characters', { content: 'x'.repeat(200_001) }, 'content'],
      ['headings only', { content: '# A\n## B' }, 'content'],
      ['a script as the address', { url: 'javascript:alert(1)' }, 'url'],
      ['data as the address', { url: 'data:text/html,x' }, 'url'],
      ['an address with spaces', { url: 'https://x y' }, 'url'],
      ['a word as the address', { url: 'work' }, 'url'],
    ];
    for (const [what, fields, reason] of INVALID) {
      it(`not with ${what}`, async () => {
        await assert.rejects(keep(database, admin, text(fields)), { code: 'PT422', hint: reason });
        assert.deepEqual(await headings(), []);
        assert.equal(await revision(database), 1);
      });
    }

    for (const url of ['https://noor.example/work?a=1#b', 'http://localhost:5173/', '/', '/work#maps', '', null]) {
      it(`with the address ${JSON.stringify(url)}`, async () => {
        await keep(database, admin, text({ url }));
        assert.deepEqual(await database.query('select url from public.chat_knowledge'), [{ url: url || null }]);
      });
    }

    it('in 200 texts and no more', async () => {
      await database.query(
        `insert into public.chat_knowledge (id, title, content)
         select gen_random_uuid(), 'T', 'x' from generate_series(1, 199)`,
      );
      const last = text();
      await keep(database, admin, last);
      await assert.rejects(keep(database, admin, text()), { code: 'PT422', hint: 'full' });
      assert.partialDeepStrictEqual(await keep(database, admin, { ...last, content: 'Replaced.' }), { passages: 1 });
    });
  });

  describe('is closed', () => {
    const OTHERS: Record<string, () => Promise<Person['claims']>> = {
      'a member': async () => (await newMember(database)).claims,
      'a visitor': async () => (await newVisitor(database)).claims,
      'an anonymous admin': () => Promise.resolve({ ...admin.claims, is_anonymous: true }),
    };
    for (const [who, make] of Object.entries(OTHERS)) {
      it(`to ${who}`, async () => {
        const one = text();
        await keep(database, admin, one);
        const claims = await make();
        assert.deepEqual(await asUser(database, claims, 'select * from public.chat_knowledge'), []);
        await assert.rejects(keep(database, { claims }, { ...one, title: 'Mine' }), { code: 'PT403' });
        await assert.rejects(drop(database, { claims }, one.id), { code: 'PT403' });
        await assert.rejects(list(database, claims), { code: 'PT403' });
        for (const sql of [
          'select * from private.chat_passages',
          `select public.chat_passages_near('harbours', null, 'm', '[1]', 9000)`,
          `select public.chat_vectors_missing('m', 0, 0)`,
          `select public.chat_vectors_save('m', '[]', 0, 0, 0, '2026-11-20')`,
          `select private.find_passages('harbours', null)`,
          `select private.save_chat_knowledge(gen_random_uuid(), 'T', 'x', null)`,
          `insert into public.chat_knowledge (id, title, content) values (gen_random_uuid(), 'T', 'x')`,
          `update public.chat_knowledge set title = 'Mine'`,
          'delete from public.chat_knowledge',
        ]) {
          await assert.rejects(asUser(database, claims, sql), { code: '42501' }, sql);
        }
        assert.equal((await headings()).length, 2);
      });
    }

    it('to whoever has only the key', async () => {
      await assert.rejects(asUser(database, ANON, 'select * from public.chat_knowledge'), { code: '42501' });
      await assert.rejects(list(database, ANON), { code: '42501' });
    });

    it('to nobody who runs the site', async () => {
      await keep(database, admin, text());
      const rows = await asUser(database, admin.claims, 'select title, characters from public.chat_knowledge');
      assert.deepEqual(rows, [{ title: 'Work', characters: text().content.length }]);
    });
  });

  describe('is found', () => {
    const find = async (question: string, earlier: string | null = null) => {
      const [row] = await database.query<{
        found: { n: number; title: string; url: string | null; content: string }[];
      }>('select private.find_passages($1, $2) as found', [question, earlier]);
      return row!.found;
    };
    const titles = async (...asked: Parameters<typeof find>) => (await find(...asked)).map(({ title }) => title);

    const WORK = text({
      url: '/work',
      content: `# Tide tables\nForty harbours, one page each, readable in a storm.

# Night buses\nEvery night line of nine cities on one sheet.

# Contours\nA renderer that draws hills in 14 kB.

# Price\nA map of one page begins at EUR 2,400. I am free for one project this winter.`,
    });
    beforeEach(() => keep(database, admin, WORK));

    for (const [question, first] of [
      ['What does a map cost?', 'Work › Price'],
      ['Are you free in winter?', 'Work › Price'],
      ['Which harbours have you drawn tables for?', 'Work › Tide tables'],
      ['tell me about that night thing', 'Work › Night buses'],
      ['How many cities?', 'Work › Night buses'],
      ['does the renderer do hill shading', 'Work › Contours'],
      ['CONTOUR', 'Work › Contours'],
      ['front-end -hills', 'Work › Contours'],
    ] as const) {
      it(`for "${question}" in "${first}"`, async () => {
        assert.equal((await titles(question))[0], first);
      });
    }

    it('with its number, title, address and text', async () => {
      assert.deepEqual(await find('storm'), [
        {
          n: 1,
          title: 'Work › Tide tables',
          url: '/work',
          content: 'Forty harbours, one page each, readable in a storm.',
        },
      ]);
    });

    for (const question of ['What do you do?', 'xyzzy', '👋', '', '"', `it's & | ! <-> :* \\ ()`, '-', "'; --"]) {
      it(`nowhere for ${JSON.stringify(question)}, which says nothing`, async () => {
        assert.deepEqual(await find(question), []);
      });
    }

    it('for the question before when the question itself says too little', async () => {
      assert.deepEqual(await titles('And how much is it?', 'Tell me about the harbours'), ['Work › Tide tables']);
      assert.deepEqual(await titles('What does a map cost?', 'Tell me about the harbours'), [
        'Work › Price',
        'Work › Tide tables',
      ]);
    });

    it('first where there are more different words of the question, not more of one', async () => {
      await forget(database);
      await keep(
        database,
        admin,
        text({ content: '# Maps\nA map, a map, a map, a map.\n# Price\nThe price of a map.' }),
      );
      assert.deepEqual(await titles('price of a map'), ['Work › Price', 'Work › Maps']);
    });

    it('in five passages and 6,000 characters at most', async () => {
      await forget(database);
      await keep(database, admin, text({ content: times(20, (n) => `# H${n}\nharbour ${n}`).join('\n') }));
      assert.deepEqual(
        (await find('harbour')).map(({ n }) => n),
        [1, 2, 3, 4, 5],
      );
      await forget(database);
      await keep(
        database,
        admin,
        text({ content: times(20, (n) => `# H${n}\nharbour ${'x'.repeat(1_190)}`).join('\n') }),
      );
      const found = await find('harbour');
      assert.ok(found.length === 5 && found.every(({ content }) => content.length <= 1_200));
    });

    it('by the words of its language', async () => {
      await forget(database);
      await keep(database, admin, text({ content: '# Karten\nIch zeichne Häfen und Küsten.' }));
      assert.deepEqual(await titles('zeichnest du die Küste?'), []);
      await database.query(`update private.chat_settings set knowledge_language = 'german'`);
      assert.deepEqual(await titles('zeichnest du die Küste?'), ['Work › Karten']);
    });

    it('word by word in a language that the server does not know', async () => {
      await database.query(`update private.chat_settings set knowledge_language = 'quenya'`);
      assert.deepEqual(await titles('harbour'), []);
      assert.deepEqual(await titles('harbours'), ['Work › Tide tables']);
    });

    it('when a visitor asks, with the question before it in mind', async () => {
      const asked = firstMessage((await newVisitor(database)).id);
      const run = await admit(database, { ...asked, content: 'Which harbours?' });
      assert.deepEqual(
        run.passages?.map(({ title }) => title),
        ['Work › Tide tables'],
      );
      await finish(database, run);
      const next = await admit(database, { ...asked, client: randomUUID(), content: 'And how is it?' });
      assert.equal(next.passages?.[0]?.title, 'Work › Tide tables');
    });
  });
});

onPostgres('what the site knows, told by ten at once', (database) => {
  it('holds 200 texts and no more', async () => {
    await forget(database);
    const admin = await newAdmin(database);
    await database.query(
      `insert into public.chat_knowledge (id, title, content)
       select gen_random_uuid(), 'T', 'x' from generate_series(1, 195)`,
    );
    const told = await atOnce(
      database,
      'private.chat_settings',
      times(
        10,
        () => () => keep(database, admin, text()).then(String, (error: unknown) => (error as { hint: string }).hint),
      ),
    );
    assert.equal(told.filter((answer) => answer === 'full').length, 5);
    const [row] = await database.query('select count(*) as texts from public.chat_knowledge');
    assert.deepEqual(row, { texts: 200 });
  });
});
