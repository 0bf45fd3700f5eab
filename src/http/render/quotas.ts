import { z } from 'zod'
import type { QuotaResource } from '../../model/quota.ts'

const each = <T extends z.ZodType>(quota: T) =>
  z.object({ secrets: quota, orders: quota, containers: quota, consumers: quota, cas: quota })

export const quotasShown = z
  .object({ quotas: each(z.int()) })
  .meta({ id: 'Quotas', description: 'Negative: no limit.' })

export const projectQuotasShown = z
  .object({ project_quotas: each(z.int().nullable()) })
  .meta({ id: 'ProjectQuotas', description: 'null: not set, the configured one counts.' })

export const listedProjectQuotasShown = z
  .object({ project_id: z.string(), project_quotas: each(z.int().nullable()) })
  .meta({ id: 'ListedProjectQuotas' })

/** The five keys in the order of the wire (contract 07). */
export function renderQuotas(quotas: Readonly<Record<QuotaResource, number | null>>): object {
  const { secrets, orders, containers, consumers, cas } = quotas
  return { secrets, orders, containers, consumers, cas }
}
