import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import type { Claims } from '../../local/keys.ts';
import { canReceive } from '../../local/realtime/authorization.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, SERVICE } from '../support/node/sql.ts';

const WHO = ['visitor', 'member', 'other member', 'admin', 'key only'] as const;
type Who = (typeof WHO)[number];

/** Who hears a topic; `own` and `other` are filled in for each: the other of all is a third member. */
const HEARD_BY: Record<string, readonly Who[]> = {
  'user:<own>': ['member', 'other member', 'admin'],
  'user:<other>': [],
  'user:<own>:more': [],
  'user: <own>': [],
  'user:': [],
  'USER:<own>': [],
  'user<own>': [],
  'chat:<own chat>': ['visitor', 'member', 'other member', 'admin'],
  "chat:<other's chat>": ['admin'],
  'chat:<no chat>': [],
  'chat:<OWN CHAT>': [],
  'chat:<own chat> ': [],
  'chat:': [],
  'chat:not-a-uuid': [],
  "chat:' or 1=1": [],
  'chat:%': [],
  'share:<shared>': WHO,
  'share:<revoked>': [],
  'share:<no chat>': [],
  'share:<shared>:more': [],
  'share:': [],
  'share:%': [],
  'admin:usage': ['admin'],
  'admin:usage:more': [],
  'admin:chat': ['admin'],
  'admin:chat:more': [],
  'admin:': [],
  'nosuch:topic': [],
  'receive:x': [],
  "user'; drop table public.profiles; --:x": [],
  ':x': [],
  ':': [],
  ' ': [],
  '': [],
};

onEachEngine('a private topic', (database) => {
  /** Of the third member. */
  const shares = { shared: '', revoked: '' };
  const people = new Map<Who | 'third', { claims: Claims; chat: string }>();

  before(async () => {
    for (const [who, make] of [
      ['visitor', newVisitor],
      ['member', newMember],
      ['other member', newMember],
      ['admin', newAdmin],
      ['third', newMember],
    ] as const) {
      const { id, claims } = await make(database);
      const chat = randomUUID();
      await database.query('insert into public.chat_sessions (id, user_id) values ($1, $2)', [chat, id]);
      people.set(who, { claims, chat });
    }
    for (const what of ['shared', 'revoked'] as const) {
      const [row] = await database.query<{ id: string }>(
        'insert into public.usage_shares (user_id, enabled) values ($1, $2) returning id',
        [people.get('third')!.claims.sub, what === 'shared'],
      );
      shares[what] = row!.id;
    }
    people.set('key only', { claims: ANON, chat: randomUUID() });
  });

  const named = (topic: string, who: Who) => {
    const [own, other] = [people.get(who)!, people.get('third')!];
    return topic
      .replace('<own>', own.claims.sub ?? '')
      .replace('<other>', other.claims.sub!)
      .replace('<own chat>', own.chat)
      .replace('<OWN CHAT>', own.chat.toUpperCase())
      .replace("<other's chat>", other.chat)
      .replace('<shared>', shares.shared)
      .replace('<revoked>', shares.revoked)
      .replace('<no chat>', randomUUID());
  };

  for (const [topic, listeners] of Object.entries(HEARD_BY)) {
    for (const who of WHO) {
      const allowed = listeners.includes(who);
      it(`"${topic}" is ${allowed ? 'heard by' : 'closed to'} ${who}`, async () => {
        assert.equal(await canReceive(database, people.get(who)!.claims, named(topic, who)), allowed);
      });
    }
  }

  const admin = () => people.get('admin')!.claims;
  const POSERS: Record<string, () => Claims> = {
    'whose user_metadata says admin': () => ({ ...people.get('member')!.claims, user_metadata: { role: 'admin' } }),
    'whose role says admin': () => ({ ...people.get('member')!.claims, role: 'admin' }),
    'who is an anonymous admin': () => ({ ...admin(), is_anonymous: true }),
    'whose app_metadata says something else': () => ({ ...admin(), app_metadata: { role: 'administrator' } }),
  };
  for (const [who, claims] of Object.entries(POSERS)) {
    it(`of a stranger's chat is closed to somebody ${who}`, async () => {
      assert.equal(await canReceive(database, claims(), named("chat:<other's chat>", 'member')), false);
    });
  }

  it('lets nothing through but broadcasts', async () => {
    const { claims } = people.get('member')!;
    const topic = `user:${claims.sub}`;
    await database.query(
      `insert into realtime.messages (topic, extension, event, private)
       select $1, extension, 'seen', true from unnest('{broadcast,presence,postgres_changes}'::text[]) as extension`,
      [topic],
    );
    const sql = `select extension from realtime.messages where event = 'seen'`;
    assert.deepEqual(await asUser(database, claims, sql, [], topic), [{ extension: 'broadcast' }]);
  });

  describe('is spoken on', () => {
    const INSERT = `insert into realtime.messages (topic, extension, event, private) values ($1, 'broadcast', 'forged', true)`;
    const SEND = `select realtime.send('{}', 'forged', $1, true)`;
    const forged = async (topic: string) =>
      (await database.query(`select 1 from realtime.messages where event = 'forged' and topic = $1`, [topic])).length;

    for (const who of WHO) {
      it(`by no ${who}`, async () => {
        const { claims } = people.get(who)!;
        const topic = named(who === 'visitor' ? 'chat:<own chat>' : 'user:<own>', who);
        await assert.rejects(asUser(database, claims, INSERT, [topic]), { code: '42501' });
        await asUser(database, claims, SEND, [topic]);
        assert.equal(await forged(topic), 0);
      });
    }

    it('by the service', async () => {
      const topic = `user:${randomUUID()}`;
      await asUser(database, SERVICE, SEND, [topic]);
      assert.equal(await forged(topic), 1);
    });
  });
});
