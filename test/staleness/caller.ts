import { setMaxListeners } from 'node:events';
import { Agent, request } from 'node:http';
import type { DemoIssuer } from '../../src/identity/demo-issuer.ts';
import { changes, emailOf, purpose, question, type Change } from './domain.ts';
import type { Gateway } from './gateway.ts';

/** What came of a question: `moved` is a refusal because say-so changed while it was answered. */
export type Look = 'released' | 'withheld' | 'moved';

interface Answer {
  readonly data?: Readonly<Record<string, Readonly<Record<string, unknown>> | null>> | null;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
  readonly extensions?: {
    readonly sayso?: { readonly withheld?: readonly { readonly reason: string }[] };
  };
}

/** A token is used for this long: saying yes may ask for a recent sign-in. */
const freshMs = 60_000;

/** Asks gateways over connections that stay open. */
export class Caller {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #issuer: DemoIssuer;
  readonly #signal: AbortSignal;
  readonly #tokens = new Map<string, { readonly token: Promise<string>; readonly until: number }>();

  constructor(issuer: DemoIssuer, signal: AbortSignal) {
    this.#issuer = issuer;
    this.#signal = signal;
    // Every request under way listens.
    setMaxListeners(0, signal);
  }

  /** Asks for the customer's governed field. @throws when the answer is none of the three */
  async look(gateway: Gateway, customer: number): Promise<Look> {
    const token = await this.#token({ client: 'newsletter', scope: `purpose:${purpose}` });
    const answer = await this.#ask(gateway, token, question, customer);
    if (codeOf(answer) === 'CONSENT_MOVED') return 'moved';
    const email = answer.data?.['customer']?.['email'];
    if (!answer.errors && email === emailOf(customer)) return 'released';
    // Null for any other reason would pass for obedience.
    const reason = answer.extensions?.sayso?.withheld?.[0]?.reason;
    if (!answer.errors && email === null && reason === 'NOT_CONSENTED') return 'withheld';
    throw new Error(`a question was answered with ${codeOf(answer) ?? reason ?? 'something else'}`);
  }

  /** Changes the customer's say-so, as an agent does for them. @throws unless it is recorded */
  async say(gateway: Gateway, change: Change, customer: number): Promise<void> {
    const agent = { client: 'call-centre', subject: 'agent', scope: 'consent:write' };
    const answer = await this.#ask(gateway, await this.#token(agent), changes[change], customer);
    const said = Object.values(answer.data ?? {})[0];
    if (answer.errors || typeof said?.['head'] !== 'number') {
      throw new Error(`a change of say-so was answered with ${codeOf(answer) ?? 'no head'}`);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #token(options: Parameters<DemoIssuer['mint']>[0]): Promise<string> {
    const known = this.#tokens.get(options.client);
    if (known && known.until > Date.now()) return known.token;
    const token = this.#issuer.mint(options);
    this.#tokens.set(options.client, { token, until: Date.now() + freshMs });
    return token;
  }

  #ask(gateway: Gateway, token: string, query: string, customer: number): Promise<Answer> {
    const body = JSON.stringify({ query, variables: { id: String(customer) } });
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const options = { method: 'POST', agent: this.#agent, headers, signal: this.#signal };
    return new Promise((resolve, reject) => {
      const sent = request(`${gateway.url}/graphql`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          try {
            // GraphQL over HTTP; whoever asked looks at what is in it.
            resolve(JSON.parse(Buffer.concat(chunks).toString()) as Answer);
          } catch (error) {
            reject(
              new Error(`answered ${response.statusCode ?? 0} without JSON`, { cause: error }),
            );
          }
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

const codeOf = ({ errors }: Answer): string | undefined => errors?.[0]?.extensions?.code;
