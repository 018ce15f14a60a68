import { Refusal } from './refusal.ts';

/** As long as a key is at least; real ones are longer. */
const MIN_LENGTH = 20;

/**
 * The admin key of a request, if it is one: of `keys`, or of any organisation when there are none.
 *
 * @throws {Refusal} 401 for no key or an unknown one, 403 for the key of a project.
 */
export function adminKey({ headers }: Request, keys: ReadonlySet<string> | undefined): string {
  const key = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1];
  if (!key) {
    throw new Refusal(401, "You didn't provide an API key. It belongs into an Authorization header, after 'Bearer '.");
  }
  if (keys ? keys.has(key) : key.startsWith('sk-admin-') && key.length >= MIN_LENGTH) return key;
  if (key.startsWith('sk-proj-')) {
    throw new Refusal(
      403,
      'You have insufficient permissions for this operation. Missing scopes: api.usage.read. Check that you have the ' +
        "correct role in your organization, and if you're using a restricted API key, that it has the necessary scopes.",
    );
  }
  const masked = `${key.slice(0, 8)}****${key.slice(-4)}`;
  throw new Refusal(401, `Incorrect API key provided: ${masked}.`, { code: 'invalid_api_key' });
}
