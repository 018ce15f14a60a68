import type { Lane, OutboxEntry } from '../store/lane.ts';
import type { Live } from '../store/live.ts';
import { makeId } from '../store/make-id.ts';
import { store } from '../store/store.ts';

/** What who runs the site decides about its chat; the function `chat` and the database enforce it. */
export interface ChatSettings {
  /** What the model is told of the site, up to 8,000 characters. */
  readonly system_prompt: string;
  /** Null: what the secret `OPENAI_MODEL` says. */
  readonly model: string | null;
  /** 0 to 2; null: the provider's. */
  readonly temperature: number | null;
  /** Tokens of a reply at most, 16 to 4,000. */
  readonly max_output_tokens: number;
  /** Micro-USD a UTC day; null: what the secret `DAILY_CAP_MICRO_USD` says. */
  readonly daily_cap_micro_usd: number | null;
  /** Whether a first question that was asked before gets the answer that was given then. */
  readonly cache_first_answers: boolean;
  readonly moderation: boolean;
  /** Whether passages are found by meaning too; refused where the database lacks the extension `vector`. */
  readonly semantic_search: boolean;
  /** How long conversations are kept, 1 to 3,650 days. */
  readonly retention_days: number;
  /** What visitors read before the first message. */
  readonly greeting: string;
  /** Micro-USD of this UTC day, with what is reserved for replies that are being written. */
  readonly spent_today_micro_usd: number;
}

export type ChatSettingsPatch = Readonly<Partial<Omit<ChatSettings, 'spent_today_micro_usd'>>>;

/**
 * The chat's settings, kept current by the topic `admin:chat`. Ask only for who runs the site (`profile()` says
 * `owner`): anybody else is refused, and so is the topic.
 */
export function chatSettings(): Live<ChatSettings> {
  return store().live<ChatSettings>({
    key: 'chat-settings',
    requires: 'account',
    table: 'chat_settings',
    topics: () => ['admin:chat'],
    fetch: ({ backend, signal }) => backend.fetch({ rpc: 'chat_settings' }, signal),
    overlay: { lane: lane as Lane, show, shows },
  });
}

/** Changes settings of the chat; they show at once, and wait while the page is offline. What is refused stays unsent. */
export function saveChatSettings(patch: ChatSettingsPatch): void {
  store().write(lane, { id: makeId(), payload: patch });
}

const lane: Lane<ChatSettingsPatch> = {
  name: 'chat-settings',
  // The last of several changes stays, however often they arrive.
  deliver: ({ payload }, { backend, signal }) =>
    backend.write({ rpc: 'chat_settings_set', parameters: { p_patch: payload } }, signal),
};

const show = (data: ChatSettings | undefined, entries: readonly OutboxEntry[]): ChatSettings | undefined =>
  data &&
  (entries as readonly OutboxEntry<ChatSettingsPatch>[])
    .filter(({ state }) => state !== 'failed')
    .reduce((shown, { payload }) => ({ ...shown, ...payload }), data);

const shows = (data: ChatSettings, { payload }: OutboxEntry): boolean =>
  Object.entries(payload as ChatSettingsPatch).every(([name, value]) => data[name as keyof ChatSettings] === value);
