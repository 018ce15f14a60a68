import type { TopicTables } from '../store/table-changes.ts';

/** The tables behind the topics, for projects that let Realtime watch tables instead of sending broadcasts. */
export const TOPIC_TABLES: TopicTables = {
  'user:': [
    ...[
      'usage_data',
      'usage_tracking',
      'usage_shares',
      'sync_runs',
      'sync_schedules',
      'usage_logs',
      'credit_purchases',
    ].map((table) => ({ table, column: 'user_id' })),
    // Also to who pays.
    ...['usage_logs', 'credit_purchases'].map((table) => ({ table, column: 'owner_id' })),
  ],
  // Who may see a row decides who hears of it.
  'admin:': [{ table: 'usage_logs' }, { table: 'credit_purchases' }],
  'admin:chat': [{ table: 'chat_sessions' }, { table: 'chat_knowledge' }],
  'chat:': [
    { table: 'chat_messages', column: 'session_id', rowEvent: 'message' },
    // Who is there, and whether it is over. Typing stands in no table: nobody is told of it this way.
    { table: 'chat_sessions', column: 'id', rowEvent: 'session' },
  ],
};
