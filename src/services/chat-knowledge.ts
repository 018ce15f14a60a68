import type { Live } from '../store/live.ts';
import { makeId } from '../store/make-id.ts';
import { store } from '../store/store.ts';

/** A text that the site's model may answer from, as a list shows it. */
export interface KnowledgeText {
  readonly id: string;
  readonly title: string;
  /** Where visitors can read on: https, http, or a path on the page's own site; null: nowhere. */
  readonly url: string | null;
  readonly characters: number;
  /** Pieces that it was cut into when it was saved, which is what questions find. */
  readonly passages: number;
  readonly updated_at: string;
}

/** A text to keep; with the id of one that is there, in its place. */
export interface KnowledgeDraft {
  readonly id?: string | undefined;
  /** 1 to 200 characters. */
  readonly title: string;
  /** 1 to 200,000 characters, plain or Markdown. */
  readonly content: string;
  readonly url?: string | null;
}

/**
 * What the chat knows of the site, by title, kept current by the topic `admin:chat`. Only for who runs the site: anybody
 * else is refused, and so is the topic.
 */
export function chatKnowledge(): Live<readonly KnowledgeText[]> {
  return store().live<readonly KnowledgeText[]>({
    key: 'chat:knowledge',
    requires: 'account',
    table: 'chat_knowledge',
    topics: () => ['admin:chat'],
    fetch: ({ backend, signal }) => backend.fetch({ rpc: 'chat_knowledge_list' }, signal),
  });
}

/** The whole of a text; empty when it is gone. @throws {LivelitError} */
export async function knowledgeContent(id: string): Promise<string> {
  const backend = await store().connection.backend();
  const query = { from: 'chat_knowledge', columns: 'content', where: [['id', 'eq', id]], order: ['id'] } as const;
  const [row] = await backend.fetch<readonly { content: string }[]>(query, new AbortController().signal);
  return row?.content ?? '';
}

/**
 * Keeps a text: when this resolves it has been cut anew, and the next question can find it.
 *
 * @throws {LivelitError} `invalid` for a title, a text or an address that does not do, and when there is too much;
 * `forbidden` for whoever does not run the site.
 */
export async function saveKnowledge({ id = makeId(), title, content, url = null }: KnowledgeDraft): Promise<void> {
  const parameters = { p_id: id, p_title: title, p_content: content, p_url: url };
  const backend = await store().connection.backend();
  await backend.write({ rpc: 'chat_knowledge_set', parameters }, new AbortController().signal);
}

/** Takes a text away from the model. @throws {LivelitError} */
export async function deleteKnowledge(id: string): Promise<void> {
  const backend = await store().connection.backend();
  await backend.write({ rpc: 'chat_knowledge_delete', parameters: { p_id: id } }, new AbortController().signal);
}
