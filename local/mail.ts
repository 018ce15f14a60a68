import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';

const ROOT = join(import.meta.dirname, '..');

/** A mail that auth would have sent. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The six digits in it. */
  readonly code: string;
  /** ms since 1970. */
  readonly at: number;
}

/** What @supabase/lite hands over. */
interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
}

interface Template {
  readonly subject: string;
  /** Of its HTML, from the project's folder. */
  readonly content_path: string;
}

/** The templates of `supabase/config.toml`, which `supabase config push` takes to a hosted project. */
export async function mailTemplates(): Promise<Record<string, Template>> {
  const text = await readFile(join(ROOT, 'supabase/config.toml'), 'utf8');
  const { auth } = parse(text) as unknown as { auth: { email: { template: Record<string, Template> } } };
  return Object.fromEntries(
    Object.entries(auth.email.template).map(([name, { subject, content_path }]) => [
      name,
      { subject, content_path: join(ROOT, content_path) },
    ]),
  );
}

/** How many mails are kept, the newest ones. */
const KEPT = 100;

/** Where mail goes instead of to people: `GET /local/mail`, a page for a browser, JSON for everybody else. */
export class Mailbox {
  readonly #mails: Mail[] = [];

  /** The newest first; only those to one address where it is named. */
  to(address?: string): readonly Mail[] {
    const mails = this.#mails.toReversed();
    return address ? mails.filter(({ to }) => to === address.toLowerCase()) : mails;
  }

  send({ to, subject, text, html }: Letter): Promise<void> {
    const said = html?.replace(/<[^>]+>/g, '').trim() ?? text;
    this.#mails.push({ to, subject, text: said, code: /\b\d{6}\b/.exec(said)?.[0] ?? '', at: Date.now() });
    this.#mails.splice(0, this.#mails.length - KEPT);
    return Promise.resolve();
  }

  answer(request: Request): Response {
    const mails = this.to(new URL(request.url).searchParams.get('to') ?? undefined);
    if (!request.headers.get('accept')?.includes('text/html')) return Response.json(mails);
    return new Response(page(mails), { headers: { 'content-type': 'text/html; charset=utf-8', refresh: '5' } });
  }
}

const page = (mails: readonly Mail[]) => `<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Mail</title>
<h1>Mail that was not sent</h1>
${mails.map(article).join('\n') || '<p>None yet.</p>'}
</html>`;

const article = ({ to, subject, text, at }: Mail) =>
  `<article><h2>${escaped(subject)}</h2><p>To ${escaped(to)}, ${new Date(at).toISOString()}</p><pre>${escaped(text)}</pre></article>`;

const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
