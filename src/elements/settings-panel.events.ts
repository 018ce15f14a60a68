import type { SettingsPatch } from '../services/settings-schema.ts';

/** Settings are about to be saved; `preventDefault()` leaves them unsaved. */
export class SettingsPanelSaveEvent extends Event {
  /** By path; null sets one back to its default. */
  readonly patch: SettingsPatch;

  constructor(patch: SettingsPatch) {
    super('settings-panel-save', { bubbles: true, composed: true, cancelable: true });
    this.patch = patch;
  }
}

/** Settings were saved: they count, and are on their way to the account. */
export class SettingsPanelSavedEvent extends Event {
  readonly patch: SettingsPatch;

  constructor(patch: SettingsPatch) {
    super('settings-panel-saved', { bubbles: true, composed: true });
    this.patch = patch;
  }
}

/** Somebody wants to sign in or out, on a page that has a session of its own: the page does it. */
export class SettingsPanelSessionEvent extends Event {
  readonly wish: 'sign-in' | 'sign-out';

  constructor(wish: 'sign-in' | 'sign-out') {
    super('settings-panel-session', { bubbles: true, composed: true });
    this.wish = wish;
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'settings-panel-save': SettingsPanelSaveEvent;
    'settings-panel-saved': SettingsPanelSavedEvent;
    'settings-panel-session': SettingsPanelSessionEvent;
  }
}
