/** `npm run local`: the backend without the demo, for a page of your own. */
import { startBackend } from './backend.ts';
import { dataFolder, describe, endWith, port } from './terminal.ts';
import { fail } from './sentence.ts';

try {
  const backend = await startBackend({
    port: port('PORT', 54321),
    folder: dataFolder(),
    demo: true,
    functions: { watch: true },
  });
  console.log(describe(backend));
  endWith(() => backend.close());
} catch (error) {
  fail(error);
}
