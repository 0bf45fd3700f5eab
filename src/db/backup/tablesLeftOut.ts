/** Tables that mean nothing elsewhere, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  quota_locks: 'rows to lock, made when they are wanted',
  keystone_polls: 'who asks Keystone next, on the nodes of the database that was copied',
  certificate_surveys: 'how far somebody has come who reads the database that was copied',
  leases: 'who excludes whom on the nodes of the database that was copied',
  jobs: 'work of the nodes of the database that was copied; the same verb goes on where it was',
  job_failures: 'the same',
  nodes: 'who works on the database that was copied',
  knex_migrations: 'the schema is named in the header, and made before the rows come',
  knex_migrations_lock: 'the same',
}
