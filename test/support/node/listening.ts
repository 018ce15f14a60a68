import type { RealtimeChannel, SupabaseClient } from '@supabase/supabase-js';

interface Message {
  readonly event: string;
  readonly payload: Record<string, unknown>;
  readonly meta?: { readonly id: string };
}

/** What a channel of an unmodified supabase-js has been told so far. */
export interface Listening {
  readonly channel: RealtimeChannel;
  /** Each status of the channel; of an error its sentence too. */
  readonly statuses: string[];
  readonly errors: string[];
  readonly messages: Message[];
  /** The sentences of `system` events that are errors. */
  readonly complaints: string[];
}

/** Joins a topic with the client's token of the moment. */
export async function listen(
  client: SupabaseClient,
  topic: string,
  config: { private?: boolean } = { private: true },
): Promise<Listening> {
  await client.realtime.setAuth();
  const channel = client.channel(topic, { config });
  const listening: Listening = { channel, statuses: [], errors: [], messages: [], complaints: [] };
  channel
    .on('broadcast', { event: '*' }, (message) => void listening.messages.push(message as unknown as Message))
    .on('system', {}, ({ status, message }: { status: string; message: string }) => {
      if (status === 'error') listening.complaints.push(message);
    })
    .subscribe((status, error) => {
      listening.statuses.push(status);
      if (error) listening.errors.push(error.message);
    });
  return listening;
}
