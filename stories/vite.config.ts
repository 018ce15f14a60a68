import { join } from 'node:path';
import { defineConfig } from 'vite';

const ROOT = join(import.meta.dirname, '..');
const src = (file: string) => join(ROOT, 'src', file);

/** The stories, from the sources: `npm run stories`. */
export default defineConfig({
  root: import.meta.dirname,
  // Beside the demo's: two servers with one cache would empty it for each other.
  cacheDir: join(ROOT, 'node_modules/.vite-stories'),
  resolve: {
    alias: [
      { find: /^livelit$/, replacement: src('index.ts') },
      { find: /^livelit\/define$/, replacement: src('define.ts') },
      { find: /^livelit\/testing$/, replacement: src('testing.ts') },
    ],
  },
  server: { host: '127.0.0.1', port: 5174, fs: { allow: [ROOT] } },
});
