import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { Deadline } from './deadline.ts';
import { Frames, type AnswerReader } from './frames.ts';
import type { Encoded } from './parameters.ts';
import { PreparedNames } from './prepared-names.ts';

/** What of pg's connection is used here; its own types leave out `attachListeners`. */
export interface WireConnection extends EventEmitter {
  readonly stream: Duplex;
  attachListeners(stream: Duplex): void;
  parse(statement: { readonly name: string; readonly text: string }): void;
  bind(portal: { readonly statement: string; readonly values: readonly Encoded[] }): void;
  describe(of: { readonly type: 'P' }): void;
  execute(portal: object): void;
  close(of: { readonly type: 'S'; readonly name: string }): void;
  sync(): void;
}

/** A reader that also wants to know when nothing more will come. */
export interface WireReader extends AnswerReader {
  lost(error: Error): void;
}

type OnData = (chunk: Buffer) => void;

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

  constructor(config?: pg.ClientConfig) {
    super(config);
    // Made by pg's constructor and not connected yet; left out of pg's types.
    this.wire = (this as unknown as { readonly connection: WireConnection }).connection;
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
    const onData: OnData = (chunk) => {
      try {
        frames.feed(chunk);
      } catch (error) {
        stream.removeListener('data', onData);
        // Whatever went wrong: from here on nothing that comes can be trusted.
        const reason = error instanceof Error ? error : new Error('rows cannot be read');
        this.discard(reason);
        this.#reader?.lost(reason);
      }
    };
    stream.on('data', onData);
    stream.removeListener('data', parse);
    stream.once('close', () =>
      this.#reader?.lost(new Error('the connection ended before the answer')),
    );
  }
}
