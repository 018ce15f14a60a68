import { applySettings, connect, session, signIn } from 'livelit';
import 'livelit/define';

interface LocalInfo {
  readonly member: { readonly email: string; readonly password: string };
  readonly openai: 'real' | 'stand-in';
}

const url = import.meta.env.VITE_SUPABASE_URL as string;
const key = import.meta.env.VITE_SUPABASE_ANON_KEY as string;
const local = Boolean(import.meta.env.VITE_LOCAL);

const byId = (id: string) => document.getElementById(id)!;

connect({ url, key });
// The whole page, not the elements alone: theme and density are the demo's, too.
applySettings({ scope: ':root' });

const who = session();
who.subscribe(() => {
  const { data, status } = who.snapshot;
  if (data)
    byId('who').textContent = `Signed in as ${data.email || 'a visitor'}${local ? '; the past is made up' : ''}`;
  if (status === 'live' && (!data || data.anonymous)) void enter();
});

let entering = false;

/** Signs in: locally as the demo member, on a hosted project as whoever has an account there. */
async function enter(): Promise<void> {
  if (entering) return;
  entering = true;
  if (!local) {
    askForLogin();
    return;
  }
  const { member } = await localInfo();
  await signIn(member.email, member.password);
}

function askForLogin(): void {
  const dialog = byId('login') as HTMLDialogElement;
  byId('who').textContent = 'Not signed in: the charts show samples.';
  dialog.querySelector('form')!.addEventListener('submit', (event) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    signIn(fields.get('email') as string, fields.get('password') as string).then(
      () => dialog.close(),
      (error: unknown) => (dialog.querySelector('[role=alert]')!.textContent = String(error)),
    );
  });
  dialog.showModal();
}

const localInfo = async () => (await (await fetch(`${url}/local/info`)).json()) as LocalInfo;

if (local) {
  const traffic = byId('traffic');
  traffic.hidden = false;
  traffic.addEventListener('click', () => void fetch(`${url}/local/traffic`, { method: 'POST' }));
  void localInfo().then(({ openai }) => {
    if (openai === 'stand-in') {
      byId('model').textContent =
        'The replies come from a stand-in for OpenAI. Set OPENAI_API_KEY before `npm start` to talk to a real model.';
    }
  });
}

byId('theme').addEventListener('click', () => {
  const dark =
    getComputedStyle(document.body).colorScheme === 'dark' || matchMedia('(prefers-color-scheme: dark)').matches;
  const { dataset } = document.documentElement;
  dataset.theme = (dataset.theme ?? (dark ? 'dark' : 'light')) === 'dark' ? 'light' : 'dark';
});
