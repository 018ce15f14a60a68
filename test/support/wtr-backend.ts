import type { TestRunnerPlugin } from '@web/test-runner';
import { startBackend, type LocalBackend } from '../../local/backend.ts';
import type { Mail } from '../../local/mail.ts';
import type { FaultRequest } from '../../local/faults.ts';

/** What a browser test may ask of the local backend that runs beside it. */
export interface BackendCommands {
  'backend:target': { payload: undefined; result: { url: string; key: string } };
  'backend:sql': { payload: { sql: string; parameters?: unknown[] }; result: Record<string, unknown>[] };
  'backend:fault': { payload: FaultRequest; result: true };
  'backend:no-faults': { payload: undefined; result: true };
  'backend:listeners': { payload: undefined; result: Record<string, number> };
  'backend:pace': { payload: number; result: true };
  'backend:mail': { payload: string; result: readonly Mail[] };
}

/** Starts a backend in memory for a run of Web Test Runner, and lets its tests talk to it. */
export function backendPlugin(): TestRunnerPlugin {
  let backend: LocalBackend;
  const answers: { [Name in keyof BackendCommands]: (payload: BackendCommands[Name]['payload']) => unknown } = {
    'backend:target': () => ({ url: backend.url, key: backend.keys.publishable }),
    'backend:sql': ({ sql, parameters }) => backend.database.query(sql, parameters),
    'backend:fault': (request) => backend.faults.set(request),
    'backend:no-faults': () => backend.faults.clear(),
    'backend:listeners': () => ({ ...backend.realtime.listeners(), '': backend.realtime.size }),
    'backend:mail': (address) => backend.mailbox.to(address),
    'backend:pace': (tokensPerSecond) => void (backend.openai.tokensPerSecond = tokensPerSecond),
  };
  return {
    name: 'livelit-backend',
    async serverStart() {
      // One page makes in a minute what others make in a day.
      const limits = { messagesPerSecond: Infinity, joinsPerSecond: Infinity };
      backend = await startBackend({ port: 0, joinErrorDelayMs: 0, limits });
      backend.openai.tokensPerSecond = 400;
    },
    async serverStop() {
      await backend.close();
    },
    async executeCommand({ command, payload }) {
      if (!(command in answers)) return null;
      const answer = answers[command as keyof BackendCommands] as (payload: unknown) => unknown;
      // Nothing would mean that this plugin does not know the command.
      return (await answer(payload)) ?? true;
    },
  };
}
