import { join, resolve } from 'node:path';
import type { LocalBackend } from './backend.ts';
import { ADMIN, MEMBER } from './seed.ts';
import { Sentence } from './sentence.ts';

/** Git-ignored; `npm run reset` empties it. */
export const dataFolder = (): string => resolve(process.env.LIVELIT_DATA ?? join(import.meta.dirname, '../.livelit'));

/** A port from the environment. @throws {Sentence} when it is not one. */
export function port(name: string, fallback: number): number {
  const value = process.env[name];
  if (!value) return fallback;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new Sentence(`${name} is "${value}". A port is a whole number from 1 to 65535.`);
  }
  return number;
}

/** The lines that people and scripts read. */
export const describe = ({ url, keys }: LocalBackend): string =>
  [
    `livelit backend: ${url}`,
    `publishable key: ${keys.publishable}`,
    `secret key: ${keys.secret}`,
    `member: ${MEMBER.email} ${MEMBER.password}`,
    `admin: ${ADMIN.email} ${ADMIN.password}`,
  ].join('\n');

/** Ends cleanly on Ctrl-C and on a polite kill: the data is whole on disk before the process is gone. */
export function endWith(close: () => Promise<void>): void {
  let ending = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (ending) return;
      ending = true;
      void close().finally(() => process.exit(0));
    });
  }
}
