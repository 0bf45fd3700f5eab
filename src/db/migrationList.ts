import type { Knex } from 'knex'
import * as secretsAndOrders from '../../migrations/0001-secrets-and-orders.ts'
import * as containersAndTheRest from '../../migrations/0002-containers-and-the-rest.ts'
import * as projects from '../../migrations/0003-projects.ts'
import * as severalNodes from '../../migrations/0004-several-nodes.ts'
import * as certificateFacts from '../../migrations/0005-certificate-facts.ts'
import * as secretsByName from '../../migrations/0006-secrets-by-name.ts'
import * as rotation from '../../migrations/0007-rotation.ts'
import * as shredReports from '../../migrations/0008-shred-reports.ts'
import * as sparseIndexes from '../../migrations/0009-sparse-indexes.ts'

export interface NamedMigration extends Knex.Migration {
  readonly name: string
}

/** Every migration, oldest first. Imported by name, so that it is found from source and from dist alike. */
export const MIGRATIONS: readonly NamedMigration[] = [
  { name: '0001-secrets-and-orders', up: secretsAndOrders.up, down: secretsAndOrders.down },
  {
    name: '0002-containers-and-the-rest',
    up: containersAndTheRest.up,
    down: containersAndTheRest.down,
  },
  { name: '0003-projects', up: projects.up, down: projects.down },
  { name: '0004-several-nodes', up: severalNodes.up, down: severalNodes.down },
  { name: '0005-certificate-facts', up: certificateFacts.up, down: certificateFacts.down },
  { name: '0006-secrets-by-name', up: secretsByName.up, down: secretsByName.down },
  { name: '0007-rotation', up: rotation.up, down: rotation.down },
  { name: '0008-shred-reports', up: shredReports.up, down: shredReports.down },
  { name: '0009-sparse-indexes', up: sparseIndexes.up, down: sparseIndexes.down },
]
