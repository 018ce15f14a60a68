import { expect } from 'chai';
import {
  apiKeys,
  deleteApiKey,
  keyComplaint,
  onApiKeysUpdate,
  saveApiKey,
  validateApiKey,
  type ApiKeysChange,
  type Provider,
} from '../../src/services/api-keys.ts';
import { connectToBackend, leaveBackend, signInNewMember } from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

const random = () => crypto.randomUUID().replaceAll('-', '');
const newKey = () => `sk-admin-${random()}`;
const token = (claims: object) =>
  ['eyJhbGciOiJIUzI1NiJ9', btoa(JSON.stringify(claims)).replaceAll('=', ''), 'c2ln'].join('.');

describe('API keys', () => {
  const leaves: (() => void)[] = [];
  const listed = () => apiKeys().snapshot.data;

  beforeEach(() => connectToBackend());
  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    await leaveBackend();
  });

  async function watch(): Promise<void> {
    await signInNewMember();
    leaves.push(apiKeys().subscribe(() => undefined));
    await until(() => apiKeys().snapshot.status === 'live');
  }

  it('are left, checked and removed; of each its last four characters are known', async () => {
    await watch();
    expect(listed()).to.deep.equal([]);
    const key = newKey();
    expect(await saveApiKey('openai', ` ${key}\n`)).to.include({ status: 'valid' });
    await until(() => listed()?.length === 1);
    expect(listed()![0]).to.include({ provider: 'openai', last4: key.slice(-4), status: 'valid' });
    expect(await validateApiKey('openai')).to.include({ status: 'valid' });
    await deleteApiKey('openai');
    await until(() => listed()?.length === 0);
  });

  it('tell who listens of each change', async () => {
    await watch();
    const heard: ApiKeysChange[] = [];
    leaves.push(onApiKeysUpdate((change) => heard.push(change)));
    await saveApiKey('openai', newKey());
    await until(() => heard.length > 0);
    expect(heard[0]).to.include({ eventType: 'UPDATE', table: 'user_api_keys', bulk: false });
    expect(heard[0]!.ids).to.deep.equal(['openai']);
    expect(heard[0]!.new[0]).to.have.keys('provider', 'last4', 'status', 'checked_at', 'updated_at');
  });

  it('cannot be checked where there are none', async () => {
    await watch();
    const error: unknown = await validateApiKey('anthropic').catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'invalid', reason: 'no_key' });
  });

  const kinds: readonly (readonly [what: string, provider: Provider, key: string, sentence: RegExp])[] = [
    ['nothing', 'openai', ' ', /paste a key/],
    ['a service_role token', 'openai', token({ role: 'service_role' }), /secret key of a Supabase project/],
    ['an anon token', 'anthropic', token({ role: 'anon' }), /token of Supabase/],
    ['somebody’s access token', 'openai', token({ sub: 'x', role: 'authenticated' }), /token of Supabase/],
    ['a secret key of Supabase', 'openai', `sb_secret_${random()}`, /opens the whole database/],
    ['a publishable key', 'anthropic', `sb_publishable_${random()}`, /connect\(\)/],
    ['a key of AWS', 'openai', `AKIA${'A1'.repeat(8)}`, /AWS/],
    ['a token of GitHub', 'openai', `ghp_${random()}`, /GitHub/],
    ['a project’s key of OpenAI', 'openai', `sk-proj-${random()}`, /for calling models.*"sk-admin-"/],
    ['an old key of OpenAI', 'openai', `sk-${random()}`, /for calling models/],
    ['a key of Anthropic at OpenAI', 'openai', `sk-ant-admin01-${random()}`, /key of Anthropic/],
    ['a model’s key of Anthropic', 'anthropic', `sk-ant-api03-${random()}`, /for calling models/],
    ['a key of OpenAI at Anthropic', 'anthropic', newKey(), /key of OpenAI/],
    ['anything else', 'openai', random(), /no key of OpenAI/],
    ['anything else at Anthropic', 'anthropic', random(), /no key of Anthropic/],
    ['a key with a space', 'openai', `sk-admin-${random()} x`, /no spaces/],
    ['half a key', 'openai', 'sk-admin-12', /missing/],
    ['too much', 'openai', `sk-admin-${'x'.repeat(512)}`, /20 to 512/],
  ];
  for (const [what, provider, key, sentence] of kinds) {
    it(`are not taken: ${what}, in a sentence that quotes nothing of it, and it does not leave the browser`, async () => {
      const asked: string[] = [];
      const { fetch } = globalThis;
      globalThis.fetch = (...parameters) => {
        asked.push(JSON.stringify(parameters));
        return fetch(...parameters);
      };
      const error: unknown = await saveApiKey(provider, key).catch((reason: unknown) => reason);
      globalThis.fetch = fetch;
      expect(error).to.include({ code: 'invalid', reason: 'key_kind' });
      const { message } = error as Error;
      expect(message).to.match(sentence);
      if (key.trim()) expect(message).not.to.contain(key.slice(-6));
      expect(asked.filter((request) => request.includes('api-keys'))).to.deep.equal([]);
    });
  }

  for (const [provider, key] of [
    ['openai', newKey()],
    ['anthropic', `sk-ant-admin01-${random()}`],
  ] as const) {
    it(`may be an admin key of ${provider}`, () => {
      expect(keyComplaint(provider, key)).to.equal(undefined);
    });
  }
});
