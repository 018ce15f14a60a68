import '../../../src/define/chat-box.ts';
import { MarkdownWriter } from '../../../src/elements/chat-box.markdown.ts';
import { connectToMemory, MemoryBackend } from '../../../src/testing.ts';
import { PAYLOADS } from './payloads.ts';

/** Of what a thread renders at once. */
const BATCH = 20;

/** All that a chat has reason to be made of; what a payload wants is not in it. */
const TAGS = new Set(
  (
    'div header slot strong span details summary svg path p button textarea form ol ul li ' +
    'a em s code pre blockquote br hr table thead tbody tr th td'
  ).split(' '),
);

const violations: string[] = [];
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
  violations.push(`${violatedDirective} ${blockedURI} ${sample}`),
);

const nextFrame = () => new Promise(requestAnimationFrame);

/** What should not be in a tree: a line each. */
function faults(root: ParentNode): string[] {
  return [...root.querySelectorAll('*')].flatMap((element) => {
    const { localName, attributes } = element;
    const bad = TAGS.has(localName) ? [] : [`<${localName}>`];
    for (const { name, value } of attributes) {
      if (name.startsWith('on') || name === 'style' || name === 'src' || name === 'srcdoc')
        bad.push(`${name}=${value}`);
      if (name === 'href' && !/^(https?:|mailto:)/.test(value)) bad.push(`href=${value}`);
    }
    if (localName === 'a' && element.hasAttribute('href') && !element.getAttribute('rel')?.includes('noopener')) {
      bad.push('a link without rel');
    }
    return bad;
  });
}

const sessions = Array.from({ length: Math.ceil(PAYLOADS.length / BATCH) }, () => crypto.randomUUID());

const rows = PAYLOADS.flatMap((content, index) =>
  (['visitor', 'model'] as const).map((author, side) => ({
    id: crypto.randomUUID(),
    session_id: sessions[Math.floor(index / BATCH)],
    seq: 2 * index + side,
    client_id: null,
    role: author === 'visitor' ? 'user' : 'assistant',
    author,
    status: 'complete',
    content,
    created_at: new Date().toISOString(),
    superseded_at: null,
  })),
);

const VISITOR = { userId: 'visitor', anonymous: true, email: '' };

/** Shows every payload as what a visitor has written and as what the model has, and says what went wrong. */
async function run() {
  const tables = { chat_messages: rows, chat_sessions: sessions.map((id) => ({ id })) };
  connectToMemory(new MemoryBackend({ session: VISITOR, tables }));
  const chat = document.createElement('chat-box');
  document.body.append(chat);
  const wrong: string[] = [];
  let shown = 0;
  for (const session of sessions) {
    chat.session = session;
    const own = rows.filter((row) => row.session_id === session);
    const bubbles = () => [...chat.shadowRoot!.querySelectorAll('[part~="bubble"]')];
    const first = () => bubbles()[0]?.textContent === own[0]!.content && chat.shadowRoot!.querySelector('.rich');
    while (!first() || bubbles().length < own.length) await nextFrame();
    for (const fault of faults(chat.shadowRoot!)) wrong.push(fault);
    for (const [index, row] of own.entries()) {
      if (row.author === 'visitor' && bubbles()[index]!.textContent !== row.content) wrong.push(`lost: ${row.content}`);
    }
    shown += own.length;
  }
  // A reply that is still being written passes through every beginning of it.
  for (const payload of PAYLOADS) {
    const root = document.body.appendChild(document.createElement('div'));
    const writer = new MarkdownWriter(root);
    for (let end = 1; end <= payload.length; end += 1) {
      writer.write(payload.slice(0, end), end === payload.length);
      for (const fault of faults(root)) wrong.push(`${fault} in ${payload.slice(0, end)}`);
    }
    root.remove();
  }
  await nextFrame();
  return { shown, wrong, violations, ran: 'ran' in globalThis };
}

Object.assign(globalThis, { run });
