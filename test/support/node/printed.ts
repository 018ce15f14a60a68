/** Keeps what is printed from now on, until it is told to stop. */
export function keepPrinted(): { readonly lines: string[]; stop(): void } {
  const lines: string[] = [];
  const { log, info, error, warn } = console;
  const keep = (...parts: unknown[]) => void lines.push(parts.map(String).join(' '));
  Object.assign(console, { log: keep, info: keep, error: keep, warn: keep });
  return { lines, stop: () => void Object.assign(console, { log, info, error, warn }) };
}
