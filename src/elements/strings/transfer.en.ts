/** What `<settings-panel>` says about files and embed code. */
export const transferStrings = {
  title: 'Export and import',
  hint: 'All that is set, as JSON: no key, no password, nothing of the profile.',
  nothing: 'Nothing is set yet.',
  download: 'Download JSON',
  copy: 'Copy JSON',
  copied: 'Copied.',
  notCopied: 'The browser did not let this be copied.',
  import: 'Import a file…',
  imported: (count: number) =>
    count === 1
      ? 'One setting was imported. Undo takes it back.'
      : `${count} settings were imported. Undo takes them back.`,
  same: 'Everything in this file is set already.',
  unreadable: 'This file is not JSON that was exported here: an object with a value for each setting.',
  tooLarge: 'This file is too large to hold settings.',
  embed: 'Embed code',
  embedHint: 'The elements with what is set now, for a page of your own. Visitors see it so without an account.',
  embedFill: 'Put in where livelit.js lies on your server, and your project’s address and publishable key.',
  embedCopy: 'Copy embed code',
  code: 'Embed code',
} as const;
