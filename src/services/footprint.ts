/** What the functions estimate with: the one import that crosses over to them, together with `pricing.ts`. */
export {
  co2Grams,
  usageFootprint,
  type Footprint,
  type UsageFootprint,
  type UsedTokens,
} from '../../supabase/functions/_shared/footprint.ts';
