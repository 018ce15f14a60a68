import { html, render } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import 'livelit/define';
import { play } from './play.ts';
import type { Stories, Story } from './story.ts';

const modules = import.meta.glob<{ stories: Stories }>('./*.stories.ts', { eager: true });

const chapters = Object.entries(modules).map(([file, { stories }]) => ({
  tag: file.slice('./'.length, -'.stories.ts'.length),
  stories: Object.entries(stories),
}));

function showStory(address: string): void {
  const [tag = '', name = ''] = address.split('/');
  const story = modules[`./${tag}.stories.ts`]?.stories[name];
  if (!story) {
    render(html`<p>There is no story “${address}”. <a href="./">All stories</a></p>`, document.body);
    return;
  }
  document.title = `${address} · livelit`;
  render(
    html`
      <header>
        <h1>${address}</h1>
        <p>${story.says}</p>
      </header>
      <main></main>
      <p class="below">The page goes on here.</p>
    `,
    document.body,
  );
  void play(story, tag, document.querySelector('main')!);
}

/**
 * All stories as links; the one that the address names after `#` stands beside them, in a frame that is new each time: a
 * frame that navigates would have a history of its own, and Back would go through it.
 */
function showList(): void {
  const show = () => {
    const address = location.hash.slice(1);
    const src = address ? `?story=${address}` : 'about:blank';
    render(
      html`
        <div class="list">
          <nav aria-label="Stories">
            <h1>Stories</h1>
            ${chapters.map(({ tag, stories }) => renderChapter(tag, stories, address))}
          </nav>
          ${keyed(src, html`<iframe title="Story" src=${src}></iframe>`)}
        </div>
      `,
      document.body,
    );
  };
  window.addEventListener('hashchange', show);
  show();
}

const renderChapter = (tag: string, stories: readonly [string, Story][], shown: string) => html`
  <h2>&lt;${tag}&gt;</h2>
  <ul>
    ${stories.map(([name, { says, states }]) => {
      const address = `${tag}/${name}`;
      return html`
        <li>
          <a
            href="#${address}"
            title=${says}
            data-story=${address}
            data-states=${states.join(' ')}
            aria-current=${address === shown}
            >${name}</a
          >
        </li>
      `;
    })}
  </ul>
`;

const chosen = new URLSearchParams(location.search).get('story');

if (chosen) showStory(chosen);
else showList();
