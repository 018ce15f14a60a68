import type { LivelitError, SettingsPatch, SyncState } from 'livelit';
import { MemoryBackend, type MemoryBackendOptions } from 'livelit/testing';
import { minutesAgo, syncStateOf } from './sync-runs.ts';
import { MEMBER } from './usage-rows.ts';

type Tree = Record<string, unknown>;

interface Edit {
  readonly id: string;
  readonly path: string;
  readonly value: unknown;
}

export interface SettingsProject {
  readonly settings?: SettingsPatch;
  readonly owner?: boolean;
  readonly keys?: readonly object[];
  readonly schedule?: SyncState['schedule'];
  readonly session?: MemoryBackendOptions['session'];
  readonly hosted?: boolean;
  readonly share?: boolean;
  /** What every save is answered with. */
  readonly refusal?: LivelitError;
}

/** A project that keeps settings, as the database does: leaf by leaf, each save one revision further. */
export function settingsProject(options: SettingsProject = {}): MemoryBackend {
  const { owner = false, keys = [], schedule = null, session = MEMBER, hosted, share = false, refusal } = options;
  const values: Record<string, unknown> = { ...options.settings };
  let revision = 1;
  const row = () => {
    const { ai_providers = {}, ...preferences } = treeOf(values);
    return { user_id: MEMBER.userId, revision, preferences, ai_providers };
  };
  const backend = new MemoryBackend({
    session,
    ...(hosted && { hosted }),
    tables: {
      user_preferences: [row()],
      usage_tracking: [],
      usage_shares: share
        ? [
            {
              id: '6f0d7a0e-3c1b-4a53-9d2e-0f4f2a6b7c11',
              user_id: MEMBER.userId,
              label: '',
              enabled: true,
              created_at: minutesAgo(600),
              revoked_at: null,
            },
          ]
        : [],
      profiles: [
        {
          id: MEMBER.userId,
          email: MEMBER.email,
          full_name: 'Inês Duarte',
          company: 'Studio Duarte',
          role: null,
          industry: null,
          team_size: null,
        },
      ],
    },
    functions: {
      'api-keys': () => ({ check: { status: 'valid' } }),
    },
    procedures: {
      runs_site: () => owner,
      api_keys: () => keys,
      sync_state: () => syncStateOf([], schedule),
      chat_settings: () => CHAT,
      merge_preferences({ p_ops }) {
        if (refusal) throw refusal;
        for (const { path, value } of p_ops as readonly Edit[]) {
          if (value === null) Reflect.deleteProperty(values, path);
          else values[path] = value;
        }
        revision += 1;
        backend.fill('user_preferences', [row()]);
        return { ...row(), rejected: [] };
      },
    },
  });
  return backend;
}

/** What another device does. */
export function elsewhere(backend: MemoryBackend, settings: SettingsPatch): void {
  const { ai_providers = {}, ...preferences } = treeOf(settings);
  backend.fill('user_preferences', [{ user_id: MEMBER.userId, revision: 99, preferences, ai_providers }]);
  backend.emit(`user:${MEMBER.userId}`, { event: 'user_preferences', payload: { revision: 99 } });
}

export const KEYS = [
  { provider: 'openai', last4: '7f3a', status: 'valid', checked_at: minutesAgo(4), updated_at: minutesAgo(90) },
];

const CHAT = {
  system_prompt: 'You speak for Inês Duarte. Answer from what you know of her work, in two or three sentences.',
  model: 'gpt-4o-mini',
  temperature: null,
  max_output_tokens: 600,
  daily_cap_micro_usd: 2_000_000,
  cache_first_answers: false,
  moderation: true,
  semantic_search: false,
  retention_days: 30,
  greeting: '',
  spent_today_micro_usd: 120_000,
};

function treeOf(values: Readonly<Record<string, unknown>>): Tree {
  const tree: Tree = {};
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.');
    const last = names.pop()!;
    const place = names.reduce<Tree>((branch, name) => (branch[name] ??= {}) as Tree, tree);
    place[last] = value;
  }
  return tree;
}
