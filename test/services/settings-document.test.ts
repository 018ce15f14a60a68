import { expect } from 'chai';
import {
  applySettingsEvent,
  documentOf,
  newerDocument,
  showsEdit,
  showUnsent,
  type SettingEdit,
} from '../../src/services/settings-document.ts';
import type { OutboxEntry } from '../../src/store/lane.ts';

const event = (payload: object) => ({ event: 'user_preferences', payload: { ...payload } });
const rowAt = (revision: number, theme = 'dark') => ({
  revision,
  preferences: { appearance: { theme } },
  ai_providers: {},
});
const edit = (value: string | null, more: Partial<OutboxEntry<SettingEdit>> = {}): OutboxEntry<SettingEdit> => ({
  id: crypto.randomUUID(),
  lane: 'settings',
  target: '',
  userId: 'u1',
  tab: 't1',
  createdAt: 0,
  state: 'pending',
  attempts: 0,
  nextAt: 0,
  payload: { path: 'appearance.theme', value, base: 1, after: [], at: 0 },
  ...more,
});

describe('the document of the settings', () => {
  it('has the leaves of both columns, by path', () => {
    const preferences = { appearance: { theme: 'dark' }, page: { table: { rows: 50, hidden: ['a'] }, empty: {} } };
    const { values } = documentOf({ revision: 3, preferences, ai_providers: { openai: { model: 'gpt-4o' } } });
    expect(values).to.deep.equal({
      'appearance.theme': 'dark',
      'page.table.rows': 50,
      'page.table.hidden': ['a'],
      'ai_providers.openai.model': 'gpt-4o',
    });
  });

  it('never goes back, and stays the same object as long as nothing is newer', () => {
    const shown = documentOf(rowAt(2));
    expect(newerDocument(shown, documentOf(rowAt(1)))).to.equal(shown);
    expect(newerDocument(shown, documentOf(rowAt(2)))).to.equal(shown);
    const newer = documentOf(rowAt(3));
    expect(newerDocument(shown, newer)).to.equal(newer);
  });

  it('takes what an edit was answered with, and needs no fetch for a signal of what it has', () => {
    const shown = documentOf(rowAt(2));
    const answered = applySettingsEvent(shown, event({ merged: rowAt(3, 'light') }))!;
    expect(answered.values['appearance.theme']).to.equal('light');
    expect(applySettingsEvent(answered, event({ revision: 3 }))).to.equal(answered);
    expect(applySettingsEvent(answered, event({ revision: 4 }))).to.equal(undefined);
    expect(applySettingsEvent(answered, event({ op: 'UPDATE' }))).to.equal(undefined);
  });

  it('lies under the edits that are on their way, of which the last counts', () => {
    const shown = documentOf(rowAt(2));
    expect(showUnsent(shown, [])).to.equal(shown);
    expect(showUnsent(undefined, [])).to.equal(undefined);
    const { unsent, values } = showUnsent(shown, [edit('light'), edit(null)])!;
    expect(values).to.equal(shown.values);
    expect(unsent['appearance.theme']).to.include({ value: null, state: 'pending' });
    expect(showUnsent(undefined, [edit('light')])!.revision).to.equal(null);
  });

  it('shows an edit when it has its value', () => {
    const shown = documentOf(rowAt(2));
    expect(showsEdit(shown, edit('dark'))).to.equal(true);
    expect(showsEdit(shown, edit('light'))).to.equal(false);
    expect(showsEdit(documentOf({ revision: 2, preferences: {}, ai_providers: {} }), edit(null))).to.equal(true);
  });
});
