/** Fewest connections that the server takes. */
const fewestConnections = 100;

/**
 * What the server runs with, given anew at each start so that an older cluster has them too.
 *
 * @param connections how many there may have to be
 */
export const serverSettings = (
  socketDir: string,
  connections = fewestConnections,
): Readonly<Record<string, string>> => ({
  listen_addresses: '',
  unix_socket_directories: socketDir,
  unix_socket_permissions: '0700',
  port: '5432',
  max_connections: String(Math.max(fewestConnections, connections)),
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // INVARIANT: no data value reaches the server's log. `log` as the least level leaves out errors,
  // whose text quotes values; their senders receive them anyway.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_checkpoints: 'off',
  logging_collector: 'off',
});
