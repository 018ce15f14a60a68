import { UsageChartElement } from '../elements/usage-chart.ts';
import { register } from './register.ts';

register('usage-chart', UsageChartElement);
