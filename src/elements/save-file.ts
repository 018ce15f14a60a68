/** The browser needs the address until it has begun to read. */
const HANDOVER_MS = 10_000;

/** Hands a file to the browser, which asks or saves as its user has told it. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), HANDOVER_MS);
}
