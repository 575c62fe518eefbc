import type { EventEmitter } from 'node:events';
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { scratchBytes } from '../slab.ts';
import { Deadline } from './deadline.ts';
import { Frames, type AnswerReader } from './frames.ts';
import { PreparedNames } from './prepared-names.ts';

/** What of pg's connection is used here; its own types leave out `attachListeners`. */
export interface WireConnection extends EventEmitter {
  stream: Duplex;
  readonly ssl: unknown;
  attachListeners(stream: Duplex): void;
}

/** A reader that also wants to know when nothing more will come. */
export interface WireReader extends AnswerReader {
  lost(error: Error): void;
}

type OnData = (chunk: Buffer) => void;

/** Where what the server says goes, and whether its memory stays as it is. */
interface Inlet {
  feed: (chunk: Buffer, lasts: boolean) => void;
}

const ignore = (): void => undefined;

/** As much as Node reads at a time. */
const readBytes = 65_536;
/** More is given as it lies there: to copy it twice costs more than what is made of it. */
const mostCopied = 2_048;

/**
 * A socket that reads into one buffer again and again. By itself Node makes a buffer of this size for
 * every read, however little comes, and gives most of it back.
 */
const socketInto = (inlet: Inlet): Socket => {
  const callback = (count: number, buffer: Uint8Array): boolean => {
    const lasts = count <= mostCopied;
    const chunk = lasts ? scratchBytes(count) : into.subarray(0, count);
    if (lasts) chunk.set(buffer.subarray(0, count));
    inlet.feed(chunk, lasts);
    return true;
  };
  const into = Buffer.allocUnsafeSlow(readBytes);
  // Node's documentation has it (`new net.Socket`), its types do not.
  const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
    onread: { buffer: into, callback },
  };
  return new Socket(options);
};

/**
 * pg's client, with its authentication, TLS and queue as they are. Only its answers can be read by
 * somebody else: from the first byte on it knows where each message begins.
 */
export class WireClient extends pg.Client {
  /** Statements that the server keeps for this connection. */
  readonly prepared = new PreparedNames();
  /** Of the answer that is waited for. */
  readonly deadline = new Deadline();
  readonly wire: WireConnection;
  #frames: Frames | undefined;
  #reader: WireReader | undefined;
  readonly #inlet: Inlet = { feed: ignore };

  constructor(config?: pg.ClientConfig) {
    super(config);
    // Made by pg's constructor and not connected yet; left out of pg's types.
    this.wire = (this as unknown as { readonly connection: WireConnection }).connection;
    // Over TLS, which pg puts upon its socket, only `data` of that has what was said.
    if (!this.wire.ssl) this.wire.stream = socketInto(this.#inlet);
    const attach = this.wire.attachListeners.bind(this.wire);
    this.wire.attachListeners = (stream) => {
      attach(stream);
      this.#frame(stream);
    };
  }

  /** Gives the answer that comes to `reader`, or to pg again. */
  set reader(reader: WireReader | undefined) {
    this.#reader = reader;
    if (this.#frames) this.#frames.reader = reader;
  }

  get reader(): WireReader | undefined {
    return this.#reader;
  }

  /** knex's own mark of what ended, or was discarded: its pool looks at it before it hands a connection out. */
  readonly __knex__disposed: unknown;

  get isGone(): boolean {
    return Boolean(this.__knex__disposed);
  }

  /**
   * Tells pg, whose query somebody else's answer was, that the server is ready again.
   * @param status the byte that `ReadyForQuery` says it by
   */
  ready(status: number): void {
    // As pg's own connection would once it had read the message.
    this.wire.emit('readyForQuery', { name: 'readyForQuery', status: String.fromCharCode(status) });
  }

  /** Ends the connection at once; it is never given to anybody again. */
  discard(error: Error): void {
    Object.assign(this, { __knex__disposed: error });
    this.wire.stream.destroy();
  }

  /** Called before the server could have said a word, so frames are in step from the beginning. */
  #frame(stream: Duplex): void {
    const [parse, ...others] = stream.listeners('data') as OnData[];
    if (parse === undefined || others.length > 0)
      throw new Error('the driver reads its connection in a way that is not known here');
    const frames = new Frames(parse);
    this.#frames = frames;
    const stop = (): void => {
      this.#inlet.feed = ignore;
      stream.removeListener('data', onData);
    };
    const feed = (chunk: Buffer, lasts: boolean): void => {
      try {
        frames.feed(chunk, lasts);
      } catch (error) {
        stop();
        // Whatever went wrong: from here on nothing that comes can be trusted.
        const reason = error instanceof Error ? error : new Error('rows cannot be read');
        this.discard(reason);
        this.#reader?.lost(reason);
      }
    };
    // Each chunk of a stream has memory of its own.
    const onData: OnData = (chunk) => feed(chunk, true);
    stream.on('data', onData);
    this.#inlet.feed = feed;
    stream.removeListener('data', parse);
    stream.once('close', () =>
      this.#reader?.lost(new Error('the connection ended before the answer')),
    );
  }
}
