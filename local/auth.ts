import { randomBytes, randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Database } from './database.ts';
import { signToken } from './keys.ts';

/** A user as GoTrue answers it; only what is changed here. */
interface UserBody {
  id: string;
  email?: string | undefined;
  is_anonymous?: boolean;
  identities?: unknown[];
  app_metadata?: Record<string, unknown>;
  user_metadata?: Record<string, unknown>;
}

/** A session as GoTrue answers it; only what is changed here. */
interface SessionBody {
  access_token: string;
  user: UserBody;
}

interface UserRow {
  is_anonymous: boolean;
  raw_app_meta_data: Record<string, unknown>;
  raw_user_meta_data: Record<string, unknown>;
}

/**
 * `/auth/v1` of @supabase/lite with what it lacks: anonymous sign-in, codes of the type `email`, and tokens and users that
 * carry `app_metadata`, `user_metadata` and `is_anonymous` as hosted ones do.
 */
export async function handleAuth(request: Request, database: Database, jwtSecret: string): Promise<Response> {
  const { pathname } = new URL(request.url);
  const visit = pathname === '/auth/v1/signup' ? await asVisit(request.clone()) : undefined;
  const inner = visit ?? (pathname === '/auth/v1/verify' ? await asVerification(request) : request);
  return database.exclusive(async (driver) => {
    const response = await (visit ? database.visitorsApp : database.app).fetch(inner);
    if (!response.ok || !response.headers.get('content-type')?.includes('json')) return response;
    const body = (await response.clone().json()) as Partial<SessionBody & UserBody>;
    const user = body.user ?? (pathname === '/auth/v1/user' ? (body as UserBody) : undefined);
    if (!user) return response;
    const { rows } = await driver.query<UserRow>(
      'select is_anonymous, raw_app_meta_data, raw_user_meta_data from auth.users where id = $1',
      [user.id],
    );
    const row = rows[0]!;
    const headers = new Headers(response.headers);
    headers.delete('content-length');
    return Response.json(
      body.access_token ? await faithful(body as SessionBody, row, jwtSecret) : faithfulUser(user, row),
      { status: response.status, headers },
    );
  });
}

/** An anonymous sign-up, as a sign-up under an address that `auth.mark_anonymous()` recognises; undefined for any other. */
async function asVisit(request: Request): Promise<Request | undefined> {
  if (request.method !== 'POST') return undefined;
  const { url, headers } = request;
  const body = parseObject(await request.text());
  if (!body || body.email !== undefined || body.phone !== undefined) return undefined;
  const invented = {
    email: `${randomUUID()}@anonymous.invalid`,
    password: randomBytes(24).toString('base64url'),
    data: body.data ?? {},
  };
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(invented) });
}

/** A code of the type `email`, which lite does not know: on hosted it is one to sign up, to sign in or to recover with. */
async function asVerification(request: Request): Promise<Request> {
  if (request.method !== 'POST') return request;
  const text = await request.text();
  const body = parseObject(text);
  const { url, headers } = request;
  // Lite looks for a magic link's code among the others, too.
  const known = body?.type === 'email' ? JSON.stringify({ ...body, type: 'magiclink' }) : text;
  return new Request(url, { method: 'POST', headers, body: known });
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** The user as the database knows them; the identity that lite made for an invented address is not shown. */
const faithfulUser = (user: UserBody, row: UserRow): UserBody => ({
  ...user,
  is_anonymous: row.is_anonymous,
  app_metadata: row.raw_app_meta_data,
  user_metadata: row.raw_user_meta_data,
  ...(row.is_anonymous && { email: '', identities: [] }),
});

async function faithful(body: SessionBody, row: UserRow, jwtSecret: string): Promise<SessionBody> {
  const { is_anonymous: anonymous, raw_app_meta_data, raw_user_meta_data } = row;
  const { email, ...claims } = decodeJwt(body.access_token);
  return {
    ...body,
    access_token: await signToken(
      {
        ...claims,
        // Finer than `iat`: see Tokens.
        issued_at_ms: Date.now(),
        email: anonymous ? '' : email,
        app_metadata: raw_app_meta_data,
        user_metadata: raw_user_meta_data,
        is_anonymous: anonymous,
        aal: 'aal1',
        amr: [{ method: anonymous ? 'anonymous' : 'password', timestamp: claims.iat }],
      },
      jwtSecret,
    ),
    user: faithfulUser(body.user, row),
  };
}
