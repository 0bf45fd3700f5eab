import { backupTables } from '../../src/db/backup/backupTables.ts'
import { openTables } from '../../src/db/backup/openTables.ts'
import { TableWriter } from '../../src/db/backup/tableWriter.ts'
import { MIGRATIONS } from '../../src/db/migrationList.ts'
import type { SqlValue } from '../../src/db/statement.ts'

type Row = Readonly<Record<string, SqlValue>>

export const LATEST = MIGRATIONS.at(-1)?.name ?? ''
export const DEPLOYMENT_ID = 'ab'.repeat(16)

const NOW = '2026-11-22T12:00:00.000001'
const SECRET = '11111111-1111-4111-8111-111111111111'
const BARE = '22222222-2222-4222-8222-222222222222'
const CONTAINER = '33333333-3333-4333-8333-333333333333'
const ORDER = '44444444-4444-4444-8444-444444444444'
const STORE = '55555555-5555-4555-8555-555555555555'
const TIMES = { created_at: NOW, updated_at: '2026-11-22T12:00:00.999999' }
const ACL = { acl_project_access: 0, acl_created_at: NOW, acl_updated_at: NOW }
const NAME = 'Größe 🔑 %_\\\'"'
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte)

/** Something in every table and every column; what is left out is null. */
const ROWS: Readonly<Record<string, readonly Row[]>> = {
  deployment: [{ singleton: 1, deployment_id: DEPLOYMENT_ID, created_at: NOW }],
  kek_canaries: [
    { store: 'keyring', kek_id: 'kek', wrapped: EVERY_BYTE, fingerprint: 'f1', created_at: NOW },
    {
      store: 'keyring',
      kek_id: 'old',
      wrapped: EVERY_BYTE,
      fingerprint: 'f0',
      created_at: NOW,
      retired_at: NOW,
    },
  ],
  project_keys: [0, 0xff].map((byte, index) => ({
    id: new Uint8Array(8).fill(byte),
    project_id: 'p',
    store: 'keyring',
    term: index + 1,
    state: index === 0 ? 'decrypt-only' : 'active',
    kek_id: 'kek',
    wrapped: EVERY_BYTE,
    commitment: EVERY_BYTE.subarray(0, 32),
    wraps_reserved: index * 2 ** 40,
    created_at: NOW,
  })),
  projects: [
    { project_id: 'p', state: 'live', first_keys: 2 },
    {
      project_id: 'gone',
      state: 'shredding',
      first_keys: 1,
      source: 'notification',
      missing_since: NOW,
      noted_at: NOW,
      not_before: NOW,
      finished_at: NOW,
      lease_until: '2999-01-01T00:00:00.000000',
      lease_owner: 'somebody',
    },
  ],
  secrets: [
    {
      id: SECRET,
      project_id: 'p',
      name: NAME,
      name_folded: NAME.toLowerCase(),
      secret_type: 'symmetric',
      algorithm: 'AES',
      algorithm_folded: 'aes',
      bit_length: 256,
      mode: '',
      mode_folded: '',
      expires_at: NOW,
      creator_id: 'u',
      content_type: 'text/plain',
      ...TIMES,
      ...ACL,
      row_mac: EVERY_BYTE.subarray(0, 40),
      envelope: EVERY_BYTE,
    },
    { id: BARE, project_id: 'p', secret_type: 'opaque', ...TIMES },
  ],
  secret_acl_users: ['u', 'U', 'ü'].map((user) => ({ secret_id: SECRET, user_id: user })),
  secret_metadata: [
    { secret_id: SECRET, meta_key: 'key', meta_value: 'line\nbreak\t'.repeat(1000) },
    { secret_id: SECRET, meta_key: 'empty', meta_value: '' },
  ],
  secret_consumers: [
    {
      id: BARE,
      secret_id: SECRET,
      service: 'cinder',
      resource_type: 'volume',
      resource_id: 'v',
      project_id: 'p',
      ...TIMES,
      digest: EVERY_BYTE.subarray(0, 32),
    },
  ],
  certificate_facts: [
    {
      secret_id: SECRET,
      project_id: 'p',
      kind: 'certificate',
      not_before: NOW,
      not_after: NOW,
      warn_at: NOW,
      public_key: EVERY_BYTE.subarray(0, 32),
      chain: 'selfSigned',
      own_key: 'matches',
      links: '[]',
    },
    { secret_id: BARE, project_id: 'p', kind: 'unreadable' },
  ],
  containers: [
    {
      id: CONTAINER,
      project_id: 'p',
      container_type: 'generic',
      name: NAME,
      name_folded: NAME.toLowerCase(),
      creator_id: 'u',
      ...TIMES,
      ...ACL,
      row_mac: EVERY_BYTE.subarray(0, 40),
    },
  ],
  container_secrets: [
    { container_id: CONTAINER, position: 0, name: 'a', secret_id: SECRET },
    { container_id: CONTAINER, position: 1, secret_id: BARE },
  ],
  container_acl_users: [{ container_id: CONTAINER, user_id: 'u' }],
  container_consumers: [
    {
      id: BARE,
      container_id: CONTAINER,
      name: 'Octavia',
      url: 'https://lb.example/',
      project_id: 'p',
      ...TIMES,
    },
  ],
  orders: [
    {
      id: ORDER,
      project_id: 'p',
      order_type: 'asymmetric',
      status: 'PENDING',
      sub_status: 'Unknown',
      sub_status_message: 'Unknown',
      error_status_code: '500',
      error_reason: 'because',
      creator_id: 'u',
      secret_id: SECRET,
      container_id: CONTAINER,
      ...TIMES,
      row_mac: EVERY_BYTE.subarray(0, 40),
      meta: '{"name":"x"}',
    },
  ],
  order_tasks: [
    {
      order_id: ORDER,
      created_at: NOW,
      lease_until: '2999-01-01T00:00:00.000000',
      lease_owner: 'somebody',
      attempts: 3,
      sealed_input: EVERY_BYTE,
    },
  ],
  project_quotas: [
    { project_id: 'p', secrets: -1, orders: 0, containers: 7, consumers: 1, cas: 1, ...TIMES },
  ],
  secret_stores: [{ id: STORE, suffix: 'software', global_default: 1, ...TIMES }],
  preferred_secret_stores: [{ project_id: 'p', secret_store_id: STORE, ...TIMES }],
  transport_keys: [{ id: STORE, plugin_name: 'p', transport_key: 'key', ...TIMES }],
  shred_reports: [
    {
      project_id: 'gone',
      started_at: NOW,
      source: 'operator',
      noted_at: NOW,
      finished_at: NOW,
      destroyed_keys: EVERY_BYTE,
      secrets: 1,
      containers: 2,
      orders: 3,
      consumers: 4,
      secret_ids_digest: EVERY_BYTE.subarray(0, 32),
      report: EVERY_BYTE,
    },
    {
      project_id: 'going',
      started_at: NOW,
      destroyed_keys: EVERY_BYTE,
      secrets: 0,
      containers: 0,
      orders: 0,
      consumers: 0,
      secret_ids_digest: EVERY_BYTE.subarray(0, 32),
    },
  ],
  tombstones: [
    {
      kind: 'secret',
      id: ORDER,
      project_id: 'p',
      creator_id: 'u',
      created_at: NOW,
      deleted_at: NOW,
    },
  ],
}

