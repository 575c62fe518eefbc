/** A PostgreSQL data source, by `url` or as a `database` on the PostgreSQL that Sayso itself uses. */
export interface PostgresSourceConfig {
  readonly name: string;
  readonly kind: 'postgres';
  readonly at: { readonly url: string } | { readonly database: string };
  /** PostgreSQL schema that holds the tables. */
  readonly schema: string;
  readonly poolSize: number;
  readonly timeoutMs: number;
  /** Whether the server keeps statements for a connection, which not every pooler in between allows. */
  readonly prepare: boolean;
}

/** How rows of one table are asked for over HTTP, and where they stand in the answer. */
export interface RestTableConfig {
  /** Below the source's `url`; may have a query of its own. */
  readonly path: string;
  /** Columns whose values can be looked for, and the query parameter that takes them. */
  readonly by: ReadonlyMap<string, string>;
  /** Several values: the parameter over and over, or once with commas between them. */
  readonly values: 'repeat' | 'comma';
  /** Most values of one request. */
  readonly batch: number;
  /** The members of the answer that lead to the list of rows; none when the answer is the list. */
  readonly rows: readonly string[];
  /** The members that lead to a column within a row, where it is not the one of the very name. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** The query parameter that takes the names of the members wanted, where there is one. */
  readonly fields?: string;
  /** What kind of text the ids of persons are; others are nobody's. */
  readonly ids: 'number' | 'text' | 'uuid';
}

/** A JSON API, read by GET. */
export interface RestSourceConfig {
  readonly name: string;
  readonly kind: 'rest';
  /** What every table's path is below; without a query. */
  readonly url: string;
  /** Sent with every request, such as an API key. */
  readonly headers: ReadonlyMap<string, string>;
  /** Most requests at once. */
  readonly poolSize: number;
  /** For each request, from asking for a connection to the last byte. */
  readonly timeoutMs: number;
  /** Most bytes that one read may bring, over all its requests. */
  readonly maxBytes: number;
  readonly tables: ReadonlyMap<string, RestTableConfig>;
}

export type SourceConfig = PostgresSourceConfig | RestSourceConfig;

export interface IdentityConfig {
  readonly jwks: { readonly file: string } | { readonly url: string };
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  /** Clock tolerance, 0 to 30 seconds. */
  readonly toleranceSeconds: number;
  /** The claim that carries the data subject's id. */
  readonly subjectClaim: string;
  /** How long ago a person who says yes may have signed in. */
  readonly recentSignInSeconds: number;
}

/** Who decides what the data are used for, as the register and receipts name them. */
export interface ControllerConfig {
  readonly name: string;
  readonly address: string;
  /** Whom a person turns to: a post, a department or a name. */
  readonly contact: string;
  readonly email?: string;
  readonly phone?: string;
  readonly url?: string;
  /** ISO 3166: `DE`, `US-CA`. */
  readonly jurisdiction: string;
  /** Where the privacy policy stands. */
  readonly policyUrl?: string;
  readonly dataProtectionOfficer?: string;
  /** ISO 3166 codes or names of places; empty when nothing is said. */
  readonly storageLocations: readonly string[];
  /** How to take a yes back, in words for the person. */
  readonly withdrawal?: string;
}

/** A witness of checkpoints (C2SP tlog-witness). */
export interface WitnessConfig {
  /** What `/add-checkpoint` is below. */
  readonly url: string;
  /** Its verifier key; another's signature is refused. */
  readonly key: string;
}

export interface AuditConfig {
  /** What the names of all logs of the deployment begin with; each data folder adds its own. */
  readonly origin: string;
  /** Whole months after which entries are dropped; for ever when absent. */
  readonly retentionMonths?: number;
  readonly witnesses: readonly WitnessConfig[];
}

export interface Limits {
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxTokens: number;
  readonly maxBodyBytes: number;
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
  /** Most rows that one statement may bring; beyond it the field is an error, never cut short. */
  readonly maxRows: number;
  /** Most subjects whose say-so is held in memory. */
  readonly maxSnapshotSubjects: number;
}

/** Everything that can be set, parsed once, checked and frozen. Folders in it are absolute. */
export interface Config {
  /** Sample data and self-minted tokens; listens on loopback only. */
  readonly demo: boolean;
  readonly host: string;
  readonly port: number;
  /** Processes that serve; one when absent. */
  readonly workers?: number;
  readonly dataDir: string;
  /** Sayso's own database; the embedded PostgreSQL when absent. */
  readonly databaseUrl?: string;
  /** The key that persons are sealed under, 32 bytes as Base64; a file in `dataDir` when absent. */
  readonly subjectKey?: string;
  readonly schemaDir: string;
  /** The sample shop is loaded into the sources at first start. */
  readonly loadSampleShop: boolean;
  readonly sources: ReadonlyMap<string, SourceConfig>;
  readonly identity: IdentityConfig;
  /** Modules of the deployment's own: named request-level rules, and resolvers of derived fields. */
  readonly modules: {
    readonly rules?: string;
    readonly resolvers?: string;
    /** Names in them that the SDL lacks are no problem: set for the sample's, whose SDL may be swapped. */
    readonly mayHaveSurplus?: boolean;
  };
  /** Absent where nobody has said who is responsible. */
  readonly controller?: ControllerConfig;
  readonly audit: AuditConfig;
  readonly limits: Limits;
  readonly introspection: boolean;
  /** Share of queries that graphql-js carries out as well, and that are compared: 0 to 1. */
  readonly shadow: number;
  /** Whether documents may be sent freely, or only those asked that a client has registered. */
  readonly operations: 'ANY' | 'REGISTERED_ONLY';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}
