import { expect } from 'chai';
import {
  addSettings,
  checkSetting,
  SETTINGS,
  settingsGroups,
  settingValue,
  type SettingsGroup,
  type SettingsPatch,
  type SettingValues,
} from '../../src/services/settings-schema.ts';

describe('the schema of the settings', () => {
  it('has the types of its fields', () => {
    const values: Pick<SettingValues, 'appearance.theme' | 'usage.days' | 'locale.per_usd'> = {
      'appearance.theme': 'dark',
      'usage.days': 30,
      'locale.per_usd': null,
    };
    const patch: SettingsPatch = { ...values, 'page.own': [1, 'two'], 'locale.language': null };
    // @ts-expect-error -- a theme that there is not
    const wrong: SettingsPatch = { 'appearance.theme': 'sepia' };
    expect(Object.keys({ ...patch, ...wrong })).to.have.length(5);
  });

  it('takes its own defaults', () => {
    for (const { id, fields } of SETTINGS) {
      for (const field of fields) {
        expect(() => checkSetting(`${id}.${field.name}`, field.default), field.name).not.to.throw();
      }
    }
  });

  const taken: readonly (readonly [path: string, value: unknown])[] = [
    ['appearance.theme', 'dark'],
    ['appearance.theme', null],
    ['locale.language', ''],
    ['locale.language', 'pt-BR'],
    ['locale.time_zone', 'Europe/Berlin'],
    ['locale.per_usd', 0.92],
    ['usage.days', 90],
    ['page.own', 'anything'],
    ['page.own.deeper', [1, 'two', true]],
  ];
  for (const [path, value] of taken) {
    it(`takes ${JSON.stringify(value)?.slice(0, 24)} at ${path}`, () => checkSetting(path, value));
  }

  const refused: readonly (readonly [path: string, value: unknown, reason: string])[] = [
    ['appearance', { theme: 'dark' }, 'parent'],
    ['appearance', 'dark', 'parent'],
    ['appearance.theme', { name: 'dark' }, 'value'],
    ['appearance.theme', 'sepia', 'value'],
    ['appearance.Theme', 'dark', 'path'],
    ['a.b.c.d', 1, 'path'],
    ['__proto__', 1, 'parent'],
    ['', 1, 'path'],
    ['a.b\n', 1, 'path'],
    ['locale.language', 'no language', 'value'],
    ['locale.currency', 'eur', 'value'],
    ['locale.time_zone', 'Mars/Olympus', 'value'],
    ['locale.per_usd', 0, 'value'],
    ['locale.per_usd', Number.NaN, 'value'],
    ['usage.days', 31, 'value'],
    ['usage.days', '30', 'value'],
    ['page.own', { deep: 1 }, 'value'],
    ['page.own', [[1]], 'value'],
    ['page.own', undefined, 'value'],
    ['page.own', 'x'.repeat(16_000), 'value'],
  ];
  for (const [path, value, reason] of refused) {
    it(`refuses ${JSON.stringify(value)?.slice(0, 24)} at ${path || 'no path'}, by its name`, () => {
      expect(() => checkSetting(path, value))
        .to.throw(path.slice(0, 20))
        .with.include({ code: 'invalid', reason });
    });
  }

  it('counts what a field does not take as its default', () => {
    expect(settingValue('appearance.theme', 'sepia')).to.equal('page');
    expect(settingValue('usage.days', '30')).to.equal(30);
    expect(settingValue('locale.per_usd', 'much')).to.equal(null);
    expect(settingValue('page.unknown', 'as it is')).to.equal('as it is');
  });

  describe('of a page', () => {
    const reports = (more: Partial<SettingsGroup> = {}): SettingsGroup => ({
      id: 'reports',
      label: 'Reports',
      fields: [{ name: 'weekly', label: 'Weekly', type: 'switch', default: true }],
      ...more,
    });

    it('is added to the kit’s, once', () => {
      addSettings(reports());
      addSettings(reports({ label: 'Mail' }));
      expect(settingsGroups().at(-1)).to.include({ id: 'reports', label: 'Mail' });
      expect(settingsGroups().filter(({ id }) => id === 'reports')).to.have.length(1);
      expect(settingValue('reports.weekly', undefined)).to.equal(true);
      expect(() => checkSetting('reports.weekly', 'yes')).to.throw('reports.weekly');
    });

    it('has fields of every type, each with what it takes', () => {
      addSettings({
        id: 'assistant',
        label: 'Assistant',
        fields: [
          { name: 'on', label: '', type: 'switch', default: false },
          { name: 'prompt', label: '', type: 'text', maxLength: 10, default: '' },
          { name: 'model', label: '', type: 'text', format: 'model', maxLength: 100, default: '' },
          { name: 'warmth', label: '', type: 'number', min: 0, max: 2, default: null },
        ],
      });
      for (const [name, value] of Object.entries({ on: true, prompt: 'x'.repeat(10), model: 'org/m:1', warmth: 2 })) {
        checkSetting(`assistant.${name}`, value);
      }
      for (const [name, value] of Object.entries({ on: 'yes', prompt: 'x'.repeat(11), model: 'a b', warmth: 2.1 })) {
        expect(() => checkSetting(`assistant.${name}`, value)).to.throw(`assistant.${name}`);
      }
    });

    for (const [what, group] of Object.entries({
      'the name of one of the kit’s': reports({ id: 'usage' }),
      'a name that is none': reports({ id: 'My reports' }),
      'a field whose name is none': reports({
        fields: [{ name: 'Weekly', label: '', type: 'switch', default: true }],
      }),
      'a default that its field does not take': reports({
        fields: [{ name: 'day', label: '', type: 'choice', options: ['mo', 'tu'], default: 'we' }],
      }),
    })) {
      it(`is refused with ${what}`, () => {
        const before = settingsGroups();
        expect(() => addSettings(group))
          .to.throw()
          .with.property('code', 'invalid');
        expect(settingsGroups()).to.equal(before);
      });
    }
  });
});
