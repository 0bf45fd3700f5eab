import assert from 'node:assert/strict'
import type { ApiHammer } from './apiHammer.ts'
import type { CrashLedger } from './crashLedger.ts'

const ASKED_AT_ONCE = 16

export async function forEach(
  ids: readonly string[],
  work: (id: string) => Promise<void>,
): Promise<void> {
  const waiting = [...ids]
  const worker = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await work(id)
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, worker))
}

/** Every record of the ledger is in a state that was promised. */
export async function assertPromisesKept(
  ledger: CrashLedger,
  ids: readonly string[],
  api: ApiHammer,
  when: string,
): Promise<void> {
  await forEach(ids, async (id) => {
    const wrong = ledger.judge(id, await api.stateOf(id))
    assert.equal(wrong, undefined, `${when}: ${wrong}`)
  })
}

/** What nobody was told of may be there or not; what is there is whole. */
export async function assertNothingTorn(api: ApiHammer): Promise<void> {
  await forEach(await api.listed(), async (id) =>
    assert.match(await api.stateOf(id), /^([0-9a-f]{32}|empty)$/, id),
  )
}
