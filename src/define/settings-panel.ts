import { SettingsPanelElement } from '../elements/settings-panel.ts';
import { register } from './register.ts';

register('settings-panel', SettingsPanelElement);
