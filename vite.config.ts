import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { defineConfig, type UserConfig } from 'vite';
import { SPACE } from './src/space.ts';

const ROOT = import.meta.dirname;
const src = (file: string) => join(ROOT, 'src', file);

/** The npm package: one file a module, dependencies left to the reader's own bundler. */
const npm: UserConfig = {
  build: {
    outDir: 'dist/npm',
    target: 'es2022',
    minify: false,
    sourcemap: true,
    lib: {
      formats: ['es'],
      entry: {
        index: src('index.ts'),
        define: src('define.ts'),
        testing: src('testing.ts'),
        ...Object.fromEntries(tags().map((tag) => [`define/${tag}`, src(`define/${tag}.ts`)])),
      },
    },
    rolldownOptions: {
      external: /^(@lit|@speed-highlight|@supabase|chart\.js|idb|lit|streaming-markdown)(\/|$)/,
      output: { preserveModules: true, preserveModulesRoot: src('') },
    },
  },
};

/** What every element is made with. */
const COMMON =
  /\/src\/(store\/(error|live|make-id)|services\/page-preferences|elements\/(live-controller|locale|base\.styles|lazy))\.ts$/;

/** What is loaded with the messages of a chat. */
const CHAT =
  /\/src\/(elements\/(adopt|chat-box\.(thread|thread\.styles|message)|strings\/chat\.en)|services\/chat(-lane|-messages|-session|-topics)?)\.ts$/;

/** Nothing has one of them without the others, for long. */
const REPEAT = /\/(lit-html|lit)\/(directive|directive-helpers|directives\/repeat)\.js$/;

/** The script-tag bundle: an entry that loads the rest in pieces, from wherever it was loaded itself. */
const cdn: UserConfig = {
  base: './',
  publicDir: false,
  plugins: [
    {
      name: 'livelit-css',
      enforce: 'pre',
      // Minifiers leave templates alone, and comments and indentation are a part of them.
      transform: (code, id) =>
        id.includes('/src/elements/')
          ? { code: code.replace(/css`[^`]*`/g, smallCss).replace(/^ +/gm, ''), map: null }
          : null,
      generateBundle() {
        this.emitFile({ type: 'asset', fileName: 'livelit.css', source: SPACE.trimStart() });
      },
    },
  ],
  build: {
    outDir: 'dist/cdn',
    target: 'es2022',
    sourcemap: true,
    // As a library, so that Vite leaves its preload helper out: chunks would import it from the entry, and a page that
    // loads the entry as `livelit.js?v=2` would then have it twice.
    lib: { formats: ['es'], entry: { livelit: src('loader.ts') } },
    rolldownOptions: {
      // The entry exports nothing: a group of modules may be wherever it is smallest.
      preserveEntrySignatures: 'allow-extension',
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'chunks/[name]-[hash].js',
        minify: true,
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            // What every element needs: one small file in place of seven.
            { name: 'live', test: COMMON },
            // What is always loaded together is one file, whatever parts of it others need as well.
            { name: 'chat-box.thread', test: CHAT },
            { name: 'repeat', test: REPEAT },
          ],
        },
      },
    },
  },
};

/** The demo: the kit from its sources, the portfolio page from the built bundle. */
const demo: UserConfig = {
  root: join(ROOT, 'demo'),
  publicDir: join(ROOT, 'dist'),
  resolve: {
    alias: [
      { find: /^livelit$/, replacement: src('index.ts') },
      { find: /^livelit\/define$/, replacement: src('define.ts') },
    ],
  },
  server: { host: '127.0.0.1', strictPort: true, fs: { allow: [ROOT] } },
};

export default defineConfig(({ mode }) => (mode === 'npm' ? npm : mode === 'cdn' ? cdn : demo));

/** The lines that are taken out follow it, where a minifier finds them: source maps stay right without one of its own. */
function smallCss(css: string): string {
  const small = css
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s*([{};,]|\s)\s*/g, '$1')
    .replace(/: /g, ':');
  const lines = (text: string) => text.split('\n').length;
  return small + '\n'.repeat(lines(css) - lines(small));
}

function tags(): string[] {
  return globSync('src/define/*-*.ts', { cwd: ROOT }).map((file) => basename(file, '.ts'));
}
