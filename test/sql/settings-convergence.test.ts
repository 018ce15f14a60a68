/**
 * Two devices of one person edit at random, on and off line, at the same time: in the end both show the same, and of each
 * setting the latest edit. `SEED=17` replays one script, `LIVELIT_FULL=1` runs 500.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it } from 'node:test';
import { atOnce, times } from '../support/node/concurrency.ts';
import { onPostgres } from '../support/node/engines.ts';
import { randomOf } from '../support/node/random.ts';
import { mergeSettings, type Merged, type SettingOp } from '../support/node/settings-sql.ts';
import { newMember, type Person, type SqlDatabase } from '../support/node/sql.ts';

const PATHS = [
  'appearance.theme',
  'appearance.accent',
  'locale.language',
  'page.table.rows',
  'ai_providers.openai.model',
];
const CROWD = 50;
const STEPS = 24;
const HOUR_MS = 3_600_000;
const seeds = process.env.SEED
  ? [Number(process.env.SEED)]
  : Array.from({ length: process.env.LIVELIT_FULL ? 500 : 50 }, (_, index) => index + 1);

/** An edit, and when it was made on the script's clock, ms. */
interface Edit extends SettingOp {
  readonly madeAt: number;
}

type Values = Readonly<Record<string, unknown>>;

const valuesOf = ({ preferences, ai_providers }: Pick<Merged, 'preferences' | 'ai_providers'>): Values =>
  Object.fromEntries(
    PATHS.map((path) => {
      const names = path.split('.');
      const value = names.reduce<unknown>((inner, name) => (inner as Values | undefined)?.[name], {
        ...preferences,
        ai_providers,
      });
      return [path, value ?? null];
    }),
  );

/** A device as the service `settings` is one: it knows a revision, and keeps its edits until they have arrived. */
class Device {
  readonly edits: Edit[] = [];
  readonly rejected = new Set<string>();
  online = true;
  /** How far its clock is from being right, ms. */
  readonly skew: number;
  revision = 0;
  values: Values = {};
  #unsent: Edit[] = [];
  readonly #database: SqlDatabase;
  readonly #person: Person;

  constructor(database: SqlDatabase, person: Person, skew: number) {
    this.#database = database;
    this.#person = person;
    this.skew = skew;
  }

  edit(id: string, path: string, value: unknown, madeAt: number): void {
    const after = this.#unsent.filter((unsent) => unsent.path === path).map((unsent) => unsent.id);
    const edit = { id, path, value, base: this.revision, after, madeAt };
    this.edits.push(edit);
    this.#unsent.push(edit);
  }

  /** Sends the first edits that wait; where the answer is lost, the device does not know, and sends them again. */
  async send(count: number, lost: boolean): Promise<void> {
    if (!this.online) return;
    const sent = this.#unsent.slice(0, count);
    const now = Date.now();
    // The script ends now. A clock that is wrong is wrong in both of its readings, so an age is right all the same.
    const ops = sent.map(({ madeAt, ...op }) => ({ ...op, age_ms: now + this.skew - (madeAt + this.skew) }));
    const merged = await mergeSettings(this.#database, this.#person, ops);
    if (lost) return;
    this.#unsent = this.#unsent.filter((edit) => !sent.includes(edit));
    for (const { id } of merged.rejected) this.rejected.add(id);
    this.#take(merged);
  }

  async fetch(): Promise<void> {
    if (!this.online) return;
    this.#take(await mergeSettings(this.#database, this.#person, []));
  }

  get waiting(): number {
    return this.#unsent.length;
  }

  /** An older answer never takes the place of a newer one. */
  #take(merged: Merged): void {
    if (merged.revision < this.revision) return;
    this.revision = merged.revision;
    this.values = valuesOf(merged);
  }
}

onPostgres('settings', (database) => {
  it(`keep ${CROWD} edits that come at once, of as many leaves`, async () => {
    const person = await newMember(database);
    const paths = times(CROWD, (index) => `page.f${index}`);
    const calls = paths.map((path) => () => mergeSettings(database, person, [{ id: randomUUID(), path, value: 1 }]));
    await atOnce(database, 'public.user_preferences', calls);
    const { revision, preferences } = await mergeSettings(database, person, []);
    assert.equal(revision, CROWD);
    assert.deepEqual(Object.keys(preferences.page!).sort(), times(CROWD, (index) => `f${index}`).sort());
  });

  for (const seed of seeds) {
    it(`converge after script ${seed}`, async () => {
      const random = randomOf(seed);
      const below = (limit: number) => Math.floor(random() * limit);
      const uuid = () =>
        `00000000-0000-4000-8000-${below(16 ** 12)
          .toString(16)
          .padStart(12, '0')}`;
      const person = await newMember(database);
      const devices = [0, 1].map(() => new Device(database, person, (random() - 0.5) * 48 * HOUR_MS));
      let time = Date.now() - STEPS * 12 * HOUR_MS;

      for (let step = 0; step < STEPS; step += 1) {
        // From a second to hours: an edit that waits this long comes with an old revision.
        time += 1_000 + below(random() < 0.3 ? 12 * HOUR_MS : 60_000);
        const acts = devices.map((device, index) => {
          const act = random();
          const [path, value, id, count, lost] = [
            PATHS[below(PATHS.length)]!,
            below(5),
            uuid(),
            below(4),
            random() < 0.2,
          ];
          // Further apart than this machine's delays, which an age carries with it.
          const madeAt = time + index * 500;
          if (act < 0.15) device.online = !device.online;
          else if (act < 0.6) {
            device.edit(id, path, value || null, madeAt);
            // Second thoughts, sooner than a request takes.
            if (act < 0.3) device.edit(uuid(), path, below(5) || null, madeAt + 1);
          } else if (act < 0.9) return () => device.send(count + 1, lost);
          else return () => device.fetch();
          return () => Promise.resolve();
        });
        // Both at once: which of them is first, the script does not say.
        await Promise.all(acts.map((act) => act()));
      }
      for (const device of devices) device.online = true;
      await Promise.all(devices.map((device) => device.send(100, random() < 0.3)));
      await Promise.all(devices.map((device) => device.send(100, false)));
      await Promise.all(devices.map((device) => device.fetch()));

      const edits = devices.flatMap((device) => device.edits);
      const latest = Object.fromEntries(
        PATHS.map((path) => {
          const [last] = edits.filter((edit) => edit.path === path).toSorted((a, b) => b.madeAt - a.madeAt);
          return [path, last];
        }),
      );
      const expected = Object.fromEntries(PATHS.map((path) => [path, latest[path]?.value ?? null]));
      for (const device of devices) {
        assert.deepEqual(device.values, expected);
        assert.equal(device.waiting, 0);
        // Nobody is told that the edit that counts was not taken.
        for (const last of Object.values(latest)) assert.ok(!last || !device.rejected.has(last.id));
      }
      assert.equal(devices[0]!.revision, devices[1]!.revision);
    });
  }
});
