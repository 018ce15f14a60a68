/**
 * What Deno runs in place of a function's `index.ts`: it loads that file and watches its own standard input, which the
 * backend holds open and never writes to. It ends with the backend, however that ends, and the function with it.
 */
import process from 'node:process';

process.stdin.on('end', () => process.exit()).resume();
await import(process.argv[2]!);
