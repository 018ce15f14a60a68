import { randomBytes, randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Database } from './database.ts';
import { signToken } from './keys.ts';

/** A session as GoTrue answers it; only what is changed here. */
interface SessionBody {
  access_token: string;
  user: { id: string; email?: string | undefined; is_anonymous?: boolean };
}

interface UserRow {
  is_anonymous: boolean;
  raw_app_meta_data: Record<string, unknown>;
  raw_user_meta_data: Record<string, unknown>;
}

/**
 * `/auth/v1` of @supabase/lite with what it lacks: anonymous sign-in, and tokens that carry `app_metadata`,
 * `user_metadata` and `is_anonymous` as hosted ones do.
 */
export async function handleAuth(request: Request, database: Database, jwtSecret: string): Promise<Response> {
  const { pathname } = new URL(request.url);
  const inner = pathname === '/auth/v1/signup' ? await asSignUp(request) : request;
  return database.exclusive(async (driver) => {
    const response = await database.app.fetch(inner);
    if (!response.ok || !response.headers.get('content-type')?.includes('json')) return response;
    const body = (await response.clone().json()) as Partial<SessionBody>;
    if (!body.access_token || !body.user) return response;
    const { rows } = await driver.query<UserRow>(
      'select is_anonymous, raw_app_meta_data, raw_user_meta_data from auth.users where id = $1',
      [body.user.id],
    );
    const headers = new Headers(response.headers);
    headers.delete('content-length');
    return Response.json(await faithful(body as SessionBody, rows[0]!, jwtSecret), {
      status: response.status,
      headers,
    });
  });
}

/** An anonymous sign-up, as a sign-up under an address that `auth.mark_anonymous()` recognises. */
async function asSignUp(request: Request): Promise<Request> {
  if (request.method !== 'POST') return request;
  const text = await request.text();
  const { url, headers } = request;
  const body = parseObject(text);
  if (!body || body.email !== undefined || body.phone !== undefined) {
    return new Request(url, { method: 'POST', headers, body: text });
  }
  const invented = {
    email: `${randomUUID()}@anonymous.invalid`,
    password: randomBytes(24).toString('base64url'),
    data: body.data ?? {},
  };
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(invented) });
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

async function faithful(body: SessionBody, user: UserRow, jwtSecret: string): Promise<SessionBody> {
  const { is_anonymous: anonymous, raw_app_meta_data, raw_user_meta_data } = user;
  const { email, ...claims } = decodeJwt(body.access_token);
  return {
    ...body,
    access_token: await signToken(
      {
        ...claims,
        email: anonymous ? '' : email,
        app_metadata: raw_app_meta_data,
        user_metadata: raw_user_meta_data,
        is_anonymous: anonymous,
        aal: 'aal1',
        amr: [{ method: anonymous ? 'anonymous' : 'password', timestamp: claims.iat }],
      },
      jwtSecret,
    ),
    user: { ...body.user, email: anonymous ? '' : body.user.email, is_anonymous: anonymous },
  };
}
