import type { Acl } from '../model/acl.ts'
import type { Container } from '../model/container.ts'
import type { Order } from '../model/order.ts'
import type { ProtectedRecord } from '../model/record.ts'
import type { Secret, SecretFacts } from '../model/secret.ts'
import { FieldWriter } from './fieldWriter.ts'

const NO_ACL = Uint8Array.of(0)
const ACL_FOR_USERS = Uint8Array.of(1)
const ACL_FOR_USERS_AND_PROJECT = Uint8Array.of(2)

/**
 * The bytes a row MAC covers (design 4, ADR 0001): all that stays as it was written, or changes only
 * together with the MAC. `updatedAt` is left out: consumers move it. Each answer is valid until the next.
 */
export class RowMacInput {
  readonly #writer = new FieldWriter()

  constructor(deploymentId: string) {
    this.#writer.text('gatehouse/row-mac/1').text(deploymentId).keepAsPrefix()
  }

  of(record: ProtectedRecord): Uint8Array {
    const writer = this.#writer
      .restart()
      .text(record.kind)
      .text(record.id)
      .text(record.projectId)
      .nullableText(record.creatorId)
      .text(record.createdAt)
    if (record.kind === 'secret') writeSecret(writer, record)
    else if (record.kind === 'container') writeContainer(writer, record)
    else writeOrder(writer, record)
    return writer.written()
  }
}

function writeSecret(writer: FieldWriter, secret: Secret | SecretFacts): void {
  writer
    .nullableText(secret.expiration)
    .nullableText(secret.name)
    .text(secret.secretType)
    .nullableText(secret.algorithm)
    .nullableInteger(secret.bitLength)
    .nullableText(secret.mode)
    .nullableText(secret.contentType)
  writeAcl(writer, secret.acl)
}

/** "No ACL" is a state like any other; users are a set, so they are put in order. */
function writeAcl(writer: FieldWriter, acl: Acl | null): void {
  if (acl === null) {
    writer.bytes(NO_ACL)
    return
  }
  writer
    .bytes(acl.projectAccess ? ACL_FOR_USERS_AND_PROJECT : ACL_FOR_USERS)
    .text(acl.createdAt)
    .text(acl.updatedAt)
    .count(acl.users.length)
  if (acl.users.length === 1) writer.text(acl.users[0] ?? '')
  else for (const user of inByteOrder(acl.users)) writer.bytes(user)
}

function inByteOrder(texts: readonly string[]): readonly Buffer[] {
  return texts.map((text) => Buffer.from(text, 'utf8')).sort(Buffer.compare)
}

/** Every member that is stored, also one whose secret is gone: deleting a secret touches no container. */
function writeContainer(writer: FieldWriter, container: Container): void {
  writer.text(container.type).nullableText(container.name).count(container.members.length)
  for (const { name, secretId } of container.members) writer.nullableText(name).text(secretId)
  writeAcl(writer, container.acl)
}

function writeOrder(writer: FieldWriter, order: Order): void {
  writer
    .text(order.type)
    // The text the database holds: stringify(parse(text)) gives it again.
    .text(JSON.stringify(order.meta))
    .text(order.status)
    .nullableText(order.subStatus)
    .nullableText(order.subStatusMessage)
    .nullableText(order.errorStatusCode)
    .nullableText(order.errorReason)
    .nullableText(order.secretId)
    .nullableText(order.containerId)
}
