import { html } from 'lit';
import { LivelitError } from 'livelit';
import { MemoryBackend } from 'livelit/testing';
import {
  ARABIC,
  AWKWARD,
  chatProject,
  LONG,
  never,
  RICH,
  say,
  SESSION,
  SHORT,
  TOPIC,
  type ChatOptions,
} from './conversation.ts';
import type { Stage, Stories, Story } from './story.ts';

const QUESTION = 'How long would a map of our valley take, and when could you begin?';

const lost = new LivelitError('unavailable', 'The connection was lost. It is being restored.', { reason: 'socket' });

/** A day: longer than anybody looks at a story. */
const offline = new LivelitError('offline', 'The server cannot be reached.', { retryAfterMs: 86_400_000 });

const box = () => html`<chat-box session=${SESSION}></chat-box>`;

const live: Story = {
  says: 'A conversation that goes on: write something, and the reply streams in.',
  states: ['live'],
  backend: () => chatProject({ lines: SHORT, paceMs: 60 }),
  render: box,
};

/** A visitor asks, and what becomes of it is there to be seen in a part of the element. */
const asking = (says: string, part: string, options: ChatOptions): Story => ({
  ...live,
  says,
  backend: () => chatProject({ lines: SHORT, ...options }),
  async act(stage) {
    await untilLive(stage);
    say(stage.element, QUESTION);
    await untilPart(stage, part);
  },
});

const refusing = (error: LivelitError): ChatOptions => ({ answer: () => Promise.reject(error) });

const untilLive = ({ element, until }: Stage) => until(() => element.matches(':state(live)'));

const untilPart = ({ element, until }: Stage, part: string) =>
  until(() => element.renderRoot.querySelector(`[part~="${part}"]`));

async function openFirst(stage: Stage): Promise<void> {
  const { element, until } = stage;
  await untilPart(stage, 'conversation');
  element.renderRoot.querySelector<HTMLElement>('[part~="conversation"]')!.click();
  await until(
    () => element.renderRoot.querySelectorAll('li[part~="row"]').length > 3 && element.matches(':state(live)'),
  );
}

async function openKnowledge(stage: Stage): Promise<void> {
  await untilPart(stage, 'conversation');
  stage.element.renderRoot.querySelectorAll<HTMLElement>('[part~="tab"]')[1]!.click();
  await untilPart(stage, 'add');
}

