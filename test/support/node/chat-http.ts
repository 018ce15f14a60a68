import { randomUUID } from 'node:crypto';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { LocalBackend } from '../../../local/backend.ts';
import type { Person } from './backend.ts';

/** An event of the function's answer. */
export interface ChatEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export const newMessage = (content = 'What do you do?') => ({
  action: 'send',
  session_id: randomUUID(),
  client_id: randomUUID(),
  content,
});
export type ChatMessage = ReturnType<typeof newMessage>;

/** Something else that is asked about a message. */
export interface Turn {
  readonly action: 'regenerate' | 'edit';
  readonly session_id: string;
  readonly client_id: string;
  readonly message_id: string;
  readonly content?: string;
}

export const regenerating = ({ session_id }: ChatMessage, message_id: string): Turn => ({
  action: 'regenerate',
  session_id,
  client_id: randomUUID(),
  message_id,
});

export const editing = ({ session_id }: ChatMessage, message_id: string, content: string): Turn => ({
  action: 'edit',
  session_id,
  client_id: randomUUID(),
  message_id,
  content,
});

/** What a refusal says; the HTTP status besides. */
export async function refusal(response: Response): Promise<Record<string, unknown>> {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return { status: response.status, ...error };
}

/** No answer takes longer; one that does fails its test instead of holding all of them up. */
const LIMIT_MS = 20_000;

/** Calls the function `chat` as a page would; without a token as somebody who is not signed in. */
export function post(backend: LocalBackend, token: string | undefined, body: unknown, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  headers.set('apikey', backend.keys.publishable);
  headers.set('content-type', 'application/json');
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const limit = AbortSignal.timeout(LIMIT_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
  return fetch(`${backend.url}/functions/v1/chat`, { method: 'POST', body: text, ...init, headers, signal });
}

/** The events of an answer as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<ChatEvent, void> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const events = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { event = '', data } of events) {
    yield { event, data: JSON.parse(data) as Record<string, unknown> };
  }
}

/** Sends a message, or another question, and waits for the whole answer. */
export async function send(
  backend: LocalBackend,
  { token }: Pick<Person, 'token'>,
  message: ChatMessage | Turn,
): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for await (const each of eventsOf(await post(backend, token, message))) events.push(each);
  return events;
}

/** Sends a message and waits for the first words of its reply; `rest` reads on. */
export async function sendAndListen(
  backend: LocalBackend,
  { token }: Person,
  message: ChatMessage,
  signal: AbortSignal | null = null,
): Promise<{ readonly messageId: string; rest(): Promise<ChatEvent[]> }> {
  const events = eventsOf(await post(backend, token, message, { signal }));
  const seen: ChatEvent[] = [];
  const next = async () => {
    const { value, done } = await events.next();
    if (!done) seen.push(value);
    return !done;
  };
  while (seen.at(-1)?.event !== 'delta' && (await next()));
  return {
    messageId: seen[0]!.data.message_id as string,
    async rest() {
      while (await next());
      return seen;
    },
  };
}

/** The reply's text, put together from its deltas. @throws when one of them is not where the others end. */
export function textOf(events: readonly ChatEvent[]): string {
  let text = '';
  for (const { event, data } of events) {
    if (event !== 'delta') continue;
    if (data.at !== text.length) throw new Error(`A delta at ${String(data.at)} came after ${text.length} characters.`);
    text += data.text as string;
  }
  return text;
}

/** The names of events, repeated ones once. */
export const namesOf = (events: readonly ChatEvent[]) =>
  events.map(({ event }) => event).filter((event, index, all) => event !== all[index - 1]);

export const last = (events: readonly ChatEvent[]) => events.at(-1)!;
