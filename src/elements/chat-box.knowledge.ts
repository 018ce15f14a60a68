import { html, nothing, type ReactiveControllerHost } from 'lit';
import {
  chatKnowledge,
  deleteKnowledge,
  knowledgeContent,
  saveKnowledge,
  type KnowledgeText,
} from '../services/chat-knowledge.ts';
import { LivelitError } from '../store/error.ts';
import { LiveController } from './live-controller.ts';
import { localeOf } from './locale.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

/** What can be loaded. */
const FILES = '.md,.markdown,.txt,text/markdown,text/plain';

/** As the database has it. */
const MAX_TITLE = 200;
const MAX_CONTENT = 200_000;

type KnowledgeHost = ReactiveControllerHost & HTMLElement & { readonly renderRoot: HTMLElement | DocumentFragment };

/** A text that is being written; what stands in the inputs is not kept anywhere else. */
interface Editing {
  readonly id?: string;
  readonly title: string;
  readonly url: string;
  readonly content: string;
}

/** What the model knows of the site: a list of texts, and the form in which one is written. */
export class Knowledge {
  readonly #host: KnowledgeHost;
  readonly #texts: LiveController<readonly KnowledgeText[]>;
  #editing: Editing | undefined;
  /** Somebody is asked whether this text may be deleted. */
  #deleting = '';
  #working = false;
  /** What has come of it. */
  #said: readonly string[] = [];
  #wrong = false;

  /** @param shown - Whether it is looked at: before that nothing is fetched. */
  constructor(host: KnowledgeHost, shown: () => boolean) {
    this.#host = host;
    this.#texts = new LiveController(host, () => (shown() ? chatKnowledge() : undefined));
  }

  render(words: ChatWords) {
    const { data = [], status, error } = this.#texts.snapshot;
    const refused = status === 'idle' || status === 'error';
    return html`
      <div class="pane" aria-busy=${this.#working}>
        ${
          this.#editing
            ? this.#renderForm(this.#editing, words)
            : refused
              ? html`<p class="greeting">
                  ${error?.code === 'forbidden' ? words.needsOwner : (error?.message ?? words.needsOwner)}
                </p>`
              : this.#renderList(data, words, status === 'loading')
        }
        <div part="knowledge-note" class="said ${this.#wrong ? 'bad' : ''}" role=${this.#wrong ? 'alert' : 'status'}>
          ${this.#said.map((line) => html`<p>${line}</p>`)}
        </div>
      </div>
    `;
  }

