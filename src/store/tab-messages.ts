import type { Link, TopicEvent, TopicState } from './backend.ts';
import { LivelitError, type WireError } from './error.ts';

/** A topic's state as it crosses from tab to tab: an error loses its class on the way. */
interface WireState {
  readonly state: TopicState['state'];
  readonly error?: WireError | undefined;
}

/** What tabs say to each other. */
export type Message = { readonly from: string } & (
  | { readonly kind: 'want'; readonly topics: readonly string[] }
  | { readonly kind: 'bye' }
  | { readonly kind: 'wake' }
  | { readonly kind: 'lead'; readonly reliable: boolean; readonly link: Link | undefined }
  | { readonly kind: 'state'; readonly to?: string; readonly topic: string; readonly state: WireState }
  | { readonly kind: 'event'; readonly topic: string; readonly event: TopicEvent }
);
/** … before it is known who says it. */
export type Said = Message extends infer Each ? (Each extends Message ? Omit<Each, 'from'> : never) : never;

export const toWire = (state: TopicState): WireState =>
  'error' in state
    ? {
        state: state.state,
        error: { code: state.error.code, reason: state.error.reason, message: state.error.message },
      }
    : { state: state.state };

export const fromWire = ({ state, error }: WireState): TopicState =>
  state === 'lost' || state === 'refused' ? { state, error: LivelitError.fromWire(error ?? {}) } : { state };