export const stories: Stories = {
  idle: {
    says: 'Somebody is here for the first time and has not written yet.',
    states: ['idle'],
    backend: () => new MemoryBackend(),
    render: () => html`<chat-box></chat-box>`,
  },
  'not-connected': {
    says: 'The page has no project, and the visitor tries to send: what was written stays.',
    states: ['idle'],
    render: () => html`<chat-box></chat-box>`,
    async act(stage) {
      say(stage.element, QUESTION);
      await untilPart(stage, 'error');
    },
  },
  loading: {
    says: 'The history of a conversation is on its way.',
    states: ['loading'],
    backend: () => {
      const project = chatProject({ lines: SHORT });
      project.hold();
      return project;
    },
    render: box,
  },
  live,
  refreshing: {
    ...live,
    says: 'The connection came back, and what was said meanwhile is being fetched.',
    states: ['refreshing'],
    async act(stage) {
      await untilLive(stage);
      stage.project.hold();
      stage.project.turn({ state: 'joined' });
    },
  },
  stale: {
    ...live,
    says: 'The connection was lost: what was said stays, news may be missing.',
    states: ['stale'],
    async act(stage) {
      await untilLive(stage);
      stage.project.turn({ state: 'lost', error: lost });
    },
  },
  error: {
    ...live,
    says: 'The conversation belongs to somebody else.',
    states: ['error'],
    backend: () => {
      const project = chatProject({ lines: SHORT });
      project.fail(new LivelitError('forbidden', 'This conversation belongs to somebody else.', { reason: 'session' }));
      return project;
    },
  },
  streaming: {
    ...asking('A reply is being written, and can be stopped.', 'streaming', { pauseAfter: 17 }),
    states: ['live', 'streaming'],
  },
  waiting: {
    ...asking('The message is saved, and the model has not said a word yet.', 'streaming', { pauseAfter: 0 }),
    states: ['live', 'streaming'],
  },
  pending: asking('A message is on its way.', 'pending', { answer: () => never }),
  offline: asking('A message could not be sent, and goes out by itself later.', 'pending', refusing(offline)),
  failed: asking(
    'A message was refused: try again, or discard it.',
    'failed',
    refusing(
      new LivelitError('budget', 'This chat has reached its budget for today. It is back tomorrow (UTC).', {
        reason: 'daily_cap',
      }),
    ),
  ),
  full: asking(
    'A message was refused because the conversation is full: a new one can be begun.',
    'failed',
    refusing(
      new LivelitError('forbidden', 'This conversation is full. Please start a new one.', { reason: 'session_full' }),
    ),
  ),
  stopped: {
    ...live,
    says: 'The visitor stopped the reply; what was written stays.',
    backend: () =>
      chatProject({
        lines: [...SHORT, ['visitor', QUESTION], ['model', 'About six weeks for a map like that: two to', 'stopped']],
      }),
  },
  'reply-failed': {
    ...live,
    says: 'The model broke off, for good.',
    backend: () => chatProject({ lines: [...SHORT, ['visitor', QUESTION], ['model', '', 'error']] }),
  },
  owner: {
    ...live,
    says: 'The owner of the site has taken over from the model.',
    backend: () =>
      chatProject({
        lines: [
          ...SHORT,
          ['visitor', 'May I talk to you in person?'],
          ['owner', 'You may: this is Noor. Shall we say Thursday, ten o’clock in Lisbon?'],
        ],
      }),
  },
  long: {
    ...live,
    says: 'Far more than fits: the end is in view.',
    backend: () => chatProject({ lines: LONG }),
  },
  reading: {
    ...live,
    says: 'The reader has gone up: nothing moves them, and a button goes to the newest message.',
    backend: () => chatProject({ lines: [...LONG, ...LONG] }),
    async act(stage) {
      await untilLive(stage);
      const root = stage.element.renderRoot;
      await untilPart(stage, 'earlier');
      await stage.until(() => {
        if (!root.querySelector('[part~="jump"]')) root.querySelector('.log')!.scrollTop -= 100;
        return root.querySelector('[part~="jump"]');
      });
    },
  },
  rich: {
    ...live,
    says: 'Lists, code, a table, a quotation, sources; an image that waits to be asked for.',
    backend: () => chatProject({ lines: RICH }),
    async act(stage) {
      await untilLive(stage);
      await stage.until(() => stage.element.renderRoot.querySelector('.word'));
    },
  },
  suggestions: {
    says: 'The owner of the site has set questions to begin with.',
    states: ['live'],
    backend: () =>
      chatProject({ suggestions: ['What do you do?', 'Do you have time in January?', 'Show me a map in the browser'] }),
    render: box,
    act: (stage) => untilPart(stage, 'suggestions'),
  },
  menu: {
    ...live,
    says: 'The menu: a new conversation, the transcript, earlier conversations.',
    async act(stage) {
      await untilLive(stage);
      stage.element.renderRoot.querySelector('summary')!.click();
      await stage.until(() => stage.element.renderRoot.querySelectorAll('[part~="item"]').length > 2);
    },
  },
  editing: {
    ...live,
    says: 'The visitor edits what they have asked, at length.',
    async act(stage) {
      await untilLive(stage);
      await untilPart(stage, 'actions');
      stage.element.renderRoot.querySelector<HTMLElement>('.user [aria-label="Edit"]')!.click();
      const input = stage.element.renderRoot.querySelector('textarea')!;
      input.value = 'What did the script do, exactly? '.repeat(52);
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
      await untilPart(stage, 'hint');
    },
  },
  'owner-here': {
    ...live,
    says: 'The owner of the site is in the conversation, and typing.',
    states: ['live', 'owner'],
    backend: () => chatProject({ lines: SHORT, ownerHereMs: 3_600_000 }),
    async act(stage) {
      await untilLive(stage);
      await stage.until(() => stage.element.matches(':state(owner)'));
      stage.project.emit(TOPIC, { event: 'typing', payload: { author: 'owner' } });
      await untilPart(stage, 'typing');
    },
  },
  closed: {
    ...live,
    says: 'The owner of the site has closed the conversation.',
    backend: () => chatProject({ lines: SHORT, closed: true }),
    act: (stage) => untilPart(stage, 'closed'),
  },
  launcher: {
    ...live,
    says: 'A button in the corner of the page, with two replies that nobody has read.',
    render: () => html`<chat-box mode="launcher" session=${SESSION}></chat-box>`,
    act: (stage) => untilPart(stage, 'badge'),
  },
  open: {
    ...live,
    says: 'Opened over the page.',
    render: () => html`<chat-box mode="launcher" open session=${SESSION}></chat-box>`,
    act: (stage) => untilPart(stage, 'dialog'),
  },
  sessions: {
    says: 'To the owner of the site: all conversations, newest first.',
    states: ['live'],
    backend: () => chatProject({ lines: SHORT, asOwner: true }),
    render: () => html`<chat-box view="sessions"></chat-box>`,
    async act(stage) {
      await untilPart(stage, 'conversation');
      await untilPart(stage, 'older');
    },
  },
  session: {
    says: 'One of them: the owner has joined it, and the model yields.',
    states: ['live', 'owner'],
    backend: () => chatProject({ lines: SHORT, asOwner: true, ownerHereMs: 3_600_000 }),
    render: () => html`<chat-box view="sessions"></chat-box>`,
    async act(stage) {
      await openFirst(stage);
      await untilPart(stage, 'join');
      stage.element.renderRoot.querySelector<HTMLElement>('[part~="join"]')!.click();
    },
  },
  'session-delete': {
    says: 'The owner of the site is asked whether a conversation may be deleted.',
    states: ['live'],
    backend: () => chatProject({ lines: SHORT, asOwner: true }),
    render: () => html`<chat-box view="sessions"></chat-box>`,
    async act(stage) {
      await openFirst(stage);
      stage.element.renderRoot.querySelector('summary')!.click();
      await stage.until(() => stage.element.renderRoot.querySelectorAll('[part~="item"]').length > 2);
      [...stage.element.renderRoot.querySelectorAll<HTMLElement>('[part~="item"]')].at(-1)!.click();
      await untilPart(stage, 'notice');
    },
  },
  'sessions-refused': {
    says: 'Whoever does not run the site is told so.',
    states: ['idle'],
    backend: () => new MemoryBackend(),
    render: () => html`<chat-box view="sessions"></chat-box>`,
  },
  knowledge: {
    says: 'What the model may answer from, kept by the owner of the site.',
    states: ['live'],
    backend: () => chatProject({ asOwner: true }),
    render: () => html`<chat-box view="sessions"></chat-box>`,
    async act(stage) {
      await openKnowledge(stage);
      await untilPart(stage, 'text');
    },
  },
  'knowledge-text': {
    says: 'A text is being written.',
    states: ['live'],
    backend: () => chatProject({ asOwner: true }),
    render: () => html`<chat-box view="sessions"></chat-box>`,
    async act(stage) {
      await openKnowledge(stage);
      stage.element.renderRoot.querySelector<HTMLElement>('[part~="add"]')!.click();
      await untilPart(stage, 'text-form');
      stage.element.renderRoot.querySelector<HTMLInputElement>('[name="title"]')!.value = 'Workshops';
    },
  },
  'sessions-rtl': {
    says: 'All conversations, in a page that reads from right to left.',
    states: ['live'],
    backend: () => chatProject({ lines: ARABIC, asOwner: true }),
    render: () => html`<div dir="rtl" lang="ar"><chat-box view="sessions"></chat-box></div>`,
    act: openFirst,
  },
  slots: {
    ...live,
    says: 'With a header, a picture and a footer of the page’s own.',
    render: () => html`
      <chat-box session=${SESSION}>
        <span slot="avatar" aria-hidden="true">🗺️</span>
        <strong slot="header">Noor’s assistant</strong>
        <small slot="footer">Replies are written by a model and may be wrong.</small>
      </chat-box>
    `,
  },
  awkward: {
    ...live,
    says: 'An address without a break, code, a single letter, signs that look like markup.',
    backend: () => chatProject({ lines: AWKWARD }),
  },
  greeting: {
    says: 'A greeting of the page’s own.',
    states: ['idle'],
    backend: () => new MemoryBackend(),
    render: () => html`
      <chat-box placeholder="Your question…">
        <div slot="greeting">
          <strong>Noor’s assistant</strong>
          <p>Ask about a project, or whether there is time for yours.</p>
        </div>
      </chat-box>
    `,
  },
  narrow: { ...live, says: 'In a column of 17 rem.', render: () => html`<div class="narrow">${box()}</div>` },
  dark: { ...live, says: 'In a dark part of the page.', render: () => html`<div class="island dark">${box()}</div>` },
  branded: {
    ...live,
    says: 'With the colours, the font and the radius of its host.',
    render: () => html`<div class="branded">${box()}</div>`,
  },
  rtl: {
    ...live,
    says: 'In a page that reads from right to left, with words of both directions.',
    backend: () => chatProject({ lines: ARABIC }),
    render: () => html`<div dir="rtl" lang="ar">${box()}</div>`,
  },
  bidi: {
    ...live,
    says: 'Arabic in a page that reads from left to right.',
    backend: () => chatProject({ lines: [...SHORT.slice(0, 2), ...ARABIC.slice(0, 2)] }),
  },
};
