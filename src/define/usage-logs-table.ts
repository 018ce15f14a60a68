import { UsageLogsTableElement } from '../elements/usage-logs-table.ts';
import { register } from './register.ts';

register('usage-logs-table', UsageLogsTableElement);
