import type { QuotaResource } from '../../model/quota.ts'

/** The five keys in the order of the wire (contract 07). */
export function renderQuotas(quotas: Readonly<Record<QuotaResource, number | null>>): object {
  const { secrets, orders, containers, consumers, cas } = quotas
  return { secrets, orders, containers, consumers, cas }
}
