/** What a chat says beyond its first paint. */
export const chatMoreStrings = {
  copy: 'Copy',
  copyCode: 'Copy code',
  copied: 'Copied',
  showImage: (description: string, host: string) =>
    description ? `Show image from ${host}: ${description}` : `Show image from ${host}`,
} as const;
