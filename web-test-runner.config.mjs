import { esbuildPlugin } from '@web/dev-server-esbuild';
import { playwrightLauncher } from '@web/test-runner-playwright';
import { CHROMIUM_ARGS, findChromium } from './test/support/chromium.ts';
import { backendPlugin } from './test/support/wtr-backend.ts';

/** @type {import('@web/test-runner').TestRunnerConfig} */
export default {
  files: 'test/{store,services,elements,contract}/**/*.test.ts',
  nodeResolve: { exportConditions: ['browser', 'development'] },
  browsers: [playwrightLauncher({ launchOptions: { executablePath: findChromium(), args: CHROMIUM_ARGS } })],
  // One page at a time on two cores: tests that wait for a frame must not wait for another page's.
  concurrency: 1,
  plugins: [esbuildPlugin({ ts: true, target: 'es2022', tsconfig: './tsconfig.json' }), backendPlugin()],
  testFramework: { config: { ui: 'bdd', timeout: 20_000 } },
  testsFinishTimeout: 300_000,
  // Tests connect one page again and again; auth-js warns of each client after the first, also when they are gone.
  filterBrowserLogs: ({ args }) => !/Multiple GoTrueClient|Lit is in dev mode/.test(String(args[0])),
};
