import { LiveValue, type Live } from '../store/live.ts';

/** What an exchange of this page's chat has used, as its stream told: known before the log has told anybody. */
export interface ChatUsage {
  /** Of the reply; the log's key begins with `chat:<messageId>:`. */
  readonly messageId: string;
  readonly userId: string | null;
  /** ISO 8601. */
  readonly at: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** USD; null when no price is known. */
  readonly cost: number | null;
  readonly co2Grams: number | null;
}

/** What the event `usage` of the chat's stream has in it. */
interface UsageEvent {
  readonly model: string;
  readonly input_tokens: number;
  readonly cached_tokens: number;
  readonly output_tokens: number;
  readonly cost_micro_usd: number | null;
  readonly co2_grams: number | null;
}

/** As many as may be on their way at once: the log tells of each within seconds. */
const REMEMBERED = 20;

const usages = new LiveValue<readonly ChatUsage[]>({ status: 'live', data: [], sample: false });

/** The newest exchanges of this page's chat, the newest first. */
export const chatUsages = (): Live<readonly ChatUsage[]> => usages;

/** The chat's stream has told what a reply has used. */
export function noteChatUsage(messageId: string, userId: string | null, payload: unknown): void {
  const event = payload as UsageEvent;
  const usage: ChatUsage = {
    messageId,
    userId,
    at: new Date().toISOString(),
    model: event.model,
    inputTokens: event.input_tokens,
    cachedTokens: event.cached_tokens,
    outputTokens: event.output_tokens,
    cost: event.cost_micro_usd === null ? null : event.cost_micro_usd / 1e6,
    co2Grams: event.co2_grams,
  };
  const others = usages.snapshot.data!.filter((each) => each.messageId !== messageId);
  usages.set({ status: 'live', data: [usage, ...others].slice(0, REMEMBERED), sample: false });
}
