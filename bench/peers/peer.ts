/** How a peer is started: a process of its own serves the bench's query until it is closed. */
export type StartPeer = (place: {
  readonly shopUrl: string;
}) => Promise<{ readonly url: string; close(): Promise<void> }>;
