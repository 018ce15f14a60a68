/** A problem that the person at the terminal can solve: `message` says what is wrong and what to do. No stack is shown. */
export class Sentence extends Error {
  override name = 'Sentence';
}

/** Prints a problem as its sentence, anything else whole, and ends the process. */
export function fail(error: unknown): never {
  console.error(error instanceof Sentence ? error.message : error);
  process.exit(1);
}
