import { randomUUID } from 'node:crypto'
import type { Brand } from './brand.ts'

/** Lower-case canonical UUIDv4, as clients see them in refs. */
export type SecretId = Brand<string, 'SecretId'>
export type OrderId = Brand<string, 'OrderId'>
export type ContainerId = Brand<string, 'ContainerId'>
export type ConsumerId = Brand<string, 'ConsumerId'>
export type SecretStoreId = Brand<string, 'SecretStoreId'>
export type TransportKeyId = Brand<string, 'TransportKeyId'>
/** Keystone's project id: opaque text of at most 255 characters. */
export type ProjectId = Brand<string, 'ProjectId'>

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** @returns undefined when the text is no canonical lower-case UUIDv4 (contract 00: those are 404) */
export function parseSecretId(text: string): SecretId | undefined {
  return UUID_V4.test(text) ? (text as SecretId) : undefined
}

export function newSecretId(): SecretId {
  return randomUUID() as SecretId
}

export function newOrderId(): OrderId {
  return randomUUID() as OrderId
}

/** @returns undefined when the text is no canonical lower-case UUIDv4, as for secrets */
export function parseOrderId(text: string): OrderId | undefined {
  return UUID_V4.test(text) ? (text as OrderId) : undefined
}

/** @returns undefined when the text is no canonical lower-case UUIDv4, as for secrets */
export function parseContainerId(text: string): ContainerId | undefined {
  return UUID_V4.test(text) ? (text as ContainerId) : undefined
}

export function newContainerId(): ContainerId {
  return randomUUID() as ContainerId
}

/** @returns undefined when the text is no canonical lower-case UUIDv4, as for secrets */
export function parseConsumerId(text: string): ConsumerId | undefined {
  return UUID_V4.test(text) ? (text as ConsumerId) : undefined
}

export function newConsumerId(): ConsumerId {
  return randomUUID() as ConsumerId
}

/** @returns undefined for what is no id of ours */
export function parseSecretStoreId(text: string): SecretStoreId | undefined {
  return UUID_V4.test(text) ? (text as SecretStoreId) : undefined
}

export function newSecretStoreId(): SecretStoreId {
  return randomUUID() as SecretStoreId
}

/** @returns undefined when the text is no canonical lower-case UUIDv4, as for secrets */
export function parseTransportKeyId(text: string): TransportKeyId | undefined {
  return UUID_V4.test(text) ? (text as TransportKeyId) : undefined
}

export function newTransportKeyId(): TransportKeyId {
  return randomUUID() as TransportKeyId
}
