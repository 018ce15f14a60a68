/**
 * The page of `npm run bench:stream`: a reply of 2,000 tokens into `<chat-box>`, into deep-chat, and into a plain element
 * whose text grows once a frame. Each answers when the whole reply is on screen.
 */
import { disconnect } from 'livelit';
import 'livelit/define';
import { connectToMemory, MemoryBackend } from 'livelit/testing';
import * as smd from 'streaming-markdown';

const TOKENS = 2_000;
const SESSION = crypto.randomUUID();
const END = 'The end.';

/** Prose with lists, emphasis and code, as models write it: about four characters a token. */
const BLOCK =
  'A map is **never** finished: it is only *printed*. The labels are placed by `place()` in two passes.\n\n' +
  '- the rivers come first,\n- then the towns, by size,\n- and last whatever still finds room.\n\n' +
  '```ts\nconst free = sides.filter((side) => !covered(side));\nreturn free.at(0) ?? hide(label);\n```\n\n';

const TEXT =
  BLOCK.repeat(Math.ceil((TOKENS * 4) / BLOCK.length)).slice(0, TOKENS * 4 - END.length - 6) + '\n```\n\n' + END;

const tokens = TEXT.match(/[^]{1,4}/g)!;

/** Says the tokens at a pace, or all of them a hundred a task, as fast as a socket brings them. */
async function speak(perSecond: number, say: (token: string) => void): Promise<void> {
  const began = performance.now();
  for (let said = 0; said < tokens.length;) {
    await new Promise((resolve) => setTimeout(resolve, perSecond === Infinity ? 0 : 5));
    const due = perSecond === Infinity ? said + 100 : Math.ceil(((performance.now() - began) * perSecond) / 1_000);
    for (; said < Math.min(due, tokens.length); said += 1) say(tokens[said]!);
  }
}

const nextFrame = () => new Promise(requestAnimationFrame);

/** A parser may wait for what follows the last sign. */
async function shown(text: () => string | undefined): Promise<void> {
  while (!text()?.includes(END.slice(0, -1))) await nextFrame();
  await nextFrame();
}

interface Subject {
  readonly ready: () => Promise<void>;
  readonly stream: (perSecond: number) => Promise<void>;
}

function ours(): Subject {
  const reply = {
    id: 'reply',
    session_id: SESSION,
    seq: 1,
    client_id: null,
    role: 'assistant',
    author: 'model',
    status: 'streaming',
    content: '# \n',
    created_at: new Date().toISOString(),
    superseded_at: null,
  };
  const backend = new MemoryBackend({
    session: { userId: 'bench', anonymous: true, email: '' },
    tables: { chat_sessions: [{ id: SESSION }], chat_messages: [reply] },
    procedures: { chat_info: () => ({ greeting: '', suggestions: [], max_message_length: 2_000 }) },
  });
  const chat = document.createElement('chat-box');
  chat.session = SESSION;
  const root = () => chat.shadowRoot!;
  return {
    async ready() {
      document.body.append(chat);
      connectToMemory(backend);
      while (!root().querySelector('.rich')) await nextFrame();
    },
    async stream(perSecond) {
      let at = reply.content.length;
      await speak(perSecond, (text) => {
        backend.emit(`chat:${SESSION}`, { event: 'partial', payload: { message_id: 'reply', at, text } });
        at += text.length;
      });
      await shown(() => root().querySelector('.rich')!.lastElementChild?.textContent);
      disconnect();
    },
  };
}

function plain(): Subject {
  const log = document.createElement('div');
  const bubble = log.appendChild(document.createElement('div'));
  return {
    ready() {
      log.style.cssText = 'block-size: 28rem; overflow: auto';
      bubble.style.whiteSpace = 'pre-wrap';
      document.body.append(log);
      return Promise.resolve();
    },
    async stream(perSecond) {
      let waiting = '';
      await speak(perSecond, (token) => {
        if (!waiting) {
          requestAnimationFrame(() => {
            bubble.append(waiting);
            waiting = '';
            log.scrollTop = log.scrollHeight;
          });
        }
        waiting += token;
      });
      await shown(() => bubble.textContent.slice(-200));
    },
  };
}

/** What a parser and the DOM cost by themselves: the words go into it once a frame, and nothing else happens. */
function bare(): Subject {
  const log = document.createElement('div');
  const parser = smd.parser(smd.default_renderer(log));
  return {
    ready() {
      log.style.cssText = 'block-size: 28rem; overflow: auto';
      document.body.append(log);
      return Promise.resolve();
    },
    async stream(perSecond) {
      let waiting = '';
      await speak(perSecond, (token) => {
        if (!waiting) {
          requestAnimationFrame(() => {
            smd.parser_write(parser, waiting);
            waiting = '';
            log.scrollTop = log.scrollHeight;
          });
        }
        waiting += token;
      });
      await shown(() => log.lastElementChild?.textContent);
    },
  };
}

interface DeepChat extends HTMLElement {
  connect: object;
  submitUserMessage: (message: object) => void;
}

function deep(): Subject {
  let chat: DeepChat;
  let start: (signals: { onResponse: (response: object) => void; onOpen: () => void; onClose: () => void }) => void;
  const started = new Promise<Parameters<typeof start>[0]>((resolve) => (start = resolve));
  return {
    async ready() {
      // An element that is made before its class is here would keep its properties to itself.
      await import('deep-chat');
      chat = document.createElement('deep-chat') as DeepChat;
      chat.connect = {
        stream: true,
        handler: (_: unknown, signals: Parameters<typeof start>[0]) => start(signals),
      };
      document.body.append(chat);
      while (!chat.shadowRoot?.querySelector('#text-input')) await nextFrame();
      chat.submitUserMessage({ text: 'Go' });
      (await started).onOpen();
    },
    async stream(perSecond) {
      const { onResponse, onClose } = await started;
      await speak(perSecond, (text) => onResponse({ text }));
      await shown(() => chat.shadowRoot!.querySelector('#messages')?.textContent?.slice(-400));
      onClose();
    },
  };
}

/** Nothing at all, for as long as a reply takes. */
function idle(): Subject {
  return {
    ready: () => Promise.resolve(),
    stream: (perSecond) => speak(perSecond, () => undefined),
  };
}

Object.assign(globalThis, { subjects: { ours, plain, bare, deep, idle } });
