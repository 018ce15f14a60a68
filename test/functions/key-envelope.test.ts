import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  equalInConstantTime,
  fingerprint,
  open,
  seal,
  type KeyRing,
} from '../../supabase/functions/_shared/key-envelope.ts';

const newRingKey = () => randomBytes(32).toString('base64url');
const owner = { userId: randomUUID(), provider: 'openai' };
const secret = `sk-admin-${randomUUID()}`;
const old: KeyRing = { keys: { k1: newRingKey() }, active: 'k1' };
const rotated: KeyRing = { keys: { ...old.keys, k2: newRingKey() }, active: 'k2' };

describe('an envelope', () => {
  it('opens for its owner', async () => {
    assert.equal(await open(old, owner, await seal(old, owner, secret)), secret);
  });

  it('is another each time', async () => {
    assert.notEqual(await seal(old, owner, secret), await seal(old, owner, secret));
  });

  it('opens after the ring was rotated, and is sealed by the new key then', async () => {
    assert.equal(await open(rotated, owner, await seal(old, owner, secret)), secret);
    assert.match(await seal(rotated, owner, secret), /^v1\.k2\./);
  });

  const OTHERS = { user: { ...owner, userId: randomUUID() }, provider: { ...owner, provider: 'anthropic' } };
  for (const [what, other] of Object.entries(OTHERS)) {
    it(`stays closed for another ${what}`, async () => {
      await assert.rejects(open(old, other, await seal(old, owner, secret)), { name: 'OperationError' });
    });
  }

  it('stays closed when any part of it was changed', async () => {
    const parts = (await seal(rotated, owner, secret)).split('.');
    for (const index of [0, 1, 2, 3, 4]) {
      const part = parts[index]!;
      const changed = parts.with(index, (part.startsWith('A') ? 'B' : 'A') + part.slice(1)).join('.');
      await assert.rejects(open(rotated, owner, changed), `part ${index}`);
    }
  });

  it('stays closed under the name of another key of the ring', async () => {
    const moved = (await seal(rotated, owner, secret)).replace('.k2.', '.k1.');
    await assert.rejects(open(rotated, owner, moved), { name: 'OperationError' });
  });

  it('stays closed when its key has left the ring, also for names that objects have', async () => {
    const sealed = await seal(old, owner, secret);
    await assert.rejects(open({ keys: {}, active: 'k1' }, owner, sealed), /no key/);
    await assert.rejects(open(old, owner, sealed.replace('.k1.', '.constructor.')), /no key/);
  });
});

describe('a fingerprint', () => {
  it('is equal for one secret of one owner, and for nothing else', async () => {
    const of = (...[ring, kid, who, what]: Parameters<typeof fingerprint>) => fingerprint(ring, kid, who, what);
    const first = await of(rotated, 'k1', owner, secret);
    assert.ok(equalInConstantTime(first, await of(old, 'k1', owner, secret)));
    assert.ok(!equalInConstantTime(first, await of(rotated, 'k2', owner, secret)));
    assert.ok(!equalInConstantTime(first, await of(old, 'k1', { ...owner, provider: 'anthropic' }, secret)));
    assert.ok(!equalInConstantTime(first, await of(old, 'k1', owner, `${secret}x`)));
  });
});

describe('a comparison in constant time', () => {
  it('tells texts of other lengths apart, their beginnings too', () => {
    for (const [one, other] of [
      ['abc', 'abcd'],
      ['abcd', 'abc'],
      ['', 'a'],
      ['abc', 'abd'],
    ] as const) {
      assert.equal(equalInConstantTime(one, other), false);
    }
    assert.equal(equalInConstantTime('', ''), true);
  });
});
