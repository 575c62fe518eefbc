/** The public list: what another program may build on. */
export { startApp, type App, type AppOptions } from './app.ts';
export { parseConfig } from './config/parse-config.ts';
export type {
  Config,
  ControllerConfig,
  IdentityConfig,
  Limits,
  PostgresSourceConfig,
  RestSourceConfig,
  RestTableConfig,
  SourceConfig,
} from './config/config.ts';
export type { ConsentInput, ConsentKind, SubjectRef } from './core/consent.ts';
export {
  AuditError,
  ConfigError,
  ForbiddenError,
  IdentityError,
  LedgerError,
  PlanError,
  PurposeError,
  SaysoError,
  SchemaError,
  SourceError,
  type Problem,
} from './core/errors.ts';
export { loadPolicy, type LoadedPolicy } from './load-policy.ts';
export type { Policy } from './policy/compile-policy.ts';
export { compilePlan } from './policy/compile-plan.ts';
export type { Plan } from './policy/plan.ts';
