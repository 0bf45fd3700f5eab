import type { Dialect } from '../dialect.ts'
import type { Statements } from '../statement.ts'
import {
  noteCertificateSurvey,
  noteCertificateWarning,
  removeOrphanedFacts,
} from './certificateCommands.ts'
import {
  insertContainer,
  removeContainer,
  replaceContainerAcl,
  replaceContainerMembers,
} from './containerCommands.ts'
import { addContainerConsumer, removeContainerConsumer } from './containerConsumerCommands.ts'
import {
  addKekCanary,
  establishDeployment,
  proveWritable,
  removeKekCanary,
  retireKekCanary,
} from './deploymentCommands.ts'
import { addJob, advanceJob, endJob, troubleJob, turnJob } from './jobCommands.ts'
import { beatLease, releaseLease, takeLease } from './leaseCommands.ts'
import { removeNode, reportNode } from './nodeCommands.ts'
import { placeOrder, removeOrder } from './orderCommands.ts'
import {
  claimOrderTask,
  freeOrderTask,
  releaseOrderTask,
  releaseOrderTasksOf,
  renewOrderLease,
  settleOrder,
} from './orderTaskCommands.ts'
import {
  claimProjectDeletion,
  deferProjectDeletion,
  freeProjectDeletion,
  keepProject,
  noteProjectDeletion,
  releaseProjectDeletionsOf,
} from './projectDeletionCommands.ts'
import { activateProjectKey, reserveDataKeyWraps } from './projectKeyCommands.ts'
import {
  claimKeystonePoll,
  endKeystonePoll,
  markProjectMissing,
  markProjectPresent,
} from './projectPollCommands.ts'
import { removeSecrets, removeTombstones } from './purgeCommands.ts'
import { removeProjectQuotas, setProjectQuotas } from './quotaCommands.ts'
import {
  destroyMarkedKeys,
  markProjectKeys,
  rewrapProjectKeys,
  rewrapRecords,
  unmarkProjectKeys,
} from './rotationCommands.ts'
import { insertSecret, removeSecret, replaceSecretAcl, storePayload } from './secretCommands.ts'
import { addSecretConsumer, removeSecretConsumer } from './secretConsumerCommands.ts'
import {
  addSecretMetadata,
  removeSecretMetadata,
  replaceSecretMetadata,
  setSecretMetadata,
} from './secretMetadataCommands.ts'
import {
  preferSecretStore,
  removeSecretStorePreference,
  synchronizeSecretStores,
} from './secretStoreCommands.ts'
import { destroyProjectKeys, shredProject } from './shredCommands.ts'
import { signShredReport } from './shredReportCommands.ts'
import { insertTransportKey, removeTransportKey } from './transportKeyCommands.ts'

/** Every change this database knows. A name and its arguments are all that travels to a writer. */
export const COMMANDS = {
  insertSecret,
  storePayload,
  replaceSecretAcl,
  removeSecret,
  replaceSecretMetadata,
  addSecretMetadata,
  setSecretMetadata,
  removeSecretMetadata,
  insertContainer,
  replaceContainerMembers,
  replaceContainerAcl,
  removeContainer,
  addContainerConsumer,
  removeContainerConsumer,
  addSecretConsumer,
  removeSecretConsumer,
  placeOrder,
  removeOrder,
  claimOrderTask,
  freeOrderTask,
  renewOrderLease,
  releaseOrderTask,
  releaseOrderTasksOf,
  settleOrder,
  noteCertificateWarning,
  noteCertificateSurvey,
  removeOrphanedFacts,
  setProjectQuotas,
  removeProjectQuotas,
  insertTransportKey,
  removeTransportKey,
  removeSecrets,
  removeTombstones,
  noteProjectDeletion,
  keepProject,
  claimProjectDeletion,
  deferProjectDeletion,
  freeProjectDeletion,
  releaseProjectDeletionsOf,
  destroyProjectKeys,
  shredProject,
  signShredReport,
  claimKeystonePoll,
  endKeystonePoll,
  markProjectMissing,
  markProjectPresent,
  activateProjectKey,
  reserveDataKeyWraps,
  establishDeployment,
  addKekCanary,
  retireKekCanary,
  removeKekCanary,
  synchronizeSecretStores,
  preferSecretStore,
  removeSecretStorePreference,
  takeLease,
  beatLease,
  releaseLease,
  proveWritable,
  addJob,
  advanceJob,
  troubleJob,
  endJob,
  turnJob,
  rewrapRecords,
  rewrapProjectKeys,
  markProjectKeys,
  destroyMarkedKeys,
  unmarkProjectKeys,
  reportNode,
  removeNode,
} as const

export type CommandName = keyof typeof COMMANDS

type AfterDialect<F> = F extends (dialect: Dialect, ...args: infer Args) => unknown ? Args : never
type ResultOf<F> = F extends (...args: never[]) => Statements<infer Result> ? Result : never

export type CommandArgs<Name extends CommandName> = AfterDialect<(typeof COMMANDS)[Name]>
export type CommandResult<Name extends CommandName> = ResultOf<(typeof COMMANDS)[Name]>

/** A command on its way. */
export type Command = {
  [Name in CommandName]: { readonly name: Name; readonly args: CommandArgs<Name> }
}[CommandName]

/** Which commands leave something behind in the log that must soon be overwritten (crypto-shredding). */
export const SHREDDING: ReadonlySet<CommandName> = new Set([
  'removeSecret',
  'removeSecrets',
  'destroyProjectKeys',
  'shredProject',
  'destroyMarkedKeys',
  'removeKekCanary',
  // A passphrase that waited with the task.
  'removeOrder',
  'settleOrder',
])

export function statementsOf(command: Command, dialect: Dialect): Statements<unknown> {
  // The table and the pair (name, args) come from one type; TypeScript cannot follow the pair.
  const write = COMMANDS[command.name] as (
    dialect: Dialect,
    ...args: readonly unknown[]
  ) => Statements<unknown>
  return write(dialect, ...command.args)
}
