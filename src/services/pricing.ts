/** What the functions price with: the one import that crosses over to them, together with `footprint.ts`. */
export { costOf, priceOf, type Price, type TokenCounts } from '../../supabase/functions/_shared/pricing.ts';
