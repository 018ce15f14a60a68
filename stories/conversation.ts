import type { Message } from 'livelit';
import { MemoryBackend } from 'livelit/testing';

/** New with each page, as the locks of two tabs that send in one conversation are shared. */
export const SESSION = crypto.randomUUID();

export const TOPIC = `chat:${SESSION}`;

const OWNER = { userId: '0e0c9b1e-7f5a-4a8f-8d4e-3c1b2a990d11', anonymous: false, email: 'noor@example.org' };

const VISITOR = { userId: '0e0c9b1e-7f5a-4a8f-8d4e-3c1b2a990d10', anonymous: true, email: '' };

type Line = readonly [
  author: Message['author'],
  content: string,
  status?: Message['status'],
  more?: Partial<Pick<Message, 'sources' | 'feedback'>>,
];

/** What a client asks of the function `chat`. */
interface Asked {
  readonly action: string;
  readonly client_id?: string;
  readonly content?: string;
  readonly message_id?: string;
}

export interface ChatOptions {
  /** What was said before, oldest first. */
  readonly lines?: readonly Line[];
  /** Answers in place of the model that this module plays; an error that it throws is the function's. */
  readonly answer?: () => Promise<never>;
  /** After how many words the reply pauses for good. */
  readonly pauseAfter?: number;
  /** Between two words, ms. */
  readonly paceMs?: number;
  /** Questions to begin with. */
  readonly suggestions?: readonly string[];
  /** For how long the owner of the site counts as here, ms. */
  readonly ownerHereMs?: number;
  readonly closed?: boolean;
  /** Whoever looks runs the site. */
  readonly asOwner?: boolean;
}

/** A project with one conversation in it, and a function `chat` that saves and streams as the real one does. */
export function chatProject(options: ChatOptions = {}) {
  const {
    lines = [],
    answer,
    pauseAfter = Infinity,
    paceMs = 0,
    suggestions = [],
    ownerHereMs,
    closed,
    asOwner = false,
  } = options;
  let rows = lines.map(rowOf);
  let stopped = new AbortController();
  const save = (row: Row) => {
    rows = [...rows.filter(({ id }) => id !== row.id), row];
    project.fill('chat_messages', rows);
  };
  const send = ({ client_id, content = '' }: Asked) => {
    const question = { ...rowOf(['visitor', content], rows.length), client_id: client_id ?? null };
    const reply = rowOf(['model', '', 'streaming'], rows.length + 1);
    save(question);
    save(reply);
    stopped = new AbortController();
    const { signal } = stopped;
    return streamed(async (tell) => {
      tell('meta', { session_id: SESSION, user_message_id: question.id, message_id: reply.id, created: false });
      let text = '';
      for (const [index, word] of words(REPLY).entries()) {
        if (index === pauseAfter) await never;
        if (signal.aborted) break;
        tell('delta', { at: text.length, text: word });
        text += word;
        if (paceMs) await new Promise((resolve) => setTimeout(resolve, paceMs));
      }
      const status = signal.aborted ? 'stopped' : 'complete';
      save({ ...reply, content: text, status });
      tell('usage', { model: 'gpt-4o-mini', input_tokens: 412, cached_tokens: 0, output_tokens: 58, estimated: false });
      tell('done', { message_id: reply.id, status });
    });
  };
  const project = new MemoryBackend({
    session: asOwner ? OWNER : VISITOR,
    tables: {
      chat_sessions: [
        {
          id: SESSION,
          owner_active_until: ownerHereMs ? new Date(Date.now() + ownerHereMs).toISOString() : null,
          closed_at: closed ? new Date().toISOString() : null,
        },
      ],
      chat_messages: rows,
    },
    procedures: {
      chat_info: () => ({ greeting: '', suggestions, max_message_length: 2_000 }),
      chat_session_list: ({ p_scope }) => ({
        rows: p_scope === 'all' ? everybody() : PAST,
        next: null,
        at: Date.now(),
      }),
      chat_session_read: () => undefined,
      chat_owner_here: () => undefined,
      chat_knowledge_list: () => TEXTS,
      chat_feedback({ p_message_id, p_feedback }) {
        const row = rows.find(({ id }) => id === p_message_id)!;
        const record = { ...row, feedback: p_feedback as 'up' | 'down' | null };
        save(record);
        project.emit(TOPIC, { event: 'message', payload: { op: 'UPDATE', record } });
      },
      chat_typing: () => true,
    },
    functions: {
      chat(body) {
        const asked = body as Asked;
        if (asked.action === 'stop') {
          stopped.abort();
          return;
        }
        return answer ? answer() : send(asked);
      },
    },
  });
  return project;
}

/** Says something as a visitor does: writes it, and sends the form. */
export function say(element: HTMLElement, text: string): void {
  const input = element.shadowRoot!.querySelector('textarea')!;
  input.value = text;
  input.dispatchEvent(new InputEvent('input', { bubbles: true }));
  input.form!.requestSubmit();
}

export const never = new Promise<never>(() => {});

/** A first visit, a good answer, and a second question. */
export const SHORT: readonly Line[] = [
  ['visitor', 'Hi! Do you also draw maps for print, or only for the web?'],
  ['model', 'Both. The night bus atlas was printed in 2,000 copies, one sheet of 84 × 119 cm, drawn by a script.'],
  ['visitor', 'What did the script do?'],
  [
    'model',
    'Three things:\n\n1. read the timetables of nine cities,\n2. moved the labels until none covered another,\n' +
      '3. wrote one PDF with spot colours.\n\nThe second took a summer.',
  ],
];

/** Far more than fits. */
export const LONG: readonly Line[] = Array.from({ length: 12 }, () => SHORT).flat();

