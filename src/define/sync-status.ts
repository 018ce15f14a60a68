import { SyncStatusElement } from '../elements/sync-status.ts';
import { register } from './register.ts';

register('sync-status', SyncStatusElement);
