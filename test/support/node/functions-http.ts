import type { LocalBackend } from '../../../local/backend.ts';

/** No answer takes longer; one that does fails its test instead of holding all of them up. */
const LIMIT_MS = 60_000;

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  /** As it came, to look for what must not be in it. */
  readonly text: string;
  readonly body: Body;
}

/** Calls a function as a page would; without a token as somebody who is not signed in. */
export async function invoke<Body>(
  backend: LocalBackend,
  name: string,
  token: string | undefined,
  body: unknown,
): Promise<Answer<Body>> {
  const response = await fetch(`${backend.url}/functions/v1/${name}`, {
    method: 'POST',
    headers: {
      apikey: backend.keys.publishable,
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Body };
}
