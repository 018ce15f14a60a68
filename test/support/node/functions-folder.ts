import { renameSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of Edge Functions that a test writes, with its `config.toml` beside it. */
export class FunctionsFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<FunctionsFolder> {
    const path = join(await mkdtemp(join(tmpdir(), 'livelit-')), 'functions');
    await mkdir(path);
    return new FunctionsFolder(path);
  }

  async write(file: string, text: string): Promise<void> {
    const path = join(this.path, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** Puts another file in the place of one, as careful editors save. */
  async replace(file: string, text: string): Promise<void> {
    await this.write(`${file}.new`, text);
    await rename(join(this.path, `${file}.new`), join(this.path, file));
  }

  /** Puts another folder, with one file, in the place of one, before anybody can look. */
  async replaceFolder(path: string, file: string, text: string): Promise<void> {
    await this.write(`../spare/${file}`, text);
    renameSync(join(this.path, path), join(this.path, '../old'));
    renameSync(join(this.path, '../spare'), join(this.path, path));
  }

  remove(file: string): Promise<void> {
    return rm(join(this.path, file), { recursive: true });
  }

  /** Says which functions anybody may call. */
  openTo(...names: string[]): Promise<void> {
    return this.write('../config.toml', names.map((name) => `[functions.${name}]\nverify_jwt = false\n`).join('\n'));
  }

  delete(): Promise<void> {
    return rm(dirname(this.path), { recursive: true, force: true });
  }
}