  #renderList(texts: readonly KnowledgeText[], words: ChatWords, loading: boolean) {
    return html`
      <p class="explanation">${words.knowledgeHint}</p>
      <div class="buttons">
        <button part="add" class="chip" type="button" ?disabled=${this.#working} @click=${() => this.#edit({})}>
          ${words.addText}
        </button>
        <button part="load" class="chip" type="button" ?disabled=${this.#working} @click=${this.#choose}>
          ${words.loadFiles}
        </button>
        <input
          class="files"
          type="file"
          accept=${FILES}
          multiple
          hidden
          @change=${(event: Event) => void this.#load(event.target as HTMLInputElement, texts, words)}
        />
      </div>
      ${
        texts.length
          ? html`<ul part="texts" class="texts" aria-label=${words.knowledge}>
              ${texts.map((text) => this.#renderText(text, words))}
            </ul>`
          : loading
            ? nothing
            : html`<p class="greeting">${words.noKnowledge}</p>`
      }
    `;
  }

  #renderText(text: KnowledgeText, words: ChatWords) {
    const { id, title, passages, characters } = text;
    const button = (label: string, name: string, act: () => void, kind = '') =>
      html`<button
        part="action"
        class="link ${kind}"
        type="button"
        aria-label=${name}
        ?disabled=${this.#working}
        @click=${act}
      >
        ${label}
      </button>`;
    const size = words.size(passages, characters.toLocaleString(localeOf(this.#host)));
    return html`<li part="text" class="text" data-text=${id}>
      <strong dir="auto">${title}</strong>
      <span class="explanation">${size}</span>
      <span class="buttons">
        ${
          this.#deleting === id
            ? html`<span>${words.deleteSure(title)}</span>
                ${button(words.delete, words.delete, () => void this.#delete(text, words), 'bad')}
                ${button(words.keep, words.keep, () => this.#ask(id, false))}`
            : html`${button(words.edit, words.editText(title), () => void this.#open(text))}
              ${button(words.delete, words.deleteText(title), () => this.#ask(id, true))}`
        }
      </span>
    </li>`;
  }

  #renderForm({ title, url, content }: Editing, words: ChatWords) {
    return html`
      <form
        part="text-form"
        class="text-form"
        aria-label=${words.addText}
        @keydown=${this.#escape}
        @submit=${(event: SubmitEvent) => {
          event.preventDefault();
          void this.#save(words);
        }}
      >
        <label
          >${words.textTitle} <input part="field" name="title" dir="auto" maxlength=${MAX_TITLE} .value=${title}
        /></label>
        <label>
          ${words.textUrl}
          <input part="field" name="url" dir="ltr" inputmode="url" placeholder="https://… , /about" .value=${url} />
        </label>
        <label class="content">
          ${words.textContent}
          <textarea part="field" name="text" dir="auto" maxlength=${MAX_CONTENT} .value=${content}></textarea>
        </label>
        <div class="buttons">
          <button part="save" class="send" ?disabled=${this.#working}>${words.save}</button>
          <button part="cancel" class="chip" type="button" ?disabled=${this.#working} @click=${this.#cancel}>
            ${words.cancel}
          </button>
        </div>
      </form>
    `;
  }

  #edit({ id, title = '', url, content = '' }: Partial<KnowledgeText & { content: string }>): void {
    this.#editing = { ...(id !== undefined && { id }), title, url: url ?? '', content };
    this.#say();
    this.#focus('[name="title"]');
  }

  #cancel = (): void => {
    const { id } = this.#editing!;
    this.#editing = undefined;
    this.#say();
    this.#focus(id ? `[data-text="${id}"] button` : '[part="add"]');
  };

  #escape = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    // It gives up the text, and not the dialog around it as well.
    event.preventDefault();
    this.#cancel();
  };

  #ask(id: string, deleting: boolean): void {
    this.#deleting = deleting ? id : '';
    this.#host.requestUpdate();
    this.#focus(`[data-text="${id}"] button:last-of-type`);
  }

  #choose = (): void => this.#host.renderRoot.querySelector<HTMLInputElement>('.files')!.click();

  #open(text: KnowledgeText): Promise<void> {
    return this.#work(async () => this.#edit({ ...text, content: await knowledgeContent(text.id) }));
  }

  #save(words: ChatWords): Promise<void> {
    const entered = (name: string) =>
      this.#host.renderRoot.querySelector<HTMLInputElement>(`.text-form [name="${name}"]`)!.value;
    const title = entered('title').trim();
    const draft = { id: this.#editing!.id, title, content: entered('text'), url: entered('url').trim() || null };
    this.#say([words.saving]);
    return this.#work(async () => {
      await saveKnowledge(draft);
      this.#editing = undefined;
      this.#say([words.saved(title)]);
      this.#focus('[part="add"]');
    });
  }

  #delete({ id }: KnowledgeText, words: ChatWords): Promise<void> {
    this.#deleting = '';
    return this.#work(async () => {
      await deleteKnowledge(id);
      this.#say([words.deleted]);
      this.#focus('[part="add"]');
    });
  }

  /** A file that is loaded again takes the place of what has its title. */
  #load(input: HTMLInputElement, texts: readonly KnowledgeText[], words: ChatWords): Promise<void> {
    const files = [...(input.files ?? [])];
    input.value = '';
    this.#say([words.saving]);
    return this.#work(async () => {
      const refused: string[] = [];
      for (const file of files) {
        try {
          const { title, content } = await read(file, words);
          await saveKnowledge({ id: texts.find((text) => text.title === title)?.id, title, content });
        } catch (error) {
          refused.push(words.fileRefused(file.name, error instanceof LivelitError ? error.message : words.notText));
        }
      }
      const loaded = files.length - refused.length;
      this.#say([...(loaded ? [words.filesLoaded(loaded)] : []), ...refused], refused.length > 0);
    });
  }

  async #work(work: () => Promise<void>): Promise<void> {
    this.#working = true;
    this.#host.requestUpdate();
    try {
      await work();
    } catch (error) {
      this.#say([LivelitError.from(error).message], true);
    } finally {
      this.#working = false;
      // Other pages are told by the topic; this one need not wait for it.
      chatKnowledge().refresh?.();
      this.#host.requestUpdate();
    }
  }

  #say(lines: readonly string[] = [], wrong = false): void {
    this.#said = lines;
    this.#wrong = wrong;
    this.#host.requestUpdate();
  }

  #focus(selector: string): void {
    requestAnimationFrame(() => this.#host.renderRoot.querySelector<HTMLElement>(selector)?.focus());
  }
}

/** A file as a text: its first heading, else its name, is the title. @throws TypeError when it is not UTF-8. */
async function read(file: File, words: ChatWords): Promise<{ readonly title: string; readonly content: string }> {
  const content = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  if (content.includes('\0')) throw new TypeError(words.notText);
  const heading = /^#\s+(.+)$/m.exec(content)?.[1]?.trim();
  return { title: (heading ?? file.name.replace(/\.\w+$/, '')).slice(0, MAX_TITLE), content };
}
