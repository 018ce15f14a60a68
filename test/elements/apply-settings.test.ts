import { expect } from 'chai';
import { applySettings } from '../../src/elements/apply-settings.ts';
import '../../src/define/usage-chart.ts';
import { pagePreferences } from '../../src/services/page-preferences.ts';
import { saveSettings, settings } from '../../src/services/settings.ts';
import type { SettingsPatch } from '../../src/services/settings-schema.ts';
import { connectMemory, leaveMemory } from '../support/browser/memory.ts';
import { clearPage, until } from '../support/browser/page.ts';

describe('settings that apply to the page', () => {
  const leaves: (() => void)[] = [];
  let chart: HTMLElement;
  const styleOf = (element: Element = chart) => getComputedStyle(element);
  const preferences = () => pagePreferences().snapshot.data;
  const apply = (...parameters: Parameters<typeof applySettings>) => leaves.push(applySettings(...parameters));

  beforeEach(() => {
    localStorage.clear();
    chart = document.createElement('usage-chart');
    document.body.append(chart);
  });

  afterEach(() => {
    for (const leave of leaves.splice(0)) leave();
    clearPage();
    leaveMemory();
    localStorage.clear();
  });

  it('give an element its colours and its density, at once', async () => {
    apply();
    saveSettings({ 'appearance.theme': 'dark', 'appearance.accent': 'green', 'appearance.density': 'compact' });
    await until(() => styleOf().colorScheme === 'dark');
    expect(styleOf().getPropertyValue('--livelit-space')).to.equal('0.375rem');
    expect(styleOf().getPropertyValue('--livelit-accent')).to.contain('#5fd48f');
    expect(document.querySelectorAll('[style], style')).to.have.length(0);
    expect(styleOf(document.body).colorScheme).not.to.equal('dark');
  });

  it('give elements what they take for their defaults', async () => {
    apply();
    saveSettings({
      'locale.language': 'de',
      'locale.time_zone': 'Europe/Berlin',
      'locale.currency': 'EUR',
      'locale.per_usd': 0.92,
      'usage.metric': 'cost',
      'usage.days': 90,
    });
    await until(() => preferences()?.days === 90);
    expect(preferences()).to.deep.equal({
      locale: 'de',
      timeZone: 'Europe/Berlin',
      currency: { code: 'EUR', perUsd: 0.92 },
      metric: 'cost',
      days: 90,
    });
  });

  it('leave to the page what nobody has set', async () => {
    apply();
    await until(() => settings().snapshot.status === 'idle');
    expect(preferences()).to.deep.equal({});
    expect(document.adoptedStyleSheets.at(-1)!.cssRules).to.have.length(0);
  });

  it('show no amount in a currency whose worth nobody has said', async () => {
    apply();
    saveSettings({ 'locale.currency': 'EUR', 'usage.days': 7 });
    await until(() => preferences()?.days === 7);
    expect(preferences()).to.deep.equal({ days: 7 });
    saveSettings({ 'locale.currency': 'USD' });
    await until(() => preferences()?.currency);
    expect(preferences()!.currency).to.deep.equal({ code: 'USD', perUsd: 1 });
  });

  it('give way to a page’s own rule for a tag', async () => {
    const own = new CSSStyleSheet();
    own.replaceSync('usage-chart { color-scheme: light; }');
    document.adoptedStyleSheets = [own, ...document.adoptedStyleSheets];
    apply();
    saveSettings({ 'appearance.theme': 'dark', 'appearance.density': 'compact' });
    await until(() => styleOf().getPropertyValue('--livelit-space') === '0.375rem');
    expect(styleOf().colorScheme).to.equal('light');
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== own);
  });

  it('reach the whole page where it wants that', async () => {
    apply({ scope: ':root' });
    saveSettings({ 'appearance.theme': 'dark' });
    await until(() => styleOf(document.documentElement).colorScheme === 'dark');
  });

  it('are there before anybody is known, as they were last', async () => {
    apply();
    saveSettings({ 'appearance.theme': 'dark', 'usage.days': 7 });
    await until(() => preferences()?.days === 7);
    for (const leave of leaves.splice(0)) leave();
    expect(preferences()).to.deep.equal({});
    expect(styleOf().colorScheme).not.to.equal('dark');
    apply();
    expect([styleOf().colorScheme, preferences()]).to.deep.equal(['dark', { days: 7 }]);
  });

  it('take nothing from the browser’s storage that is no setting', () => {
    const planted = { 'appearance.theme': '} * { display: none', 'locale.language': '"', 'usage.days': 8 };
    localStorage.setItem('livelit:applied', JSON.stringify(planted));
    apply();
    expect(styleOf(document.body).display).not.to.equal('none');
    expect(preferences()).not.to.have.any.keys('locale');
    expect(document.adoptedStyleSheets.at(-1)!.cssRules).to.have.length(0);
  });

  it('are those of whoever signs in, and go with them', async () => {
    const backend = connectMemory({
      tables: {
        user_preferences: [
          { user_id: 'u1', revision: 1, preferences: { appearance: { theme: 'dark' } }, ai_providers: {} },
        ],
      },
      session: null,
    });
    apply();
    await until(() => settings().snapshot.status === 'idle');
    await backend.signIn({ email: 'u1', password: 'x' });
    await until(() => styleOf().colorScheme === 'dark');
    await backend.signOut();
    await until(() => styleOf().colorScheme !== 'dark');
    expect(localStorage.getItem('livelit:applied')).to.equal('{}');
  });

  const accents = ['blue', 'green', 'violet', 'rose', 'amber', 'graphite'] as const;
  for (const accent of accents) {
    for (const theme of ['light', 'dark'] as const) {
      it(`have a ${accent} that can be read on every surface, ${theme}`, async () => {
        apply({ scope: ':root' });
        const patch: SettingsPatch = { 'appearance.accent': accent, 'appearance.theme': theme };
        saveSettings(patch);
        await until(() => styleOf().colorScheme === theme);
        const probe = document.createElement('p');
        chart.shadowRoot!.append(probe);
        const sheet = new CSSStyleSheet();
        const colourOf = (value: string) => {
          sheet.replaceSync(`p { color: ${value}; }`);
          chart.shadowRoot!.adoptedStyleSheets = [...chart.shadowRoot!.adoptedStyleSheets, sheet];
          return luminance(getComputedStyle(probe).color);
        };
        const accentLight = colourOf('var(--_accent)');
        for (const surface of ['var(--_surface)', 'var(--_surface-raised)']) {
          const [darker, lighter] = [accentLight, colourOf(surface)].sort((a, b) => a - b) as [number, number];
          // WCAG 2.2, success criterion 1.4.3: 4.5 to 1.
          expect((lighter + 0.05) / (darker + 0.05), surface).to.be.at.least(4.5);
        }
      });
    }
  }
});

/** Relative luminance of an `rgb()` colour, as WCAG 2.2 defines it. */
function luminance(colour: string): number {
  const [red, green, blue] = colour.match(/[\d.]+/g)!.map((value) => {
    const share = Number(value) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
