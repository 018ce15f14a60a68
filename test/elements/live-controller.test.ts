import { expect } from 'chai';
import { html, LitElement } from 'lit';
import { LiveController } from '../../src/elements/live-controller.ts';
import { LiveValue, type Live } from '../../src/store/live.ts';
import { clearPage, nextFrame, until } from '../support/browser/page.ts';

/** A Live that counts its readers. */
class Counted extends LiveValue<string> {
  readers = 0;

  override subscribe(listener: () => void): () => void {
    this.readers += 1;
    const leave = super.subscribe(listener);
    let left = false;
    return () => {
      if (!left) this.readers -= 1;
      left = true;
      leave();
    };
  }
}

class Reader extends LitElement {
  live: Live<string> | undefined;
  renders = 0;
  /** Between which of them something is shown while the next one loads. */
  bridged: readonly (Live<string> | undefined)[] = [];
  #controller = new LiveController(
    this,
    () => this.live,
    this.attachInternals(),
    (from, to) => this.bridged.includes(from) && this.bridged.includes(to),
  );

  override render() {
    this.renders += 1;
    return html`${this.#controller.snapshot.data}`;
  }
}
customElements.define('test-reader', Reader);

const live = (data: string) => ({ status: 'live' as const, data, sample: false });

describe('LiveController', () => {
  let value: Counted;
  let reader: Reader;

  beforeEach(async () => {
    value = new Counted(live('one'));
    reader = new Reader();
    reader.live = value;
    document.body.append(reader);
    await reader.updateComplete;
  });

  afterEach(clearPage);

  const shown = () => reader.shadowRoot!.textContent;

  it('renders what is known, and again after a change', async () => {
    expect(shown()).to.equal('one');
    value.set(live('two'));
    await reader.updateComplete;
    expect(shown()).to.equal('two');
  });

  it('sets the state of the status, and only that', async () => {
    expect(reader.matches(':state(live)')).to.equal(true);
    value.set({ ...live('two'), status: 'stale', sample: true });
    await reader.updateComplete;
    expect(reader.matches(':state(live)')).to.equal(false);
    expect(reader.matches(':state(stale):state(sample)')).to.equal(true);
  });

  it('leaves with its element, and comes back with it', async () => {
    reader.remove();
    expect(value.readers).to.equal(0);
    document.body.append(reader);
    value.set(live('two'));
    await reader.updateComplete;
    expect(shown()).to.equal('two');
    expect(value.readers).to.equal(1);
  });

  it('does not read on behalf of an element that has left the page', async () => {
    reader.requestUpdate();
    reader.remove();
    await reader.updateComplete;
    expect(value.readers).to.equal(0);
    expect(shown()).to.equal('one');
  });

  describe('while another Live loads', () => {
    const loading = () => new Counted({ status: 'loading', data: undefined, sample: false });

    const turnTo = async (next: Counted) => {
      reader.live = next;
      reader.requestUpdate();
      await reader.updateComplete;
    };

    it('shows nothing of the last one, unless its element says so', async () => {
      await turnTo(loading());
      expect(shown()).to.equal('');
      expect(value.readers).to.equal(0);
    });

    it('shows the last one, as being refreshed, until there is something of the next', async () => {
      const [empty, next] = [loading(), loading()];
      reader.bridged = [value, empty, next];
      await turnTo(empty);
      await turnTo(next);
      expect(shown()).to.equal('one');
      expect(reader.matches(':state(refreshing)')).to.equal(true);
      expect([value.readers, empty.readers, next.readers]).to.deep.equal([1, 0, 1]);
      next.set(live('three'));
      await reader.updateComplete;
      expect(shown()).to.equal('three');
      expect([value.readers, next.readers]).to.deep.equal([0, 1]);
    });

    it('shows what becomes of the last one meanwhile, and nothing once that is gone', async () => {
      const next = loading();
      reader.bridged = [value, next];
      await turnTo(next);
      value.set(live('two'));
      await reader.updateComplete;
      expect(shown()).to.equal('two');
      value.set({ status: 'loading', data: undefined, sample: false });
      await until(() => shown() === '');
      expect(reader.matches(':state(loading)')).to.equal(true);
    });

    it('shows nothing of one that has nothing to do with the next', async () => {
      const [empty, next] = [loading(), loading()];
      reader.bridged = [value, empty];
      await turnTo(empty);
      await turnTo(next);
      expect(shown()).to.equal('');
      expect([value.readers, empty.readers]).to.deep.equal([0, 0]);
    });

    it('leaves both with its element', async () => {
      const next = loading();
      reader.bridged = [value, next];
      await turnTo(next);
      reader.remove();
      expect([value.readers, next.readers]).to.deep.equal([0, 0]);
    });
  });

  it('follows another Live when its element chooses one', async () => {
    const other = new Counted(live('other'));
    reader.live = other;
    reader.requestUpdate();
    await reader.updateComplete;
    await reader.updateComplete;
    expect(shown()).to.equal('other');
    expect([value.readers, other.readers]).to.deep.equal([0, 1]);
  });

  it('shows nothing when its element chooses none', async () => {
    reader.live = undefined;
    reader.requestUpdate();
    await reader.updateComplete;
    expect(shown()).to.equal('');
    expect(value.readers).to.equal(0);
  });

  it('renders once for many changes', async () => {
    const before = reader.renders;
    for (let index = 0; index < 100; index += 1) value.set(live(String(index)));
    await reader.updateComplete;
    expect(reader.renders).to.equal(before + 1);
  });

  it('renders once a frame for changes that come one by one, and the newest last', async () => {
    const CHANGES = 10_000;
    let frames = 0;
    let counting = true;
    const count = () => {
      frames += 1;
      if (counting) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
    const { port1, port2 } = new MessageChannel();
    const before = reader.renders;
    const begun = performance.now();
    await new Promise<void>((resolve) => {
      // A task each, as the messages of a socket have.
      port1.onmessage = ({ data }: MessageEvent<number>) => {
        value.set(live(String(data)));
        if (data === CHANGES) resolve();
        else port2.postMessage(data + 1);
      };
      port2.postMessage(1);
    });
    console.log(
      `${CHANGES} changes in ${Math.round(performance.now() - begun)} ms: ${reader.renders - before} renders`,
    );
    await until(() => shown() === String(CHANGES));
    counting = false;
    expect(reader.renders - before).to.be.at.most(frames + 1);
  });

  it('renders an element no more that has left between a change and its frame', async () => {
    value.set(live('two'));
    await reader.updateComplete;
    value.set(live('three'));
    const before = reader.renders;
    reader.remove();
    for (let frame = 0; frame < 3; frame += 1) await nextFrame();
    expect(reader.renders).to.equal(before);
  });

  it('stays subscribed once when its element is moved a hundred times', () => {
    for (let index = 0; index < 100; index += 1) document.body.append(reader);
    expect(value.readers).to.equal(1);
  });
});
