import { ProviderError, type ProviderReport, type UsageProvider } from '../_shared/providers/provider.ts';

/** The longest that a run waits for a provider that asks it to, s; what takes longer is left to the next run. */
const PATIENCE_S = 10;

/** How often a part is tried again after a connection that broke. */
const REPEATS = 1;

/** Reads some days, and waits or tries again where that may help. @throws {ProviderError} */
export async function readPatiently(
  provider: UsageProvider,
  key: string,
  from: string,
  to: string,
): Promise<ProviderReport> {
  let repeats = REPEATS;
  let patience = PATIENCE_S;
  for (;;) {
    try {
      return await provider.read(key, from, to);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const wait = error.retryAfterS ?? Infinity;
      if (error.reason === 'provider_busy' && wait <= patience) {
        patience -= wait;
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      } else if (error.reason !== 'provider' || repeats-- === 0) {
        throw error;
      }
    }
  }
}
