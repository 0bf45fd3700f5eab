import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { type Check, error, type Finding, fine, warning } from './finding.ts'

const PATIENCE_MS = 5_000
const ALARMS = /^gatehouse_integrity_alarms_total\{([^}]*)\} (\d+)$/gm

const readiness = z.object({ ready: z.boolean(), checks: z.record(z.string(), z.string()) })

/** What a server on this machine says of itself on its admin listener. */
export const serverCheck: Check = {
  name: 'server',
  async look({ settings: { admin } }) {
    if (!admin.enabled) return [fine('cannot be asked: [admin] enabled is off')]
    const place = { host: admin.bind_host, port: admin.bind_port }
    let metrics: string
    let ready: z.infer<typeof readiness>
    try {
      metrics = await page(place, '/metrics')
      ready = readiness.parse(JSON.parse(await page(place, '/readyz')))
    } catch {
      return [fine(`none answers at ${place.host}:${place.port}`)]
    }
    const checks = Object.entries(ready.checks).filter(([, state]) => state !== 'ok')
    return [
      fine(`one answers at ${place.host}:${place.port}`),
      ...checks.map(([name, state]) => notReady(name, state, ready.ready)),
      ...alarmsIn(metrics),
    ]
  },
}

function notReady(name: string, state: string, isReady: boolean): Finding {
  const what = `The server says of its ${name}: ${state}`
  const todo = `Look into its log, and at the check of that name here.`
  return isReady ? warning(what, todo) : error(what, todo)
}

function alarmsIn(metrics: string): readonly Finding[] {
  const raised = [...metrics.matchAll(ALARMS)].filter(([, , count]) => count !== '0')
  if (raised.length === 0) return [fine('it raised no integrity alarm since it started')]
  return raised.map(([, labels, count]) =>
    error(
      `The server raised ${count} integrity alarms (${labels}): records are not as they were written.`,
      'Find them in its audit log and by `gatehouse verify`; docs/operations.md, Damaged records.',
    ),
  )
}

async function page(
  place: { readonly host: string; readonly port: number },
  path: string,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const signal = AbortSignal.timeout(PATIENCE_MS)
  // Whatever it says of itself, also with 503.
  request({ ...place, path, signal }, (answer) => text(answer).then(resolve, reject))
    .on('error', reject)
    .end()
  return promise
}
