/**
 * `npm start`: the script-tag bundle, the local backend and the demo pages. With `VITE_SUPABASE_URL` and
 * `VITE_SUPABASE_ANON_KEY` set, the pages use that hosted project and no backend is started.
 */
import { build, createServer } from 'vite';
import { startBackend } from './backend.ts';
import { fail, Sentence } from './sentence.ts';
import { dataFolder, describe, endWith, port } from './terminal.ts';

const CONFIG = new URL('../vite.config.ts', import.meta.url).pathname;

try {
  const demoPort = port('DEMO_PORT', 5173);
  const hosted = Boolean(process.env.VITE_SUPABASE_URL);
  const [backend] = await Promise.all([
    hosted
      ? undefined
      : startBackend({ port: port('PORT', 54321), folder: dataFolder(), demo: true, functions: { watch: true } }),
    // `npm run dev` leaves the bundle as it is: only the portfolio page loads it.
    process.argv.includes('--no-build') ? undefined : build({ configFile: CONFIG, mode: 'cdn', logLevel: 'warn' }),
  ]);
  if (backend) {
    process.env.VITE_SUPABASE_URL = backend.url;
    process.env.VITE_SUPABASE_ANON_KEY = backend.keys.publishable;
    // Tells the pages that demo logins exist, and that the model may be a stand-in.
    process.env.VITE_LOCAL = 'yes';
  }
  const demo = await createServer({ configFile: CONFIG, mode: 'demo', logLevel: 'warn', server: { port: demoPort } });
  await demo.listen().catch((error: unknown) => {
    throw new Sentence(`Port ${demoPort} is in use. Choose another one for the pages: DEMO_PORT=5180 npm start`, {
      cause: error,
    });
  });
  if (backend) console.log(describe(backend));
  console.log(`livelit demo: http://127.0.0.1:${demoPort}/`);
  endWith(async () => {
    await demo.close();
    await backend?.close();
  });
} catch (error) {
  fail(error);
}
