/**
 * The script-tag entry: `<script type="module" src="…/livelit.js" data-url="…" data-key="…"></script>`. Reads its own
 * attributes and loads each element's code when one comes near the viewport; until then it costs the page nothing else.
 */
import { SPACE } from './space.ts';

const TAGS = {
  'chat-box': () => import('./define/chat-box.ts'),
  'settings-panel': () => import('./define/settings-panel.ts'),
  'sync-status': () => import('./define/sync-status.ts'),
  'usage-chart': () => import('./define/usage-chart.ts'),
  'usage-logs-table': () => import('./define/usage-logs-table.ts'),
} as const;

type Tag = keyof typeof TAGS;

/** How far outside the viewport an element begins to load: about the scrolling of a fast finger while code arrives. */
const NEAR = '600px';

const selector = Object.keys(TAGS).join(',');

/** A module has no `document.currentScript`: its own address finds the tag, or the attribute does behind a bundler. */
function ownTag(): HTMLScriptElement | undefined {
  const scripts = [...document.querySelectorAll<HTMLScriptElement>('script[src]')];
  return scripts.find(({ src }) => src === import.meta.url) ?? scripts.find(({ dataset }) => 'livelit' in dataset);
}

/** Has a function of the page's own solve its captcha, by the name that the tag gives. */
function ask(name: string): Promise<string> {
  return (globalThis as unknown as Record<string, () => Promise<string>>)[name]!();
}

let connected: Promise<void> | undefined;

/** Connects once, with the first element that is needed. */
function connectOnce(): Promise<void> {
  const { url, key, captcha } = ownTag()?.dataset ?? {};
  connected ??= import('./connect.ts').then(({ connect }) => {
    // Without attributes the page calls connect() itself, or shows samples.
    if (url || key) {
      connect({ ...(url && { url }), ...(key && { key }), ...(captcha && { captchaToken: () => ask(captcha) }) });
    }
  });
  return connected;
}

let looked: Promise<void> | undefined;

/** Has the tag's other attributes apply, once: how elements look, and what they show where nobody has set anything. */
function lookOnce(): Promise<void> {
  const script = ownTag();
  const said = Object.keys(script?.dataset ?? {}).some((name) => !['url', 'key', 'livelit'].includes(name));
  looked ??= said
    ? import('./elements/apply-attributes.ts')
        .then(({ applyAttributes }) => applyAttributes(script!))
        .catch(reportError)
    : Promise.resolve();
  return looked;
}

async function load(tag: Tag): Promise<void> {
  try {
    // First: an element that comes in other colours, or asks for other days, would do so twice.
    await lookOnce();
    // Both at once; the element finds the connection whichever comes first.
    await Promise.all([TAGS[tag](), connectOnce()]);
  } catch (error) {
    // The page's author has to see this, and the elements cannot say it: reported as an uncaught error would be.
    reportError(error);
  }
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      void load(target.localName as Tag);
    }
  },
  { rootMargin: NEAR },
);

function find(root: ParentNode): void {
  for (const element of root.querySelectorAll(selector)) near.observe(element);
}

function start(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(SPACE);
  document.adoptedStyleSheets.push(sheet);
  find(document);
  // Elements that a script adds later: routers, editors, content management systems.
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (!(node instanceof Element)) continue;
        if (node.matches(selector)) near.observe(node);
        find(node);
      }
    }
  }).observe(document, { childList: true, subtree: true });
}

start();
