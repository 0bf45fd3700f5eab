/*
 * Where wrk is not installed: `node autocannonLoad.ts JOB CONNECTIONS SECONDS` sends the job's requests
 * one after the other and round again, and prints one line of JSON. A process of its own.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { LoadJob, LoadRequest, LoadResult } from './loadJob.ts'

interface AutocannonResult {
  readonly requests: { readonly total: number }
  readonly duration: number
  readonly latency: { readonly p50: number; readonly p99: number }
  readonly errors: number
  readonly timeouts: number
  readonly non2xx: number
  readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>
}

interface AutocannonOptions {
  readonly url: string
  readonly connections: number
  readonly duration: number
  readonly requests: readonly { readonly setupRequest: () => LoadRequest }[]
}

// It brings no types.
const autocannon = createRequire(import.meta.url)('autocannon') as (
  options: AutocannonOptions,
) => Promise<AutocannonResult>

const [path = '', connections = '', seconds = ''] = process.argv.slice(2)
const job = JSON.parse(readFileSync(path, 'utf8')) as LoadJob
if (!('requests' in job)) throw new Error('A job without requests.')
const { origin, requests } = job
let sent = 0

const found = await autocannon({
  url: origin,
  connections: Number(connections),
  duration: Number(seconds),
  requests: [
    {
      setupRequest() {
        const request = requests[sent++ % requests.length]
        if (request === undefined) throw new Error('A job without requests.')
        return request
      },
    },
  ],
})
const refused = Object.entries(found.statusCodeStats)
  .filter(([status]) => Number(status) >= 400)
  .reduce((sum, [, { count }]) => sum + count, 0)
const result: LoadResult = {
  requests: found.requests.total,
  seconds: found.duration,
  p50Ms: found.latency.p50,
  p99Ms: found.latency.p99,
  errors: found.errors + found.timeouts + refused,
}
process.stdout.write(`${JSON.stringify(result)}\n`)
