/** The end of a connection that needs no word on the terminal: somebody left, or why it ended has been said. */
export class BrokenOff extends Error {
  override name = 'BrokenOff';
}

/**
 * Keeps libraries from printing what is part of normal work, with its stack. Everything else is printed as before.
 * @supabase/lite prints every refused query: as on hosted, the client is told, and the terminal is not; Postgres errors
 * are known by their `severity`. @hono/node-server prints every error with which the body of an answer ends.
 */
export function silenceRefusals(): void {
  const print = console.error;
  console.error = (...parts: unknown[]) => {
    const [first] = parts;
    const refusal = first instanceof Error && 'severity' in first && 'routine' in first;
    if (!refusal && !(first instanceof BrokenOff)) print(...parts);
  };
}
