/** What `<settings-panel>` says about sharing usage. */
export const shareStrings = {
  title: 'Public share',
  public: 'Show my daily totals to everybody',
  hint: 'Totals of a day, without models, projects and names, for whoever has the code below. Off: it shows nothing, at once.',
  code: 'Code for a page',
  copy: 'Copy code',
  copied: 'Copied.',
  notCopied: 'The browser did not let this be copied.',
  made: 'Your daily totals are public now.',
  ended: 'Your daily totals are not public any more.',
  source: { saved: 'Account', pending: 'Saving…' },
} as const;
