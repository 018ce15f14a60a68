import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What Deno puts before the words of an error that nobody caught. */
const PREFIX = /^error: (Uncaught )?(\(in (promise|worker ".*?")\) )?(TypeError: (?=SyntaxError|Module not found))?/;

/** A place in a file, in a stack or below a syntax error; not in Deno's own code. */
const PLACE = /(file:\/\/\/\S+?):(\d+:\d+)/;

/** Deno's last words as one line: what went wrong and where, the file as seen from where the backend was started. */
export function reasonOf(output: string): string | undefined {
  const lines = output.split('\n');
  const start = lines.findLastIndex((line) => line.startsWith('error: '));
  if (start < 0) return undefined;
  const message = lines[start]!.replace(PREFIX, '');
  const place = PLACE.exec(lines.slice(start).join('\n'));
  return place ? `${message} (${shown(place[1]!)}:${place[2]})` : message;
}

function shown(url: string): string {
  const file = fileURLToPath(url);
  const path = relative(process.cwd(), file);
  return path.startsWith('..') || isAbsolute(path) ? file : path;
}
