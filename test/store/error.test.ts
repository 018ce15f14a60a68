import { expect } from 'chai';
import { LivelitError } from '../../src/store/error.ts';

describe('LivelitError', () => {
  it('passes through one of another bundle, known by its name', () => {
    const foreign = Object.assign(new Error('theirs'), { name: 'LivelitError', code: 'budget' });
    expect(LivelitError.from(foreign)).to.equal(foreign);
  });

  it('takes a failed fetch for being offline', async () => {
    const failure: unknown = await fetch('http://127.0.0.1:1/').catch((error: unknown) => error);
    expect(LivelitError.from(failure).code).to.equal('offline');
  });

  it('keeps what it does not understand as the cause, and its words to itself', () => {
    const cause = new Error('select * from secrets');
    const error = LivelitError.from(cause);
    expect(error.code).to.equal('unknown');
    expect(error.cause).to.equal(cause);
    expect(error.message).not.to.contain('secrets');
  });

  it('reads an error as our functions write it', () => {
    const wire = { code: 'rate_limited', reason: 'too_many_messages', message: 'Slower.', retry_after_s: 7 };
    const { code, reason, message, retryAfterMs } = LivelitError.fromWire(wire);
    expect({ code, reason, message, retryAfterMs }).to.deep.equal({
      code: 'rate_limited',
      reason: 'too_many_messages',
      message: 'Slower.',
      retryAfterMs: 7_000,
    });
  });

  it('does not take over a code that it does not know', () => {
    expect(LivelitError.fromWire({ code: 'toString' }, 'unavailable').code).to.equal('unavailable');
  });

  for (const code of ['offline', 'rate_limited', 'unauthenticated', 'unavailable'] as const) {
    it(`lets ${code} be tried again`, () => {
      expect(new LivelitError(code, '').retryable).to.equal(true);
    });
  }

  for (const code of ['forbidden', 'invalid', 'conflict', 'budget', 'unknown'] as const) {
    it(`does not let ${code} be tried again`, () => {
      expect(new LivelitError(code, '').retryable).to.equal(false);
    });
  }
});
