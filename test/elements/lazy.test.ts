import { expect } from 'chai';
import { css, html, LitElement } from 'lit';
import { Lazy } from '../../src/elements/lazy.ts';
import { clearPage, until } from '../support/browser/page.ts';

const part = {
  word: 'there',
  styles: css`
    b {
      color: rgb(1, 2, 3);
    }
  `,
};

class Loader extends LitElement {
  wanted = false;
  loads = 0;
  load = () => Promise.resolve(part);
  #part = new Lazy(this, () => {
    this.loads += 1;
    return this.load();
  });

  override render() {
    return html`<b>${this.wanted ? this.#part.value?.word : ''}</b>`;
  }
}
customElements.define('test-loader', Loader);

describe('Lazy', () => {
  let loader: Loader;

  beforeEach(async () => {
    loader = new Loader();
    document.body.append(loader);
    await loader.updateComplete;
  });

  afterEach(clearPage);

  const shown = () => loader.renderRoot.textContent;

  const want = async () => {
    loader.wanted = true;
    loader.requestUpdate();
    await loader.updateComplete;
  };

  it('loads nothing before it is wanted', () => expect(loader.loads).to.equal(0));

  it('loads once, brings its styles, and renders again', async () => {
    await want();
    await want();
    await until(() => shown() === 'there');
    expect(loader.loads).to.equal(1);
    expect(getComputedStyle(loader.renderRoot.querySelector('b')!).color).to.equal('rgb(1, 2, 3)');
  });

  it('tries again after a failure, when it is wanted again', async () => {
    const { load } = loader;
    loader.load = () => Promise.reject(new Error('gone'));
    await want();
    loader.load = load;
    await until(async () => {
      await want();
      return shown() === 'there';
    });
    expect(loader.loads).to.equal(2);
  });
});