/** The rows above, as a table of this schema holds them, plus `more` rows in `secrets` and their ACLs. */
export async function fillEveryTable(url: string, schema = LATEST, more = 0): Promise<void> {
  const connection = await openTables(url, 'write')
  await connection.begin('change')
  for (const { name, columns } of backupTables(schema) ?? []) {
    const writer = new TableWriter(connection, name, columns)
    for (const row of [...(ROWS[name] ?? []), ...moreRows(name, more)]) {
      await writer.add(columns.map((column) => row[column] ?? null))
    }
    await writer.flush()
  }
  await connection.commit()
  await connection.close()
}

/** Of these columns no row above holds anything. */
export function emptyColumns(): readonly string[] {
  return (backupTables(LATEST) ?? []).flatMap(({ name, columns }) =>
    columns
      .filter((column) => !(ROWS[name] ?? []).some((row) => (row[column] ?? null) !== null))
      .map((column) => `${name}.${column}`),
  )
}

function moreRows(table: string, count: number): readonly Row[] {
  const ids = Array.from({ length: count }, (_, i) => `${String(i).padStart(8, '0')}-more`)
  if (table === 'secrets') {
    return ids.map((id) => ({ id, project_id: 'p', secret_type: 'opaque', ...TIMES }))
  }
  if (table !== 'secret_acl_users') return []
  return ids.flatMap((id) => ['a', 'b'].map((user) => ({ secret_id: id, user_id: user })))
}
