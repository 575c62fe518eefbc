/** Who asks, as the verified token says. Read-only; never holds the token itself. */
export interface Caller {
  /** The calling application: claim `client_id`, else `azp`, else `sub`. */
  readonly client: string;
  readonly sub: string;
  /**
   * The data subject's id when the token stands for a person: the subject claim, unless it names
   * the client. A token with `consent:write` may besides act for others, by naming them.
   */
  readonly subject?: string;
  /** When the person last signed in, in seconds since 1970 (`auth_time`, OpenID Connect Core, 2). */
  readonly authTime?: number;
  /** Names of purposes in scopes `purpose:NAME`. */
  readonly purposes: ReadonlySet<string>;
  readonly mayWriteConsent: boolean;
  readonly mayReadAudit: boolean;
  /** All scopes and claims, for named rules such as `isStaff`. */
  readonly scopes: ReadonlySet<string>;
  readonly claims: Readonly<Record<string, unknown>>;
}
