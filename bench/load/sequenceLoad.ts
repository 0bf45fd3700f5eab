/*
 * wrk cannot send what depends on an answer: `node sequenceLoad.ts JOB CONNECTIONS SECONDS` takes the job's
 * sequences one after the other and round again, each on one connection, and prints one line of JSON.
 * A process of its own. Every sequence that was begun is finished, so that the server is left as it was.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { KeptConnection } from './keptConnection.ts'
import type { LoadJob, LoadResult, Sequence, SequenceStep } from './loadJob.ts'
import { rawRequest } from './rawRequest.ts'

const ASK_AGAIN_MS = 100

const [path = '', connections = '', seconds = ''] = process.argv.slice(2)
const job = JSON.parse(readFileSync(path, 'utf8')) as LoadJob
if (!('sequences' in job)) throw new Error('A job without sequences.')
const { origin } = job
const sequences = job.sequences.map((sequence) =>
  sequence.map((step) => ({ step, text: rawRequest(step, origin) })),
)
type Ready = (typeof sequences)[number]

const latencies: number[] = []
let begun = 0
let finished = 0
let firstError: string | undefined
const sinceMs = performance.now()
const untilMs = sinceMs + Number(seconds) * 1000

await Promise.all(Array.from({ length: Number(connections) }, () => work()))

const tookMs = performance.now() - sinceMs
const sorted = Float64Array.from(latencies).sort()
const result: LoadResult = {
  requests: latencies.length,
  sequences: finished,
  seconds: tookMs / 1000,
  p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
  p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  errors: firstError === undefined ? 0 : 1,
  ...(firstError === undefined ? {} : { firstError }),
}
process.stdout.write(`${JSON.stringify(result)}\n`)

/** One connection's worth, until the time is over or anything went wrong anywhere. */
async function work(): Promise<void> {
  const connection = await KeptConnection.open(origin)
  try {
    while (performance.now() < untilMs && firstError === undefined) {
      const next = sequences[begun++ % sequences.length]
      if (next === undefined) throw new Error('A job without sequences.')
      await walk(connection, next)
      finished += 1
    }
  } catch (error) {
    firstError ??= String(error)
  } finally {
    connection.close()
  }
}

async function walk(connection: KeptConnection, sequence: Ready): Promise<void> {
  const taken = new Map<string, string>()
  for (const { step, text } of sequence) {
    const request = [...taken].reduce((so, [name, value]) => so.replace(`{${name}}`, value), text)
    for (;;) {
      const sentMs = performance.now()
      const { status, body } = await connection.send(request)
      latencies.push(performance.now() - sentMs)
      if (status !== step.expects) throw new Error(said(step, `${status} ${body.toString('utf8')}`))
      if (step.takes === undefined && step.until === undefined) break
      const answer = JSON.parse(body.toString('utf8')) as Readonly<Record<string, unknown>>
      if (!isThere(step, answer)) {
        await delay(ASK_AGAIN_MS)
        continue
      }
      for (const [name, property] of Object.entries(step.takes ?? {})) {
        taken.set(name, lastPart(step, answer[property]))
      }
      break
    }
  }
}

function isThere(step: Sequence[number], answer: Readonly<Record<string, unknown>>): boolean {
  if (step.until === undefined) return true
  const { property, value } = step.until
  // What ended in ERROR stays there.
  if (answer[property] === 'ERROR') throw new Error(said(step, JSON.stringify(answer)))
  return answer[property] === value
}

function lastPart(step: SequenceStep, reference: unknown): string {
  if (typeof reference !== 'string') throw new Error(said(step, 'an answer without a reference'))
  return reference.slice(reference.lastIndexOf('/') + 1)
}

function said({ method, path: asked }: SequenceStep, what: string): string {
  return `${method} ${asked}: ${what.slice(0, 500)}`
}
