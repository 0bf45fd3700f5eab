import type { BackupTable } from './backupTables.ts'

interface TableHistory extends Pick<BackupTable, 'name' | 'key'> {
  /** The columns that each migration brought. */
  readonly since: Readonly<Record<string, readonly string[]>>
  readonly forgotten?: readonly string[]
}

const FIRST = '0001-secrets-and-orders'
const SECOND = '0002-containers-and-the-rest'
const THIRD = '0003-projects'
const FIFTH = '0005-certificate-facts'
const ROTATION = '0007-rotation'
const EIGHTH = '0008-shred-reports'

/**
 * Everything but what tablesLeftOut.ts names, and whoever is referred to comes first. The deployment id leads:
 * a server that starts on the database meanwhile waits for its row, and finds a deployment that is whole.
 */
export const HISTORY: readonly TableHistory[] = [
  {
    name: 'deployment',
    key: ['singleton'],
    since: { [FIRST]: ['singleton', 'deployment_id', 'created_at'] },
  },
  {
    name: 'kek_canaries',
    key: ['store', 'kek_id'],
    since: {
      [FIRST]: ['store', 'kek_id', 'wrapped', 'fingerprint', 'created_at'],
      [ROTATION]: ['retired_at'],
    },
  },
  {
    name: 'project_keys',
    key: ['id'],
    since: {
      [FIRST]: [
        'id',
        'project_id',
        'store',
        'term',
        'state',
        'kek_id',
        'wrapped',
        'commitment',
        'wraps_reserved',
        'created_at',
      ],
    },
  },
  {
    // What is deleted stays deleted; a poll that missed a project begins anew.
    name: 'projects',
    key: ['project_id'],
    since: {
      [THIRD]: [
        'project_id',
        'state',
        'first_keys',
        'source',
        'missing_since',
        'noted_at',
        'not_before',
        'finished_at',
        'lease_until',
        'lease_owner',
      ],
    },
    forgotten: ['lease_until', 'lease_owner'],
  },
  {
    name: 'secrets',
    key: ['id'],
    since: {
      [FIRST]: [
        'id',
        'project_id',
        'name',
        'name_folded',
        'secret_type',
        'algorithm',
        'algorithm_folded',
        'bit_length',
        'mode',
        'mode_folded',
        'expires_at',
        'creator_id',
        'content_type',
        'created_at',
        'updated_at',
        'acl_project_access',
        'acl_created_at',
        'acl_updated_at',
        'row_mac',
        'envelope',
      ],
    },
  },
  {
    name: 'secret_acl_users',
    key: ['secret_id', 'user_id'],
    since: { [FIRST]: ['secret_id', 'user_id'] },
  },
  {
    name: 'secret_metadata',
    key: ['secret_id', 'meta_key'],
    since: { [FIRST]: ['secret_id', 'meta_key', 'meta_value'] },
  },
  {
    name: 'secret_consumers',
    key: ['id'],
    since: {
      [SECOND]: [
        'id',
        'secret_id',
        'service',
        'resource_type',
        'resource_id',
        'project_id',
        'created_at',
        'updated_at',
        'digest',
      ],
    },
  },
  {
    name: 'certificate_facts',
    key: ['secret_id'],
    since: {
      [FIFTH]: [
        'secret_id',
        'project_id',
        'kind',
        'not_before',
        'not_after',
        'warn_at',
        'public_key',
        'chain',
        'own_key',
        'links',
      ],
    },
  },
  {
    name: 'containers',
    key: ['id'],
    since: {
      [SECOND]: [
        'id',
        'project_id',
        'container_type',
        'name',
        'name_folded',
        'creator_id',
        'created_at',
        'updated_at',
        'acl_project_access',
        'acl_created_at',
        'acl_updated_at',
        'row_mac',
      ],
    },
  },
  {
    name: 'container_secrets',
    key: ['container_id', 'position'],
    since: { [SECOND]: ['container_id', 'position', 'name', 'secret_id'] },
  },
  {
    name: 'container_acl_users',
    key: ['container_id', 'user_id'],
    since: { [SECOND]: ['container_id', 'user_id'] },
  },
  {
    name: 'container_consumers',
    key: ['id'],
    since: {
      [SECOND]: ['id', 'container_id', 'name', 'url', 'project_id', 'created_at', 'updated_at'],
    },
  },
  {
    name: 'orders',
    key: ['id'],
    since: {
      [FIRST]: [
        'id',
        'project_id',
        'order_type',
        'status',
        'sub_status',
        'sub_status_message',
        'error_status_code',
        'error_reason',
        'creator_id',
        'secret_id',
        'container_id',
        'created_at',
        'updated_at',
        'row_mac',
        'meta',
      ],
    },
  },
  {
    name: 'order_tasks',
    key: ['order_id'],
    since: {
      [SECOND]: [
        'order_id',
        'created_at',
        'lease_until',
        'lease_owner',
        'attempts',
        'sealed_input',
      ],
    },
    // Whoever holds a task works on the database that was copied: here it is free at once.
    forgotten: ['lease_until', 'lease_owner'],
  },
  {
    name: 'project_quotas',
    key: ['project_id'],
    since: {
      [SECOND]: [
        'project_id',
        'secrets',
        'orders',
        'containers',
        'consumers',
        'cas',
        'created_at',
        'updated_at',
      ],
    },
  },
  {
    name: 'secret_stores',
    key: ['id'],
    since: { [SECOND]: ['id', 'suffix', 'global_default', 'created_at', 'updated_at'] },
  },
  {
    name: 'preferred_secret_stores',
    key: ['project_id'],
    since: { [SECOND]: ['project_id', 'secret_store_id', 'created_at', 'updated_at'] },
  },
  {
    name: 'transport_keys',
    key: ['id'],
    since: { [SECOND]: ['id', 'plugin_name', 'transport_key', 'created_at', 'updated_at'] },
  },
  {
    name: 'shred_reports',
    key: ['project_id', 'started_at'],
    since: {
      [EIGHTH]: [
        'project_id',
        'started_at',
        'source',
        'noted_at',
        'finished_at',
        'destroyed_keys',
        'secrets',
        'containers',
        'orders',
        'consumers',
        'secret_ids_digest',
        'report',
      ],
    },
  },
  {
    name: 'tombstones',
    key: ['kind', 'id'],
    since: {
      [FIRST]: ['kind', 'id', 'project_id', 'creator_id', 'created_at', 'deleted_at'],
    },
  },
]
