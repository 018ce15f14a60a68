import { createClient } from '@supabase/supabase-js';
import { expect } from 'chai';
import { disconnect } from '../../src/connect.ts';
import { store } from '../../src/store/store.ts';
import { connectToBackend, leaveBackend, sql, target } from '../support/browser/backend.ts';

interface SignUp {
  readonly data?: { readonly livelit?: string };
  readonly gotrue_meta_security?: { readonly captcha_token?: string };
}

describe('a visitor who is signed in to write', () => {
  const { fetch } = globalThis;
  let signUps: SignUp[];
  beforeEach(() => {
    signUps = [];
    globalThis.fetch = (input, init) => {
      const address = input instanceof Request ? input.url : String(input);
      if (address.includes('/auth/v1/signup')) signUps.push(JSON.parse(init?.body as string) as SignUp);
      return fetch(input, init);
    };
  });
  afterEach(async () => {
    globalThis.fetch = fetch;
    await leaveBackend();
  });

  const signIn = async () => (await store().connection.backend()).signIn('anonymous');
  const markOf = async (id: string) => {
    const rows = (await sql('select raw_user_meta_data as data from auth.users where id = $1', [id])) as {
      data: Record<string, unknown>;
    }[];
    return rows[0]?.data.livelit;
  };

  it("shows the token of the page's captcha", async () => {
    await connectToBackend({ captchaToken: () => Promise.resolve('I am a person') });
    await signIn();
    expect(signUps.map(({ gotrue_meta_security: security }) => security?.captcha_token)).to.deep.equal([
      'I am a person',
    ]);
  });

  it('shows none where the page has no captcha', async () => {
    await connectToBackend();
    await signIn();
    expect(signUps).to.have.length(1);
    expect(signUps[0]!.gotrue_meta_security?.captcha_token).to.equal(undefined);
  });

  it('is not signed in when the captcha is not solved', async () => {
    await connectToBackend({ captchaToken: () => Promise.reject(new Error('Closed.')) });
    let failed = false;
    await signIn().catch(() => (failed = true));
    expect(failed).to.equal(true);
    expect(signUps).to.deep.equal([]);
  });

  it('is marked as one whom the clean-up may forget', async () => {
    await connectToBackend();
    const { userId } = await signIn();
    expect(await markOf(userId)).to.equal('visitor');
  });

  it("is not marked on a page's own client", async () => {
    const { url, key } = await target();
    const client = createClient(url, key, { auth: { persistSession: false } });
    await connectToBackend({ client });
    const { userId } = await signIn();
    expect(await markOf(userId)).to.equal(undefined);
    disconnect();
  });
});
