import type { TopicTables } from '../store/table-changes.ts';

/** The tables behind the topics, for projects that let Realtime watch tables instead of sending broadcasts. */
export const TOPIC_TABLES: TopicTables = {
  'user:': ['usage_data', 'usage_tracking', 'usage_shares', 'sync_runs', 'sync_schedules'].map((table) => ({
    table,
    column: 'user_id',
  })),
  'chat:': [{ table: 'chat_messages', column: 'session_id', rowEvent: 'message' }],
};
