import type { Database } from '../../../local/database.ts';
import { MEMBER } from '../../../local/seed.ts';
import { sentOn } from './sql.ts';
import { until } from './until.ts';

/** Who owns the demo's site and pays for its chat. */
export const OWNER = MEMBER.email;

interface Session {
  readonly session_id: string;
}

interface MessageRow {
  readonly id: string;
  readonly role: string;
  readonly status: string;
  readonly content: string;
  readonly model: string | null;
}

/** What the chat left in the database. */
export class ChatRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The messages of a session, oldest first. */
  rows({ session_id }: Session): Promise<MessageRow[]> {
    return this.#database.query<MessageRow>(
      'select id, role, status, content, model from public.chat_messages where session_id = $1 order by seq',
      [session_id],
    );
  }

  async contents(session: Session): Promise<string[]> {
    return (await this.rows(session)).map(({ content }) => content);
  }

  /** The first reply of a session, once nobody writes it any more. */
  ended(session: Session): Promise<MessageRow> {
    return until(async () => {
      const reply = (await this.rows(session))[1];
      return reply && reply.status !== 'streaming' ? reply : undefined;
    });
  }

  /** What was shown of replies while they were written. */
  async partials({ session_id }: Session): Promise<{ at: number; text: string }[]> {
    const sent = await sentOn(this.#database, `chat:${session_id}`);
    return sent
      .filter(({ event }) => event === 'partial')
      .map(({ payload }) => payload as { at: number; text: string });
  }

  /** Every row of usage that the chat has written, under the names of its `usage` event. */
  bills(): Promise<Record<string, unknown>[]> {
    return this.#database.query(
      `select email, model, requests, context_tokens as input_tokens, cached_tokens, generated_tokens as output_tokens,
              (cost * 1e6)::float8 as cost_micro_usd, co2_grams
       from public.usage_data join auth.users as u on u.id = user_id where source = 'chat'`,
    );
  }

  /** Forgets what was billed, spent and counted against limits; conversations stay. */
  forget(): Promise<void> {
    return this.#database.exec(
      `delete from public.usage_data where source = 'chat'; delete from private.spend_daily;
       delete from private.rate_buckets`,
    );
  }
}
