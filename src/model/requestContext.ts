import type { ProjectId } from '../lib/ids.ts'

/** Who is calling, as identity established it. */
export interface Caller {
  readonly userId: string | null
  readonly projectId: ProjectId
  /** Role names in lower case: comparison ignores case (contract 00). */
  readonly roles: ReadonlySet<string>
  readonly domainId: string | null
  readonly userDomainId: string | null
  readonly projectDomainId: string | null
  /** How the caller was authenticated; for the audit line. */
  readonly strategy: 'keystone' | 'token' | 'noauth'
}

/** Minor numbers of key-manager 1.0, 1.1 and 1.2. */
export type Microversion = 0 | 1 | 2
export const LATEST_MICROVERSION: Microversion = 2

export interface RequestContext {
  /** `req-<uuid>`, ours; the inbound one is only recorded. */
  readonly requestId: string
  readonly globalRequestId: string | null
  readonly remoteAddress: string
  readonly caller: Caller
  readonly microversion: Microversion
}
