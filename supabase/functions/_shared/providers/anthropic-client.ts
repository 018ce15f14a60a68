import { ProviderError } from './provider.ts';

const TIMEOUT_MS = 20_000;

/** What is wrong with the form of an Anthropic key. */
export function anthropicComplaint(key: string): string | undefined {
  if (key.startsWith('sk-ant-admin')) return undefined;
  return 'Usage needs an admin key of Anthropic, which begins with "sk-ant-admin"; an admin makes one in the Console.';
}

/** A `GET` of Anthropic's Admin API. @throws {ProviderError} */
export async function askAnthropic(key: string, path: string, query: URLSearchParams): Promise<unknown> {
  const base = Deno.env.get('ANTHROPIC_BASE_URL') ?? 'https://api.anthropic.com';
  let response: Response;
  try {
    response = await fetch(`${base}/v1/organizations/${path}?${query}`, {
      headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return (await response.json()) as unknown;
  } catch {
    throw new ProviderError('provider');
  }
  await response.body?.cancel();
  throw ProviderError.ofStatus(response.status, response.headers);
}

/** Asks for as little usage as there is. @throws {ProviderError} */
export async function checkAnthropicKey(key: string): Promise<void> {
  const starting_at = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
  await askAnthropic(
    key,
    'usage_report/messages',
    new URLSearchParams({ starting_at, bucket_width: '1d', limit: '1' }),
  );
}