/** What paper and screens do to the edges of a bubble. */
export const AWKWARD: readonly Line[] = [
  ['visitor', 'https://example.org/tides/harbours/north-sea/' + 'a-very-long-segment-'.repeat(6) + '?from=2026-11-01'],
  ['model', 'k'],
  ['visitor', 'const metres = (knots: number) => knots * 0.514444;\n\tconsole.log(metres(12));'],
  ['model', 'Prices: €1,200 — “flat”, for 3 weeks; 50 % up front. <b>No markup</b> & no tricks 🗺️'],
];

/** What a portfolio's model says when it is asked how something works. */
export const RICH: readonly Line[] = [
  ['visitor', 'How do you keep labels from covering each other?'],
  [
    'model',
    'In **two passes** [1]:\n\n1. place every label at its best spot,\n2. move what overlaps, *least important first*.\n\n' +
      '```ts\n// The free side with the most room.\nconst free = sides.filter((side) => !covered(side));\nreturn free.at(0) ?? hide(label);\n```\n\n' +
      '| city | labels | moved |\n|---|---|---|\n| Lisbon | 412 | 37 |\n| Oslo | 268 | 9 |\n\n' +
      '> It took a summer.\n\nThe settings are in `label_placement.json`; see https://example.org/labels. ![Before and after](https://example.org/labels.png)',
    'complete',
    {
      sources: [
        { n: 1, title: 'Night bus atlas', url: 'https://example.org/atlas', quote: 'Labels are placed twice.' },
      ],
      feedback: 'up',
    },
  ],
];

/** Earlier conversations. */
const PAST = [
  ['Do you lend the printed atlas to schools?', 3],
  ['What is a hillshade?', 12],
].map(([title, days]) => ({
  id: crypto.randomUUID(),
  title,
  visitor_name: null,
  last_message_at: new Date(Date.now() - Number(days) * 86_400_000).toISOString(),
  closed_at: null,
  owner_active_until: null,
  streaming: false,
  last: { role: 'assistant', author: 'model', status: 'complete', content: '…', created_at: '' },
}));

/** All conversations, as the owner of the site sees them: the first is the one whose messages are here. */
function everybody() {
  const row = (id: string, minutes: number, title: string, more: object = {}) => ({
    id,
    title,
    visitor_name: null,
    last_message_at: new Date(Date.now() - minutes * 60_000).toISOString(),
    closed_at: null,
    owner_active_until: null,
    streaming: false,
    last: { role: 'assistant', author: 'model', status: 'complete', content: 'Both. The night bus atlas was…' },
    email: null,
    messages: 4,
    unread: 0,
    ...more,
  });
  const last = (content: string) => ({ role: 'user', author: 'visitor', status: 'complete', content });
  const later = new Date(Date.now() + 90_000).toISOString();
  return [
    row(SESSION, 1, 'Hi! Do you also draw maps for print, or only for the web?', {
      unread: 2,
      last: last('And could you begin in January? Our valley is 40 km long, and the snow is gone by then.'),
    }),
    row(crypto.randomUUID(), 3, 'Which data do you use?', { streaming: true, visitor_name: 'Ines', unread: 1 }),
    row(crypto.randomUUID(), 26, 'ما تكلفة خريطة واحدة؟', { owner_active_until: later, email: 'salma@example.org' }),
    row(crypto.randomUUID(), 190, 'A map for our school', { closed_at: new Date().toISOString() }),
    ...Array.from({ length: 96 }, (_, day) =>
      row(
        crypto.randomUUID(),
        1_440 * (day + 1),
        day % 3 ? 'Do you lend the atlas to schools?' : 'What is a hillshade?',
      ),
    ),
  ];
}

const TEXTS = [
  ['About me', '/about', 1_240, 2],
  ['Night bus atlas', 'https://example.org/atlas', 5_812, 7],
  ['Prices, and what is in them', null, 890, 1],
].map(([title, url, characters, passages]) => ({
  id: crypto.randomUUID(),
  title,
  url,
  characters,
  passages,
  updated_at: new Date().toISOString(),
}));

export const ARABIC: readonly Line[] = [
  ['visitor', 'مرحبًا! هل ترسمين خرائط للطباعة أيضًا؟'],
  ['model', 'نعم. طُبع أطلس حافلات الليل في 2,000 نسخة، ورسمه برنامج صغير.'],
  ['visitor', 'كم يستغرق مشروع مثل "Contours in the browser"؟'],
  ['model', 'نحو ستة أسابيع، ثلاثة منها للبيانات (OpenTopography) والباقي للرسم.'],
];

const REPLY =
  'About six weeks for a map like that: two to clean the elevation data, three for the renderer, and one for everything ' +
  'that nobody thinks of before. I have time from the second week of January.';

const words = (text: string) => text.match(/\S+\s*/g) ?? [];

type Row = ReturnType<typeof rowOf>;

const START = Date.now() - 3_600_000;

function rowOf([author, content, status = 'complete', more = {}]: Line, index: number) {
  return {
    id: crypto.randomUUID(),
    session_id: SESSION,
    seq: index + 1,
    client_id: null as string | null,
    role: author === 'visitor' ? ('user' as const) : ('assistant' as const),
    author,
    status,
    content,
    created_at: new Date(START + index * 40_000).toISOString(),
    superseded_at: null,
    sources: more.sources ?? null,
    feedback: more.feedback ?? null,
  };
}

/** Server-sent events, as they are told. */
function streamed(story: (tell: (event: string, data: object) => void) => Promise<void>): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      await story((event, data) =>
        controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)),
      );
      controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}
