/** A text frame of protocol 2.0.0: `[join_ref, ref, topic, event, payload]`. */
export interface Frame {
  readonly joinRef: string | null;
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: Record<string, unknown>;
}

/** What a client sent, or a sentence about what is wrong with it. */
export function decodeFrame(text: string): Frame | string {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return 'The frame is not JSON.';
  }
  if (!Array.isArray(parts) || parts.length !== 5) {
    return 'A frame has five parts: [join_ref, ref, topic, event, payload]. Connect with vsn=2.0.0.';
  }
  const [joinRef, ref, topic, event, payload] = parts as unknown[];
  if (typeof topic !== 'string' || typeof event !== 'string') return 'Topic and event are strings.';
  if (typeof payload !== 'object' || payload === null) return 'The payload is an object.';
  return {
    joinRef: typeof joinRef === 'string' ? joinRef : null,
    ref: typeof ref === 'string' ? ref : null,
    topic,
    event,
    payload: payload as Record<string, unknown>,
  };
}

export const encodeFrame = ({ joinRef, ref, topic, event, payload }: Frame): string =>
  JSON.stringify([joinRef, ref, topic, event, payload]);

/** The kinds of binary frames: a broadcast by a client, and one to it. */
const KIND_PUSH = 3;
const KIND_BROADCAST = 4;
const ENCODING_JSON = 1;

/** A broadcast as hosted sends it: kind 4, the lengths in UTF-8 bytes, then topic, event, meta and payload. */
export function encodeBroadcast(topic: string, event: string, meta: object, payload: unknown): Buffer {
  const parts = [topic, event, JSON.stringify(meta)].map((part) => Buffer.from(part));
  const lengths = parts.map((part) => {
    // Each length has one byte.
    if (part.length > 255) throw new RangeError(`"${part.toString().slice(0, 40)}…" has more than 255 bytes.`);
    return part.length;
  });
  const head = Buffer.from([KIND_BROADCAST, ...lengths, ENCODING_JSON]);
  return Buffer.concat([head, ...parts, Buffer.from(JSON.stringify(payload))]);
}

/** The head of a client's broadcast: kind 3, the lengths of join_ref, ref, topic, event and meta, the encoding. */
export function decodeClientBroadcast(data: Buffer): Frame | undefined {
  if (data[0] !== KIND_PUSH || data.length < 7) return undefined;
  let at = 7;
  const [joinRef = '', ref = '', topic = '', event = ''] = [...data.subarray(1, 5)].map((length) =>
    data.subarray(at, (at += length)).toString(),
  );
  return { joinRef: joinRef || null, ref: ref || null, topic, event, payload: {} };
}
