import type { Twins } from '../twins.ts'

/** Refs of that many new secrets, which exist on both sides. */
export const freshSecrets = async (twins: Twins, count: number): Promise<readonly string[]> => {
  const refs: string[] = []
  for (let index = 0; index < count; index++) {
    const path = await twins.make('POST /v1/secrets', { json: { name: `member ${index}` } })
    refs.push(`${twins.base}${path}`)
  }
  return refs
}
