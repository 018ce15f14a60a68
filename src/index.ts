/** All that is public, by name. Importing it does nothing; `livelit/define` registers the elements. */
export { connect, disconnect, type ConnectOptions, type Timings } from './connect.ts';
export { LivelitError, type ErrorCode } from './store/error.ts';
export type { Live, Snapshot, Status } from './store/live.ts';
export {
  onAuthChange,
  requestCode,
  resetPassword,
  session,
  sessionHosted,
  signIn,
  signOut,
  signUp,
  updatePassword,
  verifyCode,
  type Session,
} from './services/account.ts';
export {
  apiKeys,
  deleteApiKey,
  keyComplaint,
  onApiKeysUpdate,
  PROVIDERS,
  saveApiKey,
  validateApiKey,
  type ApiKey,
  type ApiKeysChange,
  type KeyCheck,
  type Provider,
} from './services/api-keys.ts';
export {
  closeConversation,
  conversations,
  deleteConversation,
  joinConversation,
  type Conversation,
} from './services/chat-conversations.ts';
export {
  chatKnowledge,
  deleteKnowledge,
  saveKnowledge,
  type KnowledgeDraft,
  type KnowledgeText,
} from './services/chat-knowledge.ts';
export { chatSettings, saveChatSettings, type ChatSettings, type ChatSettingsPatch } from './services/chat-settings.ts';
export { discardMessage, replyAsOwner, retryMessage, stopReply } from './services/chat-turns.ts';
export {
  currentSession,
  MAX_MESSAGE_LENGTH,
  messages,
  newConversation,
  sendMessage,
  type Message,
  type SendError,
} from './services/chat.ts';
export {
  co2Grams,
  usageFootprint,
  type Footprint,
  type UsageFootprint,
  type UsedTokens,
} from './services/footprint.ts';
export {
  discardImport,
  exportUsage,
  importUsage,
  migrateUsage,
  type MigrationProgress,
  type UsageBackup,
} from './services/migration.ts';
export { pagePreferences, type PagePreferences } from './services/page-preferences.ts';
export { costOf, priceOf, type Price, type TokenCounts } from './services/pricing.ts';
export { profile, PROFILE_FIELDS, saveProfile, type Profile, type ProfilePatch } from './services/profile.ts';
export {
  getLatestSettings,
  refreshSettings,
  resolveSetting,
  saveSettings,
  settings,
  subscribeToSettingsChanges,
  updateSettingsRealtime,
  type RefusedSetting,
  type Setting,
  type Settings,
  type SettingsChange,
} from './services/settings.ts';
export {
  addSettings,
  settingsGroups,
  type SettingField,
  type SettingsGroup,
  type SettingsPatch,
  type SettingValue,
  type SettingValues,
} from './services/settings-schema.ts';
export { connection, discardWrite, retryWrite, type Connection, type ConnectionState } from './services/sync.ts';
export {
  startAutoSync,
  stopAutoSync,
  syncNow,
  syncRunning,
  syncState,
  syncStatistics,
  syncSuccessRate,
  type SyncRun,
  type SyncState,
  type SyncStatistics,
} from './services/usage-sync.ts';
export { readMore, usageEntries, usageUsers } from './services/usage-logs.ts';
export { exportEntries, exportUsers, type LogFileFormat, type LogFilePiece } from './services/usage-logs-export.ts';
export type {
  EntrySort,
  EntryView,
  LogEntries,
  LogEntry,
  LogFilters,
  LogTotals,
  LogUser,
  LogUsers,
  UserSort,
  UserView,
} from './services/usage-logs-view.ts';
export { dailyUsage, previousUsage, usageTotals } from './services/usage.ts';
export {
  limitNow,
  resetsAt,
  setUsageLimit,
  usageLimits,
  type LimitMetric,
  type LimitPeriod,
  type UsageLimit,
} from './services/usage-limits.ts';
export { usageShare, type UsageShare } from './services/usage-share.ts';
export { createShare, MAX_LABEL_LENGTH, revokeShare, usageShares, type OwnShare } from './services/usage-shares.ts';
export { usageCsv } from './services/usage-csv.ts';
export {
  lastDays,
  rangeDays,
  usageChange,
  usageSeries,
  type UsageGroup,
  type UsageLine,
  type UsageMetric,
  type UsageRange,
  type UsageRow,
  type UsageSeries,
  type UsageSums,
  type UsageTotals,
} from './services/usage-series.ts';
export { applySettings, type ApplyOptions } from './elements/apply-settings.ts';
export { ChatBoxSendEvent, ChatBoxSentEvent } from './elements/chat-box.events.ts';
export { ChatBoxElement } from './elements/chat-box.ts';
export {
  SettingsPanelSavedEvent,
  SettingsPanelSaveEvent,
  SettingsPanelSessionEvent,
} from './elements/settings-panel.events.ts';
export { SettingsPanelElement } from './elements/settings-panel.ts';
export { SyncStatusSyncedEvent } from './elements/sync-status.events.ts';
export { SyncStatusElement } from './elements/sync-status.ts';
export type { ChartType, UsageChartChoice } from './elements/usage-chart.choice.ts';
export {
  UsageChartChangedEvent,
  UsageChartExportEvent,
  UsageChartLimitEvent,
  UsageChartMovedEvent,
} from './elements/usage-chart.events.ts';
export { UsageChartElement } from './elements/usage-chart.ts';
export {
  UsageLogsTableActivityEvent,
  UsageLogsTableExportEvent,
  UsageLogsTableOpenEvent,
} from './elements/usage-logs-table.events.ts';
export { UsageLogsTableElement } from './elements/usage-logs-table.ts';
