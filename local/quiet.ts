/**
 * Keeps @supabase/lite from printing every refused query with its stack: as on hosted, the client is told, and the
 * terminal is not. Postgres errors are known by their `severity`; everything else is printed as before.
 */
export function silenceRefusals(): void {
  const print = console.error;
  console.error = (...parts: unknown[]) => {
    const [first] = parts;
    const refusal = first instanceof Error && 'severity' in first && 'routine' in first;
    if (!refusal) print(...parts);
  };
}
