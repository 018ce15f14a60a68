/** What one model did for one project on one UTC day, as a provider counts it. */
export interface UsageCount {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** By alias; what has no model goes by a name of its own, as `vector-storage`. */
  readonly model: string;
  readonly project: string;
  readonly requests: number;
  /** The cached ones included. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  /** Of the input, what was written to the provider's cache for a short time, and for an hour. */
  readonly writtenTokens?: number;
  readonly written1hTokens?: number;
  readonly outputTokens: number;
}

/** What a provider charges, in USD, for the same. */
export interface Charge {
  readonly date: string;
  readonly model: string;
  readonly project: string;
  readonly usd: number;
}

export interface ProviderReport {
  readonly usage: readonly UsageCount[];
  readonly charges: readonly Charge[];
}

/** A source of usage. A further provider is one further file, and its line in `providers.ts`. */
export interface UsageProvider {
  readonly name: string;
  /** What is wrong with the form of a key, as a sentence; `undefined` when it may be one. */
  complaint(key: string): string | undefined;
  /** Asks the provider whether a key may read usage. @throws {ProviderError} */
  check(key: string): Promise<void>;
  /** Everything from one UTC day to another, both included. @throws {ProviderError} */
  read(key: string, from: string, to: string): Promise<ProviderReport>;
}

export type ProviderTrouble =
  /** It knows no such key. */
  | 'key_invalid'
  /** The key may not read usage: it is of another kind, or lacks a scope. */
  | 'key_kind'
  | 'provider_busy'
  /** It did not answer, or broke off. */
  | 'provider'
  /** It answered something that is no usage. */
  | 'provider_answer';

const SENTENCES: Readonly<Record<ProviderTrouble, string>> = {
  key_invalid: 'The provider does not know this key. Perhaps it was revoked, or a part of it is missing.',
  key_kind: 'This key may not read usage. Usage needs an admin key, which an owner of the organisation makes.',
  provider_busy: 'The provider asks to wait. It is tried again later.',
  provider: 'The provider did not answer. It is tried again later.',
  provider_answer: 'The provider answered something that is not understood, so nothing of it was kept.',
};

/** Why a provider gave nothing. Its own words may quote the key, so they are not kept. */
export class ProviderError extends Error {
  override name = 'ProviderError';
  readonly reason: ProviderTrouble;
  readonly retryAfterS: number | undefined;

  constructor(reason: ProviderTrouble, retryAfterS?: number) {
    super(SENTENCES[reason]);
    this.reason = reason;
    this.retryAfterS = retryAfterS;
  }

  /** Whether the key is at fault, and trying again with it is of no use. */
  get blamesKey(): boolean {
    return this.reason === 'key_invalid' || this.reason === 'key_kind';
  }

  static ofStatus(status: number | undefined, headers?: Headers): ProviderError {
    if (status === 401) return new ProviderError('key_invalid');
    if (status === 403) return new ProviderError('key_kind');
    if (status === 429) return new ProviderError('provider_busy', retryAfterS(headers));
    return new ProviderError('provider');
  }
}

/** How long a provider that does not say is left alone, s. */
const USUAL_WAIT_S = 60;

/** `Retry-After` is seconds or a date. */
function retryAfterS(headers: Headers | undefined): number {
  const value = headers?.get('retry-after') ?? '';
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : USUAL_WAIT_S;
}
