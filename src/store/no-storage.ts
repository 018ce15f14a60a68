/**
 * Stands in for `@supabase/storage-js` in the script-tag bundle: supabase-js makes a storage client in its constructor,
 * and the kit never uses one. Saves 6 kB of the 57 kB that supabase-js has, gzipped.
 */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- it is made with `new`, and then left alone
export class StorageClient {}

export class StorageApiError extends Error {}
